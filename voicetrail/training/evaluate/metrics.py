"""Figures of merit from scores: plain arithmetic over numpy arrays, the same for training, evaluation and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voicetrail.vocabulary import is_word

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipMetrics:
    """How well clips are told apart."""

    accuracy: float
    """Words right, the mean over the words (so that a word with many clips counts no more than one with few)."""
    by_word: dict[str, float]
    recall: float
    """Words right by a score that at most ``false_accepts`` of the other clips reach."""
    recall_by_word: dict[str, float]
    threshold: float
    """That score."""
    confusion: dict[str, dict[str, int]]
    """True word to the best label, counts."""


def measure_clips(
    scores: Scores,
    labels: Sequence[str],
    truth: Sequence[str],
    weight: npt.NDArray[np.float64] | None = None,
    false_accepts: float = 0.01,
) -> ClipMetrics:
    """Measure clips.

    Args:
        scores: posteriors ``[clips, labels]``.
        labels: the order of the columns.
        truth: the word of each clip; one that is no label counts as another word.
        weight: of each clip among the others, ``[clips]``, for a balance that the clips themselves have not.
        false_accepts: part of the other clips that may be taken for a word.
    """
    words = [label for label in labels if is_word(label)]
    columns = [labels.index(word) for word in words]
    best = np.argmax(scores, axis=1)
    best_word = np.argmax(scores[:, columns], axis=1)
    word_score = scores[np.arange(len(scores)), np.array(columns)[best_word]]
    target = np.array([words.index(word) if word in words else -1 for word in truth])
    weights = np.ones(len(scores)) if weight is None else weight
    other = target < 0
    threshold = _threshold(word_score[other], weights[other], false_accepts)
    hit = (best_word == target) & (word_score > threshold)
    by_word, recall_by_word = {}, {}
    for index, word in enumerate(words):
        rows = target == index
        if rows.any():
            by_word[word] = float(np.mean(best[rows] == columns[index]))
            recall_by_word[word] = float(np.mean(hit[rows]))
    confusion: dict[str, dict[str, int]] = {}
    for row, word in enumerate(truth):
        given = confusion.setdefault(word, {})
        label = labels[int(best[row])]
        given[label] = given.get(label, 0) + 1
    return ClipMetrics(_mean(by_word), by_word, _mean(recall_by_word), recall_by_word, threshold, confusion)


def _mean(values: dict[str, float]) -> float:
    return float(np.mean(list(values.values()))) if values else 0.0


def _threshold(scores: Scores, weights: npt.NDArray[np.float64], part: float) -> float:
    """The score that at most this part of the weight lies above."""
    if not len(scores):
        return 0.0
    order = np.argsort(-scores)
    above = np.cumsum(weights[order]) / weights.sum()
    first_too_many = int(np.searchsorted(above, part, side="right"))
    return float(scores[order[min(first_too_many, len(order) - 1)]])


def det_curve(scores: Scores, labels: Sequence[str], truth: Sequence[str]) -> list[tuple[float, float, float]]:
    """Detection error trade-off: ``(threshold, false accept rate, miss rate)`` for thresholds from 0.01 to 0.99."""
    words = [label for label in labels if is_word(label)]
    columns = [labels.index(word) for word in words]
    best_word = np.argmax(scores[:, columns], axis=1)
    word_score = scores[:, columns].max(axis=1)
    target = np.array([words.index(word) if word in words else -1 for word in truth])
    other = target < 0
    rows = []
    for threshold in np.linspace(0.01, 0.99, 99):
        accepted = word_score > threshold
        false = float(np.mean(accepted[other])) if other.any() else 0.0
        missed = 1.0 - float(np.mean((accepted & (best_word == target))[~other])) if (~other).any() else 0.0
        rows.append((float(threshold), false, missed))
    return rows
