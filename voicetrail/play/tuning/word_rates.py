"""How often each word would have been detected in the last minute with the current tuning."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from voicetrail.events import Scores
from voicetrail.play.tuning.tuner import Tuner
from voicetrail.spotting.word_counts import WordCounts

RECOUNT_S = 0.3
"""Time from the last change of tuning to a new count, in s."""


class WordRates:
    """Counts detections as scores arrive.

    Args:
        tuner: knows the words and the detector settings.
        clock: monotonic, in s.
    """

    def __init__(self, tuner: Tuner, clock: Callable[[], float]) -> None:
        self._tuner = tuner
        self._clock = clock
        self._counts: WordCounts | None = None
        self._tuned_at = 0.0

    def begin(self, labels: Sequence[str]) -> None:
        """Start with a recognizer with these labels."""
        if (detector := self._tuner.detector) is not None:
            self._counts = WordCounts(labels, detector)

    def add(self, scores: Scores) -> None:
        """Add the scores of a hop."""
        if self._counts is not None:
            self._counts.add(scores)

    def tuned(self) -> None:
        """Count again after a change of tuning, once no more keys are pressed."""
        self._tuned_at = self._clock()

    def counts(self) -> dict[str, int] | None:
        """Return the count of each word; ``None`` while it is unknown."""
        detector = self._tuner.detector
        if self._counts is None or detector is None or self._clock() - self._tuned_at < RECOUNT_S:
            return None
        self._counts.settings = detector
        counts = self._counts.counts()
        return {word: counts.get(word, 0) for word in self._tuner.words}
