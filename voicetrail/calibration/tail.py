"""How often a word would be taken by mistake at a threshold: in this room, and in speech.

The room's few seconds have to speak for an hour. The highest score of each second, as log-odds, is taken for a draw from a
Gumbel distribution (the limit law of maxima; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001,
chapter 3), whose tail gives the rate at any threshold. A handful of seconds says little about its width, so the width is
drawn towards one that was measured on hours of noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from voicetrail.log_odds import log_odds

BLOCK_S = 1.0
"""Length of the stretches whose highest score is taken, in s."""
WIDTH = 0.6
"""Width, in log-odds, of the maxima of one noise: what foretold seventy rooms of held-out noise best."""
WIDTH_WEIGHT = 16
"""How many seconds of room the measured width is worth."""
EULER = 0.5772156649
STEEP = 0.7
"""Without figures from the weights: how far, in log-odds, a threshold has to rise for false moves to fall to 1/e."""


@dataclass(frozen=True, slots=True)
class RoomTail:
    """The distribution of a word's highest score in a second of room."""

    location: float
    width: float

    @classmethod
    def fit(cls, scores: Sequence[float], hop: float) -> RoomTail | None:
        """Fit it to the smoothed scores of a stretch of room.

        Args:
            scores: hop by hop.
            hop: seconds between them.

        Returns:
            ``None`` when there are not two whole seconds.
        """
        size = max(1, round(BLOCK_S / hop))
        maxima = [log_odds(max(scores[start : start + size])) for start in range(0, len(scores) - size + 1, size)]
        if len(maxima) < 2:
            return None
        mean = sum(maxima) / len(maxima)
        spread = math.sqrt(sum((value - mean) ** 2 for value in maxima) / (len(maxima) - 1))
        measured = spread * math.sqrt(6.0) / math.pi
        width = (WIDTH * WIDTH_WEIGHT + measured * len(maxima)) / (WIDTH_WEIGHT + len(maxima))
        return cls(mean - EULER * width, width)

    def per_hour(self, threshold: float) -> float:
        """How often an hour of this room reaches a threshold."""
        distance = (log_odds(threshold) - self.location) / self.width
        return 3600.0 / BLOCK_S * -math.expm1(-math.exp(-max(distance, -50.0)))


@dataclass(frozen=True, slots=True)
class SpeechCurve:
    """False moves an hour of speech that holds no word, by threshold: measured with the weights, or assumed."""

    points: tuple[tuple[float, float], ...]
    """Threshold and false moves an hour, thresholds rising."""

    @classmethod
    def assumed(cls, shipped: float, per_hour: float) -> SpeechCurve:
        """A curve through what ships, for weights that bring no figures."""
        grid = [number / 50 for number in range(2, 50)]
        at = log_odds(shipped)
        return cls(tuple((threshold, per_hour * math.exp((at - log_odds(threshold)) / STEEP)) for threshold in grid))

    def per_hour(self, threshold: float) -> float:
        """False moves an hour at a threshold, between the points by straight lines; the ends hold beyond them."""
        before = self.points[0]
        if threshold <= before[0]:
            return before[1]
        for point in self.points[1:]:
            if threshold <= point[0]:
                part = (threshold - before[0]) / (point[0] - before[0])
                return before[1] + part * (point[1] - before[1])
            before = point
        return before[1]


def speech_curves(about: Mapping[str, object]) -> dict[str, SpeechCurve]:
    """The curves that weights bring in what they say about themselves, where they do.

    They stand under ``false_moves`` as ``{"thresholds": [0.1, …], "per_hour": {"up": [3.5, …], …}}``. What is not of that
    form is passed over: a weights file comes from outside.
    """
    given = about.get("false_moves")
    if not isinstance(given, Mapping):
        return {}
    thresholds, by_word = given.get("thresholds"), given.get("per_hour")
    if not _rising(thresholds) or not isinstance(by_word, Mapping):
        return {}
    return {
        str(word): SpeechCurve(tuple(zip(thresholds, rates, strict=True)))
        for word, rates in by_word.items()
        if isinstance(rates, list) and len(rates) == len(thresholds) and all(_is_number(rate) and rate >= 0 for rate in rates)
    }


def _rising(values: object) -> TypeGuard[list[float]]:
    return (
        isinstance(values, list)
        and len(values) > 1
        and all(_is_number(value) for value in values)
        and all(low < high for low, high in itertools.pairwise(values))
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
