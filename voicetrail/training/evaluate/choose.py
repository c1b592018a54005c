"""Chooses the detector's settings that ship: on the streams of one half of the validation speakers, never the judging one.

For each shift that talk gives the thresholds (``spotting.talk``), and then for each smoothing with the best of these, the lowest
threshold is taken at which all words together are given out no more often than allowed in speech that holds none of them; what then
hears the most words over all conditions is best.

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

SMOOTHINGS = (0.12, 0.16, 0.2, 0.24, 0.28)
"""In s. Shorter means were tried and heard less at as many false moves."""
TALK_SHIFTS = (0.0, 0.16, 0.32, 0.48, 0.64)
"""None, and 1 to 4 in log-odds."""
MIDDLE = 0.24
"""The smoothing with which the shift is chosen."""
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
    talk_shifts: Sequence[float] = TALK_SHIFTS,
) -> list[Choice]:
    """Find the best settings.

    Args:
        labels: of the recognizer.
        words: to choose a threshold for; others that the recognizer knows count for nothing.
        positive: streams with words, one a condition.
        negative: running speech and noise without any of the words.
        false_an_hour: false moves an hour that all words together are allowed in ``negative``.
        single: other words one after another, harder than any talk.
        false_among_words: the same allowance in ``single``.
        smoothings: to try.
        talk_shifts: to try.

    Returns:
        A choice a combination tried, the best first; of equal ones that with the smaller shift.
    """
    hits, wrong, among = (
        [replace(item, hops=near_words(item.hops, labels, words)) for item in heard] for heard in (positive, negative, single)
    )

    def chosen(smoothing: float, talk_shift: float) -> Choice:
        tried = DetectorSettings(smoothing=smoothing, talk_shift=talk_shift)
        allowed = _lowest(labels, words, tried, wrong, false_an_hour)
        threshold = max(allowed, _lowest(labels, words, tried, among, false_among_words))
        settings = _with(tried, words, threshold)
        right = _measure(labels, words, settings, hits)
        return Choice(settings, right.heard, _measure(labels, words, settings, wrong).false_an_hour, right.latency(50))

    middle = MIDDLE if MIDDLE in smoothings else smoothings[0]
    choices = [chosen(middle, talk_shift) for talk_shift in talk_shifts]
    talk_shift = _best(choices)[0].settings.talk_shift
    choices += [chosen(smoothing, talk_shift) for smoothing in smoothings if smoothing != middle]
    best, *others = _best(choices)
    moves = false_moves(labels, words, best.settings, negative)
    return [replace(best, false_moves=moves), *others]


def _best(choices: Sequence[Choice]) -> list[Choice]:
    return sorted(choices, key=lambda choice: (-choice.heard, choice.settings.talk_shift))


def _lowest(
    labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard], allowed: float
) -> float:
    """The lowest threshold from which on no more is given out than allowed; the highest, if it is too much at all of them."""
    lowest = HIGHEST
    for threshold in reversed(GRID):
        if _measure(labels, words, _with(settings, words, threshold), heard).false_an_hour > allowed:
            break
        lowest = threshold
    return lowest


def _with(settings: DetectorSettings, words: Sequence[str], threshold: float) -> DetectorSettings:
    return replace(settings, threshold=threshold, thresholds=dict.fromkeys(words, threshold))


def _measure(labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    decided = ((item.stream, decide(item.hops, labels, settings)) for item in heard)
    return measure((stream, [event for event in events if event.word in words]) for stream, events in decided)
