"""The effective values, typed, and the rules that decide which place wins.

From the weakest to the strongest: default, settings file, profile, keys of earlier sessions (the state file), environment,
flag, keys of this session. Keys of earlier sessions count as part of the written settings. Keys of this session override
everything, because a key press must have an effect.

Two rules cover words and presets:

- A threshold for all words, given in a stronger place, overrides the thresholds of single words from weaker places.
- The values of a preset count as given in the place that names the preset, below the other values of that place. Only the strongest
  place that names a preset counts; presets of weaker places are not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast

from voicetrail.detector_settings import BOUNDS, DetectorSettings
from voicetrail.log_odds import shift_in_log_odds
from voicetrail.settings.schema import SETTINGS, SHIPPED, Value

Auto: TypeAlias = Literal["auto"]
Shipped: TypeAlias = Literal["shipped"]
Movement: TypeAlias = Literal["step", "glide"]

FINEST = 0.01
"""Step of a threshold."""


@dataclass(frozen=True, slots=True)
class SettingValues:
    """The value of every setting. ``schema.SETTINGS`` describes each of them; a test checks that both have the same names."""

    source: str
    device: str
    gain: float | Auto
    vocabulary: str
    weights: str
    threshold: float | Shipped
    thresholds: Mapping[str, float]
    threshold_shift: float
    refractory: float | Shipped
    smoothing: float | Shipped
    margin: float | Shipped
    talk_shift: float | Shipped
    step: int
    movement: Movement
    glide_speed: float
    glide_silence: float
    push_to_talk: bool
    push_to_talk_time: float
    ascii: bool
    slow_connection: bool
    record: bool
    record_audio: bool
    record_scores: bool
    preset: str
    theme: str
    grid: bool
    reduced_motion: bool
    spectrogram: bool
    pause_after: float
    pause_after_sketch: float
    tutorial: bool

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> SettingValues:
        """Make the record from values by name, each checked by its setting; missing values have their defaults."""
        return cls(**cast(dict[str, Any], {**DEFAULTS, **values}))

    @property
    def recognizer(self) -> str:
        """Name or path of the weights to load."""
        return self.weights or self.vocabulary

    @property
    def input_device(self) -> str | None:
        """The chosen microphone; ``None`` for the system's default."""
        return self.device or None

    def detector_settings(self, shipped: DetectorSettings) -> DetectorSettings:
        """The detector's settings; values that are ``shipped`` come from the weights.

        ``threshold_shift`` shifts only shipped thresholds, not those that were set explicitly.

        Args:
            shipped: the values that come with the weights.
        """
        low, high = SETTINGS["threshold"].range or (0.0, 1.0)

        def shifted(threshold: float) -> float:
            if self.threshold_shift == 0:
                return threshold
            return min(max(shift_threshold(threshold, self.threshold_shift), low), high)

        if self.threshold == SHIPPED:
            threshold = shifted(shipped.threshold)
            thresholds = {word: shifted(value) for word, value in shipped.thresholds.items()}
        else:
            threshold, thresholds = self.threshold, {}
        changed = {name: getattr(self, name) for name in BOUNDS if name != "threshold" and getattr(self, name) != SHIPPED}
        return replace(shipped, threshold=threshold, thresholds=MappingProxyType({**thresholds, **self.thresholds}), **changed)


DEFAULTS: Mapping[str, Value] = MappingProxyType({name: setting.default for name, setting in SETTINGS.items()})
"""The defaults."""


def shift_threshold(threshold: float, shift: float) -> float:
    """Shift a threshold in log-odds, so that a high threshold approaches 1 but never reaches it.

    Scores never reach 1: with a plain shift of 0.08, a word with a shipped threshold of 0.9 would never be detected (0.98), while at
    0.4 the shift would make little difference.
    """
    return round(shift_in_log_odds(threshold, shift, FINEST), 2)


Origin = Literal["default", "preset", "file", "profile", "key", "environment", "flag"]
"""Where a value came from."""
ORDER: tuple[Origin, ...] = ("default", "file", "profile", "key", "environment", "flag", "key")
"""The places from the weakest to the strongest; the first ``key`` means earlier sessions, the second this one."""


@dataclass(slots=True)
class Layer:
    """The values of one place."""

    origin: Origin
    entries: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The effective values, and the origin of each."""

    values: Mapping[str, Value]
    origins: Mapping[str, Origin]
    word_origins: Mapping[str, Origin]
    """The origin of the threshold of each single word."""


def resolve(layers: Sequence[Layer], load_preset: Callable[[str], Mapping[str, Value]]) -> Resolved:
    """Combine the places, the weakest first.

    Args:
        layers: the places above the defaults, which this function adds.
        load_preset: returns the values of a preset by its name.
    """
    values = dict(DEFAULTS)
    origins: dict[str, Origin] = dict.fromkeys(SETTINGS, "default")
    words: dict[str, float] = {}
    word_origins: dict[str, Origin] = {}

    def lay(entries: Mapping[str, Value], origin: Origin) -> None:
        if "threshold" in entries:
            words.clear()
            word_origins.clear()
            origins["thresholds"] = "default"
        for name, value in entries.items():
            if isinstance(value, Mapping):
                words.update(value)
                word_origins.update(dict.fromkeys(value, origin))
                if value:
                    origins[name] = origin
            else:
                values[name], origins[name] = value, origin

    deciding = max((index for index, layer in enumerate(layers) if "preset" in layer.entries), default=-1)
    for index, layer in enumerate(layers):
        if index == deciding:
            lay(load_preset(str(layer.entries["preset"])), "preset")
        lay(layer.entries, layer.origin)
    values["thresholds"] = MappingProxyType(dict(sorted(words.items())))
    return Resolved(MappingProxyType(values), MappingProxyType(origins), MappingProxyType(word_origins))
