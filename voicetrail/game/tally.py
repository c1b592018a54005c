"""Score keeping: what a drawing took."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicetrail.game.inputs import By


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the drawing as it stands; undo takes its stroke out of them."""

    words: int = 0
    """Strokes drawn by voice."""
    presses: int = 0
    """Strokes drawn by keys."""
    length: int = 0
    """Steps drawn."""
    undone: int = 0
    """Strokes that were taken back in this session."""

    def stroke(self, by: By) -> Tally:
        """One more stroke."""
        return replace(self, words=self.words + (by == "voice"), presses=self.presses + (by == "key"))

    def longer(self, steps: int) -> Tally:
        """More steps drawn."""
        return replace(self, length=self.length + steps) if steps else self

    def cleared(self) -> Tally:
        """An empty drawing; what was undone stays counted."""
        return Tally(undone=self.undone)

    @property
    def strokes(self) -> int:
        """Strokes drawn by voice or keys."""
        return self.words + self.presses
