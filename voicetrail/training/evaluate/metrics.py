"""Computes metrics from scores, for training, evaluation and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voicetrail.vocabulary import is_word

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipMetrics:
    """Metrics of clips."""

    accuracy: float
    """Part of the clips that are right, as the mean over the words."""
    by_word: dict[str, float]
    recall: float
    """Part of the clips that are right and reach ``threshold``, as the mean over the words."""
    recall_by_word: dict[str, float]
    threshold: float
    """The score that at most the part ``false_accepts`` of other clips reaches."""
    confusion: dict[str, dict[str, int]]
    """Number of clips, by true word and best label."""


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
        truth: the word of each clip; one that is not a label counts as another word.
        weight: of each clip, ``[clips]``, to balance the clips of other words.
        false_accepts: part of the other clips that may be accepted.
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
    """The score above which at most this part of the weight is."""
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
