"""Chooses the shipped detector settings, on streams of the choosing half of the validation speakers.

First for each talk shift (``spotting.talk``), then for each smoothing time with the best shift, it takes the lowest threshold with no
more false moves than allowed in running speech, in sound without speech, among single words and beside the target words. The best
settings are those that then detect the most words over all conditions.

All words get the same threshold. The data contain only about a dozen false moves, one or two per word, and separate thresholds would
overfit them: chosen on one part of the choosing half and tested on the other, they made 12 false moves per hour where 5 were allowed.
Regularized until they made 5, they detected 85.5 % of the words, and a single threshold 86.9 % (``weights/EXPERIMENTS.md``).
Calibration gives each word its own threshold, for a player's voice and room.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard, StreamMetrics, decide, measure, near_words
from voicetrail.training.evaluate.operating import false_moves

SMOOTHINGS = (0.16, 0.2, 0.24)
"""In s. Shorter smoothing times detected fewer words at the same number of false moves."""
TALK_SHIFTS = (0.32, 0.48, 0.64)
"""2 to 4 in log-odds. Without a shift, there were four times as many false moves."""
FILTERED_SMOOTHINGS = (0.04,)
"""For filtered scores (``spotting.score_filter``), in s: each hop alone, for the filter itself looks back. A mean of two hops detects
0.2 points more at equally many false moves, 25 ms later."""
FILTERED_TALK_SHIFTS = (0.0, 0.16, 0.32)
"""For filtered scores: the filter itself takes running speech into account."""
MIDDLE = 0.2
"""The smoothing time for choosing the shift, in s; the first one, where it is not among those to try."""
LOWEST, HIGHEST = 0.3, 0.96
STEP = 0.02
GRID = tuple(round(LOWEST + STEP * step, 2) for step in range(round((HIGHEST - LOWEST) / STEP) + 1))
"""The thresholds to try."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings, and their results on the choosing half."""

    settings: DetectorSettings
    heard: float
    false_an_hour: float
    latency: float
    """Median latency in s."""
    false_moves: Mapping[str, object] = field(default_factory=dict)
    """False moves by word and threshold with these settings (``operating.false_moves``); only for the best choice."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Streams, and the allowed number of false moves per hour in them, over all words."""

    heard: Sequence[Heard]
    false_an_hour: float


def choose(
    labels: Sequence[str],
    words: Sequence[str],
    positive: Sequence[Heard],
    allowed: Sequence[Allowed],
    smoothings: Sequence[float] = SMOOTHINGS,
    talk_shifts: Sequence[float] = TALK_SHIFTS,
) -> list[Choice]:
    """Find the best settings.

    Args:
        labels: of the recognizer.
        words: the words to choose a threshold for; other words are ignored.
        positive: streams with words, one per condition.
        allowed: streams for counting false moves, with the allowed numbers; the first must be running speech, which calibration uses.
        smoothings: smoothing times to try.
        talk_shifts: talk shifts to try.

    Returns:
        The choices, best first; of equal ones, that with the smaller shift first.
    """
    hits = _near(positive, labels, words)
    limits = [replace(kind, heard=_near(kind.heard, labels, words)) for kind in allowed]

    def chosen(smoothing: float, talk_shift: float) -> Choice:
        tried = DetectorSettings(smoothing=smoothing, talk_shift=talk_shift)
        threshold = LOWEST
        for kind in limits:
            threshold = _lowest(labels, words, tried, kind, threshold)
        settings = _with(tried, words, threshold)
        right = _measure(labels, words, settings, hits)
        false = _measure(labels, words, settings, limits[0].heard)
        return Choice(settings, right.heard, false.false_an_hour, right.latency(50))

    middle = MIDDLE if MIDDLE in smoothings else smoothings[0]
    choices = [chosen(middle, talk_shift) for talk_shift in talk_shifts]
    talk_shift = _best(choices)[0].settings.talk_shift
    choices += [chosen(smoothing, talk_shift) for smoothing in smoothings if smoothing != middle]
    best, *others = _best(choices)
    moves = false_moves(labels, words, best.settings, allowed[0].heard)
    return [replace(best, false_moves=moves), *others]


def _near(heard: Sequence[Heard], labels: Sequence[str], words: Sequence[str]) -> list[Heard]:
    return [replace(item, hops=near_words(item.hops, labels, words)) for item in heard]


def _best(choices: Sequence[Choice]) -> list[Choice]:
    return sorted(choices, key=lambda choice: (-choice.heard, choice.settings.talk_shift))


def _lowest(labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, kind: Allowed, least: float) -> float:
    """The lowest threshold of at least ``least`` at which the false moves stay within the limit; the highest if there is none.

    The search halves the range at each step, because to try one threshold takes long with a large vocabulary. It assumes
    that a higher threshold never makes more false moves.
    """

    def within(threshold: float) -> bool:
        return _measure(labels, words, _with(settings, words, threshold), kind.heard).false_an_hour <= kind.false_an_hour

    thresholds = [threshold for threshold in GRID if threshold >= least]
    found = bisect_left(thresholds, True, key=within)
    return thresholds[found] if found < len(thresholds) else HIGHEST


def _with(settings: DetectorSettings, words: Sequence[str], threshold: float) -> DetectorSettings:
    return replace(settings, threshold=threshold, thresholds=dict.fromkeys(words, threshold))


def _measure(labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    decided = ((item.stream, decide(item.hops, labels, settings)) for item in heard)
    return measure((stream, [event for event in events if event.word in words]) for stream, events in decided)
