"""The rate of false detections of a word at a threshold, in the room and in speech.

A few seconds of the room are extrapolated to an hour. The maximum score of each second, as log-odds, is modeled by a Gumbel
distribution (the limit distribution of maxima; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001,
chapter 3), whose tail gives the rate at any threshold. A few seconds determine its width only roughly, so the width is shrunk
toward a value that was measured on hours of noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from voicetrail.log_odds import log_odds

BLOCK_S = 1.0
"""Length of a block, of which the maximum score is taken, in s."""
WIDTH = 0.6
"""Prior width of the maxima, in log-odds: the best prediction for seventy rooms of held-out noise."""
WIDTH_WEIGHT = 16
"""Weight of the prior width, in blocks."""
EULER = 0.5772156649
STEEP = 0.7
"""Assumed increase of a threshold, in log-odds, that reduces false moves to 1/e, for weights without measured curves."""


@dataclass(frozen=True, slots=True)
class RoomTail:
    """The Gumbel distribution of a word's maximum score per block of the room."""

    location: float
    width: float

    @classmethod
    def fit(cls, scores: Sequence[float], hop: float) -> RoomTail | None:
        """Fit the distribution to the smoothed scores of the room.

        Args:
            scores: the score of each hop.
            hop: length of a hop, in s.

        Returns:
            The distribution; ``None`` with fewer than two full blocks.
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
        """Return how often the room reaches a threshold per hour."""
        distance = (log_odds(threshold) - self.location) / self.width
        return 3600.0 / BLOCK_S * -math.expm1(-math.exp(-max(distance, -50.0)))


@dataclass(frozen=True, slots=True)
class SpeechCurve:
    """False moves per hour of speech without command words, by threshold: measured with the weights, or assumed."""

    points: tuple[tuple[float, float], ...]
    """Pairs (threshold, false moves per hour), with increasing thresholds."""

    @classmethod
    def assumed(cls, shipped: float, per_hour: float) -> SpeechCurve:
        """Make a curve through the shipped threshold, for weights without measured curves."""
        grid = [number / 50 for number in range(2, 50)]
        at = log_odds(shipped)
        return cls(tuple((threshold, per_hour * math.exp((at - log_odds(threshold)) / STEEP)) for threshold in grid))

    def per_hour(self, threshold: float) -> float:
        """Return the false moves per hour at a threshold, by linear interpolation; constant beyond the ends."""
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
    """Return the measured curves in the metadata of weights, if there are any.

    The key ``false_moves`` has the form ``{"thresholds": [0.1, …], "per_hour": {"up": [3.5, …], …}}``. Data of another form are
    ignored, because a weights file may come from anywhere.
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
