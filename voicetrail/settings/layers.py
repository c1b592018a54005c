"""Which value of a setting holds when several places give one.

From the weakest to the strongest: default, settings file, profile, keys of earlier sessions (the state file), environment,
flag, keys of this session. It is the order that every tool uses, with what a player pressed before as a part of the written
settings, and what a player presses now on top of everything, since a key has to do something.

Two rules make words and presets fit in:

- A threshold for all words, given in a stronger place, ends the single words' thresholds of weaker places.
- A preset counts as if its values stood in the place that names it, under what else that place gives. The strongest place that
  names one decides; presets of weaker places are not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from voicetrail.settings.schema import SETTINGS, Value

Origin = Literal["default", "preset", "file", "profile", "key", "environment", "flag"]
"""Where a value came from."""
ORDER: tuple[Origin, ...] = ("default", "file", "profile", "key", "environment", "flag", "key")
"""The places from the weakest to the strongest; the first ``key`` is of earlier sessions, the second of this one."""


@dataclass(slots=True)
class Layer:
    """The values that one place gives."""

    origin: Origin
    entries: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The values that hold, with where each came from."""

    values: Mapping[str, Value]
    origins: Mapping[str, Origin]
    word_origins: Mapping[str, Origin]
    """Where the threshold of each single word came from."""


def resolve(layers: Sequence[Layer], load_preset: Callable[[str], Mapping[str, Value]]) -> Resolved:
    """Lay the places over each other, the weakest first.

    Args:
        layers: places below the defaults are none: the defaults are laid first by this function.
        load_preset: gives a preset's values by its name.
    """
    values: dict[str, Value] = {name: setting.default for name, setting in SETTINGS.items() if name != "thresholds"}
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
