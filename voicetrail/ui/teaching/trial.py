"""Scores and detections while the player tries a new set."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.events import Scores, WordHeard, WordRejected
from voicetrail.play.listening.updates import Update

LAST_S = 1.0
"""Time for which a detected word stays lit, in s."""


class Trial:
    """Scores and detections since the set is in use."""

    def __init__(self) -> None:
        self.scores: dict[str, float] = {}
        self.heard: dict[str, int] = {}
        """Number of detections by word."""
        self.last = ""
        """The word that was detected last, while it is lit."""
        self._until = 0.0

    def take(self, item: Update, labels: Sequence[str], now: float) -> None:
        """Process an update of the worker. Words that a round ignores count too."""
        if isinstance(item, Scores):
            self.scores = dict(zip(labels, item.smoothed, strict=False))
        elif isinstance(item, WordHeard) or (isinstance(item, WordRejected) and item.reason == "muted"):
            self.heard[item.word] = self.heard.get(item.word, 0) + 1
            self.last, self._until = item.word, now + LAST_S

    def pass_time(self, now: float) -> None:
        """Let the lit word go out after some time."""
        if self.last and now >= self._until:
            self.last = ""
