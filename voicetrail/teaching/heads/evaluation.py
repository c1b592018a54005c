"""Evaluates a head on held-out data: accuracy, confusions, false moves per hour, ROC.

The evaluation is a cross-validation: each take and negative is scored by a head that was not trained on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]

ALLOWED_AN_HOUR = 3.0
"""Most false moves per hour of running speech that a new set of words may make."""
TALK_GUARD = 2.5
"""False moves in a stream, after smoothing and the talk shift, per event among single held-out windows. Sets of four words made 27
false moves per hour of books, by readers held out of all training, where the windows had predicted 10: the windows are 0.2 s apart and
by readers who also contribute to the centers, while a stream is scored every 0.04 s (``python -m bench.teaching_streams``)."""
LOWEST = 0.3
"""No threshold is lower: the score of a word that is not said would not fall far enough below it."""
TAIL = 12
"""Number of highest events to which the exponential tail is fitted, for rates that are too low to count."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Scores of held-out data, for all taught words."""

    words: tuple[str, ...]
    takes: Scores
    """Scores of each held-out take as recorded, ``[takes, words]``."""
    truth: npt.NDArray[np.int64]
    """Index of the word of each take."""
    talk: Scores
    """Highest score of any word in each window of running speech, in the order of the recordings, ``[windows]``."""
    talk_seconds: float
    """Length of that speech, in s."""
    noise: Scores
    """The same for noise, one window per second, ``[seconds]``."""
    others: Scores
    """The same for clips of other words, ``[clips]``."""
    room: Scores
    """The same for the player's room, ``[windows]``; empty if it was not recorded."""

    @property
    def accuracy(self) -> float:
        """Part of the takes for which their own word has the highest score."""
        return float(np.mean(self.takes.argmax(1) == self.truth)) if len(self.truth) else math.nan

    def heard(self, threshold: float) -> float:
        """Part of the takes that are right and reach a threshold."""
        if not len(self.truth):
            return math.nan
        return float(np.mean((self.takes.argmax(1) == self.truth) & (self.takes.max(1) >= threshold)))

    def heard_at_one_percent(self) -> float:
        """Part of the takes that are right and reach the score that 1 % of other words and noises reach."""
        negative = np.concatenate((self.others, self.noise))
        return self.heard(float(np.quantile(negative, 0.99))) if len(negative) else math.nan

    def confusion(self) -> npt.NDArray[np.int64]:
        """Number of takes, by word (rows) and by the word with the highest score (columns)."""
        table = np.zeros((len(self.words), len(self.words)), dtype=np.int64)
        np.add.at(table, (self.truth, self.takes.argmax(1)), 1)
        return table

    def false_moves_an_hour(self, threshold: float) -> float:
        """Expected false moves per hour of running speech at a threshold, after smoothing and the talk shift."""
        if not self.talk_seconds:
            return math.nan
        return TALK_GUARD * expected_events(self.talk, threshold) / self.talk_seconds * 3600


def events(scores: Scores) -> Scores:
    """The local maxima of a sequence of window scores, in descending order: each would be one detection."""
    if len(scores) < 3:
        return np.sort(scores)[::-1]
    inner = scores[1:-1]
    peak = (inner >= scores[:-2]) & (inner > scores[2:])
    return np.sort(inner[peak])[::-1]


def expected_events(scores: Scores, threshold: float) -> float:
    """Estimate how many events reach a threshold: by counting, or beyond the ``TAIL`` highest events, with an exponential tail.

    In log-odds, peaks over a high threshold are approximately exponential, so rates that are too low to count can be extrapolated
    (Pickands 1975, with shape 0; ``calibration.tail`` does the same).
    """
    peaks = events(scores)
    if not len(peaks):
        return 0.0
    x = _log_odds(np.asarray(peaks))
    at = float(_log_odds(np.asarray([threshold]))[0])
    count = int((x >= at).sum())
    if count >= TAIL or len(x) <= TAIL:
        return float(count)
    base = float(x[TAIL])
    scale = max(0.2, float(np.mean(x[:TAIL] - base)))
    return TAIL * math.exp(-max(0.0, at - base) / scale)


