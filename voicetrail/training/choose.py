"""Chooses the threshold and the smoothing that ship: on the streams of one half of the validation speakers, never the judging one.

For each smoothing, the lowest threshold is taken at which all words together are given out no more often than allowed in speech that
holds none of them; the smoothing that then hears the most words over all conditions is best.

All words get the same threshold. There are only some dozen false moves to choose by, one or two of a word, and a threshold for each
word learns those by heart: chosen on one part of the choosing half and tried on the other, they made 12 false moves an hour where 5
were allowed, and where they were drawn towards each other until they kept to 5, they heard 85.5 % where one threshold heard 86.9 %
(``weights/EXPERIMENTS.md``). Calibration is where a word gets a threshold of its own, by a player's voice and room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.measure import Heard, StreamMetrics, decide, lively, measure
from voicetrail.training.operating import false_moves

SMOOTHINGS = (0.12, 0.16, 0.2, 0.24, 0.28)
"""In s. Shorter means were tried and heard less at as many false moves."""
LOWEST, HIGHEST = 0.3, 0.96
STEP = 0.01
GRID = tuple(round(LOWEST + STEP * step, 2) for step in range(round((HIGHEST - LOWEST) / STEP) + 1))
"""The thresholds tried."""


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
    false_an_hour: float,
    single: Sequence[Heard] = (),
    false_among_words: float = 60.0,
    smoothings: Sequence[float] = SMOOTHINGS,
) -> list[Choice]:
    """Find the best settings for each smoothing.

    Args:
        labels: of the recogniser.
        words: to choose a threshold for.
        positive: streams with words, one a condition.
        negative: running speech and noise without any of the words.
        false_an_hour: false moves an hour that all words together are allowed in ``negative``.
        single: other words one after another, harder than any talk.
        false_among_words: the same allowance in ``single``.
        smoothings: to try.

    Returns:
        A choice a smoothing, the best first.
    """
    hits, wrong, among = (
        [replace(item, hops=lively(item.hops, labels, words)) for item in heard] for heard in (positive, negative, single)
    )
    choices = []
    for smoothing in smoothings:
        allowed = _lowest(labels, words, smoothing, wrong, false_an_hour)
        threshold = max(allowed, _lowest(labels, words, smoothing, among, false_among_words))
        settings = _settings(words, smoothing, threshold)
        right = _measure(labels, settings, hits)
        false = _measure(labels, settings, wrong).false_an_hour
        choices.append(Choice(settings, right.heard, false, right.latency(50)))
    best, *others = sorted(choices, key=lambda choice: -choice.heard)
    moves = false_moves(labels, words, best.settings, negative)
    return [replace(best, false_moves=moves), *others]


def _lowest(labels: Sequence[str], words: Sequence[str], smoothing: float, heard: Sequence[Heard], allowed: float) -> float:
    """The lowest threshold from which on no more is given out than allowed; the highest, if it is too much at all of them."""
    lowest = HIGHEST
    for threshold in reversed(GRID):
        if _measure(labels, _settings(words, smoothing, threshold), heard).false_an_hour > allowed:
            break
        lowest = threshold
    return lowest


def _settings(words: Sequence[str], smoothing: float, threshold: float) -> DetectorSettings:
    return DetectorSettings(threshold=threshold, thresholds=dict.fromkeys(words, threshold), smoothing=smoothing)


def _measure(labels: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    return measure((item.stream, decide(item.hops, labels, settings)) for item in heard)
