"""The settings that decide when scores become a detection: one record, with its bounds and its conversions.

Weights, replay files, the network protocol, the settings and the flags all use ``BOUNDS``. To add a detector setting, add a field here
and use it in ``spotting.detector``. To let players change it, add its help to ``settings.schema`` and its type to ``settings.values``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

MAX_WORDS = 256
"""Most thresholds of single words."""
MAX_WORD_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a detector setting."""

    low: float
    high: float
    """Lowest and highest value, both allowed."""
    default: float
    unit: str = ""
    added_later: bool = False
    """Files of earlier versions do not contain the setting, and mean the default."""

    def check(self, name: str, value: object) -> float:
        """Check a value from outside, and return it as a number.

        Raises:
            ValueError: it is not a number, or out of range; the message names the setting and its range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ValueError(f"{name} is not a number from {self.low:g} to {self.high:g}{unit}")
        return float(value)


def _number(default: float, low: float, high: float, unit: str = "", *, added_later: bool = False) -> float:
    number: float = field(default=default, metadata={"bounds": Bounds(low, high, default, unit, added_later)})
    return number


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Thresholds and times of the detector. Replace the whole record to change one while playing."""

    threshold: float = _number(0.75, 0.05, 1.0)
    """Smoothed score that a word needs, unless ``thresholds`` has a value for it."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Threshold of single words; each within the bounds of ``threshold``."""
    smoothing: float = _number(0.12, 0.0, 1.0, "s")
    """Smoothing time: how long posteriors are averaged, in s; 0 uses each hop alone."""
    refractory: float = _number(0.5, 0.0, 3.0, "s")
    """Refractory time: how long after a detection the same word is not detected again, in s."""
    margin: float = _number(0.1, 0.0, 0.9)
    """How far a word's smoothed score must be ahead of every other word's."""
    talk_shift: float = _number(0.0, 0.0, 0.8, added_later=True)
    """How far running speech raises every threshold at most (``spotting.talk.raise_threshold``)."""

    def threshold_of(self, word: str) -> float:
        """The threshold of a word."""
        return self.thresholds.get(word, self.threshold)

    def to_dict(self) -> dict[str, object]:
        """As plain values by name, as in weights, replays and the network protocol."""
        return {"thresholds": dict(self.thresholds)} | {name: getattr(self, name) for name in BOUNDS}

    @classmethod
    def from_dict(cls, values: object) -> DetectorSettings:
        """Read the values that ``to_dict`` returned. Names from a later version are ignored.

        Raises:
            ValueError: a value is missing, not a number, or out of range.
        """
        if not isinstance(values, Mapping):
            raise ValueError("the detector settings are not a table")
        thresholds = values.get("thresholds", {})
        if not isinstance(thresholds, Mapping) or len(thresholds) > MAX_WORDS:
            raise ValueError("thresholds is not a table of words")
        for word in thresholds:
            if not isinstance(word, str) or len(word) > MAX_WORD_LENGTH:
                raise ValueError("thresholds contains a name that is not a word")
        of_words = {word: BOUNDS["threshold"].check("a word's threshold", value) for word, value in thresholds.items()}
        numbers = {
            name: bounds.default if bounds.added_later and name not in values else bounds.check(name, values.get(name))
            for name, bounds in BOUNDS.items()
        }
        return cls(thresholds=of_words, **numbers)


BOUNDS: Mapping[str, Bounds] = MappingProxyType(
    {each.name: each.metadata["bounds"] for each in fields(DetectorSettings) if "bounds" in each.metadata}
)
"""Every detector setting that is a number, by its name."""
