"""How often each word would have been given out in the last minute, with the tuning of the moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from voicetrail.events import Scores
from voicetrail.play.tuning.tuner import Tuner
from voicetrail.spotting.word_counts import WordCounts

RECOUNT_S = 0.3
"""Time after the last change of tuning until the last minute is decided again."""


class WordRates:
    """Counts while the scores come.

    Args:
        tuner: knows the words and what decides.
        clock: seconds, never falling.
    """

    def __init__(self, tuner: Tuner, clock: Callable[[], float]) -> None:
        self._tuner = tuner
        self._clock = clock
        self._counts: WordCounts | None = None
        self._tuned_at = 0.0

    def begin(self, labels: Sequence[str]) -> None:
        """A recognizer with these labels begins."""
        if (detector := self._tuner.detector) is not None:
            self._counts = WordCounts(labels, detector)

    def add(self, scores: Scores) -> None:
        """Take the scores of a hop."""
        if self._counts is not None:
            self._counts.add(scores)

    def tuned(self) -> None:
        """A setting that decides was changed: it is counted once the keys have come to rest."""
        self._tuned_at = self._clock()

    def counts(self) -> dict[str, int] | None:
        """The count of each word; ``None`` while it is not known."""
        detector = self._tuner.detector
        if self._counts is None or detector is None or self._clock() - self._tuned_at < RECOUNT_S:
            return None
        self._counts.settings = detector
        counts = self._counts.counts()
        return {word: counts.get(word, 0) for word in self._tuner.words}