def _log_odds(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))


def threshold_for(held_out: HeldOut, allowed_an_hour: float = ALLOWED_AN_HOUR, lowest: float = LOWEST) -> float:
    """The lowest threshold with at most ``allowed_an_hour`` false moves per hour of running speech, noise and the room together."""
    low = np.geomspace(lowest, LOWEST, 60)[:-1] if lowest < LOWEST else np.zeros(0)
    grid = np.concatenate((low, np.arange(LOWEST, 0.98, 0.01), 1 - np.geomspace(0.02, 1e-5, 40)))
    for threshold in grid.tolist():
        rate = held_out.false_moves_an_hour(threshold) if len(held_out.talk) else 0.0
        rate += expected_events(held_out.noise, threshold) / len(held_out.noise) * 360 if len(held_out.noise) else 0.0
        if rate <= allowed_an_hour and (not len(held_out.room) or float(held_out.room.max()) < threshold):
            return float(threshold)
    return float(grid[-1])


@dataclass(frozen=True, slots=True)
class RocPoint:
    """One point of a ROC curve."""

    threshold: float
    heard: float
    """Part of the takes that are right and reach the threshold."""
    false_accepts: float
    """Part of other words and noises that reach the threshold."""
    false_an_hour: float
    """False moves per hour of running speech."""

    @property
    def missed(self) -> float:
        """Part of the takes that are wrong or do not reach the threshold."""
        return 1.0 - self.heard


def roc(held_out: HeldOut, points: int = 50) -> tuple[tuple[RocPoint, ...], float]:
    """The ROC curve, from the highest threshold down, and the area under it (accepted takes over accepted negatives)."""
    negative = np.concatenate((held_out.others, held_out.noise))
    every = np.unique(np.concatenate((negative, held_out.takes.max(1) if len(held_out.takes) else negative)))
    at = np.quantile(every, np.linspace(1, 0, points)) if len(every) else np.zeros(0)
    curve = tuple(
        RocPoint(
            float(t),
            held_out.heard(float(t)),
            float(np.mean(negative >= t)) if len(negative) else math.nan,
            held_out.false_moves_an_hour(float(t)),
        )
        for t in at
    )
    own = held_out.takes.max(1) if len(held_out.takes) else np.zeros(0)
    if not len(own) or not len(negative):
        return curve, math.nan
    ranks = np.searchsorted(np.sort(negative), own, "left") + np.searchsorted(np.sort(negative), own, "right")
    return curve, float(np.mean(ranks) / 2 / len(negative))


def advice(held_out: HeldOut, threshold: float, counts: Mapping[str, int], known: Sequence[str] = ()) -> tuple[str, ...]:
    """Advice for the player, the most important first, as whole sentences.

    Args:
        held_out: scores of the held-out takes.
        threshold: the score that a word needs.
        counts: number of takes by word.
        known: words of the shipped recognizer that sound like a taught word.
    """
    lines = []
    table = held_out.confusion()
    for a, word in enumerate(held_out.words):
        wrong = table[a].copy()
        wrong[a] = 0
        if wrong.sum() * 5 >= max(1, table[a].sum()):
            other = held_out.words[int(wrong.argmax())]
            lines.append(f"{word} is taken for {other}: choose another word for one of them, or record more takes of both.")
    for a, word in enumerate(held_out.words):
        rows = held_out.truth == a
        if not rows.any():
            continue
        missed = float(np.mean((held_out.takes[rows].argmax(1) == a) & (held_out.takes[rows].max(1) < threshold)))
        if missed >= 0.3:
            lines.append(f"{word} often stays below its threshold: record more takes of it, or choose a longer word.")
    for word, count in counts.items():
        if count < 5:
            lines.append(f"{word} has only {count} takes: with five or more it is recognized more reliably.")
    lines += [f"One of your words sounds like {word}, which other people may say near the microphone." for word in known]
    return tuple(lines)
