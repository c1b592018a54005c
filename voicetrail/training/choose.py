"""Chooses the thresholds and the smoothing that ship: on the streams of one half of the validation speakers, never the judging one.

For each smoothing, a word's threshold is the lowest at which the word alone gives at most the allowed false moves an hour; the
smoothing that then hears the most words over all conditions is taken. Thresholds lie between ``LOWEST`` and ``HIGHEST``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.measure import Heard, StreamMetrics, decide, lively, measure
from voicetrail.training.operating import false_moves

SMOOTHINGS = (0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28)
LOWEST, HIGHEST = 0.3, 0.98
STEP = 0.01


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings, and what they gave on the choosing half."""

    settings: DetectorSettings
    heard: float
    false_an_hour: float
    latency: float
    """Median in s."""
    false_moves: Mapping[str, object] = field(default_factory=dict)
    """False moves by word and threshold with these settings (``operating.false_moves``); of the best choice alone."""


def choose(
    labels: Sequence[str],
    words: Sequence[str],
    positive: Sequence[Heard],
    negative: Sequence[Heard],
    false_an_hour: float = 4.0,
    single: Sequence[Heard] = (),
    false_among_words: float = 20.0,
    smoothings: Sequence[float] = SMOOTHINGS,
) -> list[Choice]:
    """Find the best settings for each smoothing.

    Args:
        labels: of the recogniser.
        words: to choose thresholds for.
        positive: streams with words, one a condition.
        negative: running speech and noise without any of the words.
        false_an_hour: allowed of each word in ``negative``.
        single: other words one after another, harder than any talk.
        false_among_words: allowed of each word an hour in ``single``.
        smoothings: to try.

    Returns:
        A choice a smoothing, the best first.
    """
    positive = [replace(item, hops=lively(item.hops, labels)) for item in positive]
    negative = [replace(item, hops=lively(item.hops, labels)) for item in negative]
    single = [replace(item, hops=lively(item.hops, labels)) for item in single]
    choices = []
    for smoothing in smoothings:
        base = DetectorSettings(smoothing=smoothing)
        thresholds = {
            word: max(
                _lowest(labels, word, base, negative, false_an_hour), _lowest(labels, word, base, single, false_among_words)
            )
            for word in words
        }
        settings = replace(base, threshold=round(float(np.median(list(thresholds.values()))), 2), thresholds=thresholds)
        hits = _measure(labels, settings, positive)
        wrong = _measure(labels, settings, negative)
        choices.append(Choice(settings, hits.heard, wrong.false_an_hour, hits.latency(50)))
    best, *others = sorted(choices, key=lambda choice: -choice.heard)
    return [replace(best, false_moves=false_moves(labels, words, best.settings, negative)), *others]


def _measure(labels: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    return measure((item.stream, decide(item.hops, labels, settings)) for item in heard)


def _lowest(labels: Sequence[str], word: str, base: DetectorSettings, negative: Sequence[Heard], share: float) -> float:
    """The lowest threshold of a word that keeps to what is allowed; the false moves fall as it rises, nearly always."""
    low, high = 0, round((HIGHEST - LOWEST) / STEP)
    never = dict.fromkeys(labels, 2.0)
    while low < high:
        middle = (low + high) // 2
        settings = replace(base, thresholds={**never, word: LOWEST + STEP * middle})
        if _measure(labels, settings, negative).false_an_hour <= share:
            high = middle
        else:
            low = middle + 1
    return round(LOWEST + STEP * low, 2)
