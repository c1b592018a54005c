"""Chooses the detector's settings that ship: on the streams of one half of the validation speakers, never the judging one.

For each shift that talk gives the thresholds (``spotting.talk``), and then for each smoothing with the best of these, the lowest
threshold is taken at which all words together are given out no more often than allowed in running speech, in sound without speech,
among single words and beside the words that are meant; what then hears the most words over all conditions is best.

All words get the same threshold. There are only some dozen false moves to choose by, one or two of a word, and a threshold for each
word learns those by heart: chosen on one part of the choosing half and tried on the other, they made 12 false moves an hour where 5
were allowed, and where they were drawn towards each other until they kept to 5, they heard 85.5 % where one threshold heard 86.9 %
(``weights/EXPERIMENTS.md``). Calibration is where a word gets a threshold of its own, by a player's voice and room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.evaluate.measure import Heard, StreamMetrics, decide, measure, near_words
from voicetrail.training.evaluate.operating import false_moves

SMOOTHINGS = (0.16, 0.2, 0.24)
"""In s. Shorter means were tried and heard less at as many false moves."""
TALK_SHIFTS = (0.32, 0.48, 0.64)
"""2 to 4 in log-odds; without a shift, there were four times as many false moves."""
MIDDLE = 0.2
"""The smoothing with which the shift is chosen."""
LOWEST, HIGHEST = 0.3, 0.96
STEP = 0.02
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


@dataclass(frozen=True, slots=True)
class Allowed:
    """Streams, and how often an hour all words together may be given out in them where nobody said them."""

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
        words: to choose a threshold for; others that the recognizer knows count for nothing.
        positive: streams with words, one a condition.
        allowed: what false moves are counted in, each kind with how many are allowed; the first is running speech, which a calibration
            weighs thresholds by.
        smoothings: to try.
        talk_shifts: to try.

    Returns:
        A choice a combination tried, the best first; of equal ones that with the smaller shift.
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
    """The lowest threshold, ``least`` or more, from which on no more is given out than allowed; the highest, if it is always more."""
    lowest = HIGHEST
    for threshold in reversed([threshold for threshold in GRID if threshold >= least]):
        if _measure(labels, words, _with(settings, words, threshold), kind.heard).false_an_hour > kind.false_an_hour:
            break
        lowest = threshold
    return lowest


def _with(settings: DetectorSettings, words: Sequence[str], threshold: float) -> DetectorSettings:
    return replace(settings, threshold=threshold, thresholds=dict.fromkeys(words, threshold))


def _measure(labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    decided = ((item.stream, decide(item.hops, labels, settings)) for item in heard)
    return measure((stream, [event for event in events if event.word in words]) for stream, events in decided)
