"""What undo and redo of a drawing need: chains of strokes, which copies of a round share."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.game.inputs import By
from voicetrail.game.tally import Tally
from voicetrail.game.trail import Stroke

UNDO_DEPTH = 10_000
"""Strokes that could be taken back by the rules of version 1; since then there is no limit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stroke or a clear in the history."""

    name: str
    stroke: Stroke
    tally: Tally
    """The counts before it."""
    by: By
    below: Entry | None


@dataclass(frozen=True, slots=True)
class Undone:
    """An entry that was taken back, and how to do it again."""

    entry: Entry
    again: Stroke
    tally: Tally
    """The counts with it."""
    below: Undone | None
