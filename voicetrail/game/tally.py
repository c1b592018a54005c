"""Counts of a drawing: words, key presses, length, undone strokes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicetrail.game.inputs import By


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of the current drawing; undone strokes are subtracted."""

    words: int = 0
    """Strokes drawn by voice."""
    presses: int = 0
    """Strokes drawn by keys."""
    length: int = 0
    """Length of all strokes, in steps."""
    undone: int = 0
    """Strokes that were undone."""

    def stroke(self, by: By) -> Tally:
        """Return the counts with one more stroke."""
        return replace(self, words=self.words + (by == "voice"), presses=self.presses + (by == "key"))

    def longer(self, steps: int) -> Tally:
        """Return the counts with more steps drawn."""
        return replace(self, length=self.length + steps) if steps else self

    def cleared(self) -> Tally:
        """Return the counts of an empty drawing; only the number of undone strokes stays."""
        return Tally(undone=self.undone)

    @property
    def strokes(self) -> int:
        """Strokes drawn by voice or keys."""
        return self.words + self.presses
