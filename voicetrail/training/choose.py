"""Chooses the thresholds and the smoothing that ship: on the streams of one half of the validation speakers, never the judging one.

False moves are an allowance that the words share, for a player minds how often the pen goes astray and not by which word. For each
smoothing, every word alone is tried at a row of thresholds; then one price is set on a false move, and each word takes the threshold
at which the words missed and the price of its false moves cost least together. The lowest price that keeps to the allowance gives the
thresholds: a word that would gain much by a low threshold gets more of the allowance than one that would gain nothing. The
smoothing that then hears the most words over all conditions is taken.

There are only some dozen false moves to choose by, and one phrase in the recordings can be most of a word's. What a word's threshold
costs is therefore counted half by its own false moves and half by the mean of all words' at that threshold (``COMMON``), which draws
the thresholds towards each other, as James and Stein's estimate does with means (1961).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.training.measure import Heard, StreamMetrics, decide, lively, measure
from voicetrail.training.operating import NEVER, false_moves

SMOOTHINGS = (0.12, 0.16, 0.2, 0.24, 0.28)
"""In s. Shorter means were tried and heard less at as many false moves."""
LOWEST, HIGHEST = 0.3, 0.96
STEP = 0.03
GRID = tuple(round(LOWEST + STEP * step, 2) for step in range(round((HIGHEST - LOWEST) / STEP) + 1))
"""The thresholds tried."""
COMMON = 0.5
"""Part of a word's false moves that is taken from the mean of all words."""
PRICES = (0.0, *np.geomspace(1e-4, 10.0, 60))
"""Of the whole allowance, in words missed (a part of one word's)."""


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
class Curve:
    """A word alone, at each threshold of ``GRID``."""

    missed: npt.NDArray[np.float64]
    """Part of its words."""
    running: npt.NDArray[np.float64]
    """False moves an hour in running speech and noise."""
    single: npt.NDArray[np.float64]
    """The same among single other words."""


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
        words: to choose thresholds for.
        positive: streams with words, one a condition.
        negative: running speech and noise without any of the words.
        false_an_hour: false moves an hour that all words together are allowed in ``negative``.
        single: other words one after another, harder than any talk.
        false_among_words: the same allowance in ``single``.
        smoothings: to try.

    Returns:
        A choice a smoothing, the best first.
    """
    alone = {word: _alone(labels, word, positive, negative, single) for word in words}
    choices = []
    for smoothing in smoothings:
        base = DetectorSettings(smoothing=smoothing)
        curves = {word: _curve(labels, word, base, heard) for word, heard in alone.items()}
        thresholds = share_out(curves, false_an_hour, false_among_words)
        settings = replace(base, threshold=round(float(np.median(list(thresholds.values()))), 2), thresholds=thresholds)
        hits = _measure(labels, words, settings, positive)
        wrong = _measure(labels, words, settings, negative)
        choices.append(Choice(settings, hits.heard, wrong.false_an_hour, hits.latency(50)))
    best, *others = sorted(choices, key=lambda choice: -choice.heard)
    return [replace(best, false_moves=false_moves(labels, words, best.settings, negative)), *others]


def share_out(curves: Mapping[str, Curve], false_an_hour: float, false_among_words: float) -> dict[str, float]:
    """Give each word the threshold that hears the most for its part of the allowance.

    Args:
        curves: of each word.
        false_an_hour: allowed of all words in running speech.
        false_among_words: allowed of all words among single ones.
    """
    grid = np.array(GRID)
    curves = _drawn_together(curves)
    for price in PRICES:
        picked = {}
        for word, curve in curves.items():
            cost = curve.missed + price * (curve.running / false_an_hour + curve.single / false_among_words)
            # Of thresholds that cost the same the middle one: as far from what would be missed as from what would be wrong. The
            # highest, if something is wrong at all of them.
            same = np.flatnonzero(cost <= cost.min() + 1e-9)
            wrong = curve.running[same].any() or curve.single[same].any()
            picked[word] = int(same[-1] if wrong else np.median(same))
        running = sum(curves[word].running[at] for word, at in picked.items())
        single = sum(curves[word].single[at] for word, at in picked.items())
        if running <= false_an_hour and single <= false_among_words:
            break
    return {word: float(grid[at]) for word, at in picked.items()}


def _drawn_together(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """The curves with false moves that are ``COMMON`` in part. Together the words have as many as before at equal thresholds."""
    running = np.mean([curve.running for curve in curves.values()], axis=0)
    single = np.mean([curve.single for curve in curves.values()], axis=0)
    return {
        word: replace(
            curve,
            running=(1 - COMMON) * curve.running + COMMON * running,
            single=(1 - COMMON) * curve.single + COMMON * single,
        )
        for word, curve in curves.items()
    }


Sets = tuple[Sequence[Heard], Sequence[Heard], Sequence[Heard]]
"""Streams with words, running speech without, and single other words."""


def _alone(
    labels: Sequence[str], word: str, positive: Sequence[Heard], negative: Sequence[Heard], single: Sequence[Heard]
) -> Sets:
    """The streams as far as one word is concerned: what is said of it, and the hops at which it may be given out."""
    own = [replace(item.stream, spoken=tuple(s for s in item.stream.spoken if s.word == word)) for item in positive]
    hits = [replace(item, stream=stream) for item, stream in zip(positive, own, strict=True)]
    first, second, third = (
        [replace(item, hops=lively(item.hops, labels, (word,))) for item in heard] for heard in (hits, negative, single)
    )
    return first, second, third


def _curve(labels: Sequence[str], word: str, base: DetectorSettings, heard: Sets) -> Curve:
    """Measure a word alone."""
    never = dict.fromkeys(labels, NEVER)
    rows = []
    for threshold in GRID:
        settings = replace(base, thresholds={**never, word: threshold})
        found = [measure((item.stream, decide(item.hops, labels, settings)) for item in items) for items in heard]
        rows.append((1 - found[0].heard, found[1].false_an_hour, found[2].false_an_hour))
    missed, running, among = np.array(rows).T
    return Curve(missed, running, among)


def _measure(labels: Sequence[str], words: Sequence[str], settings: DetectorSettings, heard: Sequence[Heard]) -> StreamMetrics:
    return measure((item.stream, decide(lively(item.hops, labels, words), labels, settings)) for item in heard)
