"""What the recognizer makes of words that the player tries."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.events import Scores, WordHeard, WordRejected
from voicetrail.play.listening.updates import Update

LAST_S = 1.0
"""How long a word that was given out stays lit, in s."""


class Trial:
    """Scores and words since the set is in use."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = {}
        self.heard: dict[str, int] = {}
        """How often each was given out."""
        self.last = ""
        """The word that was given out a moment ago."""
        self._until = 0.0

    def take(self, item: Update, labels: Sequence[str], now: float) -> None:
        """Take note of what the worker sent. Over a round words are held back, but they were heard."""
        if isinstance(item, Scores):
            self.scores = dict(zip(labels, item.smoothed, strict=False))
        elif isinstance(item, WordHeard) or (isinstance(item, WordRejected) and item.reason == "muted"):
            self.heard[item.word] = self.heard.get(item.word, 0) + 1
            self.last, self._until = item.word, now + LAST_S

    def pass_time(self, now: float) -> None:
        """A word does not stay lit."""
        if self.last and now >= self._until:
            self.last = ""
