"""What decides when scores are a word: one record, one table of bounds, one conversion each way.

Weights, replay files, the network protocol, the settings and the flags all go by ``BOUNDS``. To add a detector setting, add a field
here and use it in ``spotting.detector``; for players, add its help to ``settings.schema`` and its type to ``settings.values``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

MAX_WORDS = 256
"""Thresholds of single words that are taken."""
MAX_WORD_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values that a detector setting may have."""

    low: float
    high: float
    """Both are allowed."""
    default: float
    unit: str = ""
    added_later: bool = False
    """Files of earlier versions have none; they mean the default."""

    def check(self, name: str, value: object) -> float:
        """A value that came from outside, as a number.

        Raises:
            ValueError: it is none, or out of bounds; the message says which setting and what it takes.
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
    """Smoothed score a word needs where ``thresholds`` has none for it."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Threshold of single words; each within the bounds of ``threshold``."""
    smoothing: float = _number(0.12, 0.0, 1.0, "s")
    """Time over which posteriors are averaged; 0 takes each hop as it is."""
    refractory: float = _number(0.5, 0.0, 3.0, "s")
    """Time after a word in which the same word is not given again."""
    margin: float = _number(0.1, 0.0, 0.9)
    """How far a word's smoothed score must be ahead of every other word's."""
    talk_shift: float = _number(0.0, 0.0, 0.8, added_later=True)
    """How far running speech moves every threshold up at most (``spotting.talk.raise_threshold``)."""

    def threshold_of(self, word: str) -> float:
        """The threshold that holds for a word."""
        return self.thresholds.get(word, self.threshold)

    def to_dict(self) -> dict[str, object]:
        """As plain values by their names: what weights, replays and the network protocol hold."""
        return {"thresholds": dict(self.thresholds)} | {name: getattr(self, name) for name in BOUNDS}

    @classmethod
    def from_dict(cls, values: object) -> DetectorSettings:
        """Read what ``to_dict`` gave. Names of a later version are passed over.

        Raises:
            ValueError: a value is missing, no number, or out of bounds.
        """
        if not isinstance(values, Mapping):
            raise ValueError("no detector settings")
        thresholds = values.get("thresholds", {})
        if not isinstance(thresholds, Mapping) or len(thresholds) > MAX_WORDS:
            raise ValueError("thresholds is no table of words")
        for word in thresholds:
            if not isinstance(word, str) or len(word) > MAX_WORD_LENGTH:
                raise ValueError("thresholds has something that is no word")
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
