"""The history for undo and redo: linked lists of strokes, which copies of a round share."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.game.inputs import By
from voicetrail.game.tally import Tally
from voicetrail.game.trail import Stroke

UNDO_DEPTH = 10_000
"""Strokes that can be undone in version 1 of the rules; later versions have no limit."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A stroke or a clear in the history."""

    name: str
    stroke: Stroke
    tally: Tally
    """The counts before this entry."""
    by: By
    previous: HistoryEntry | None


@dataclass(frozen=True, slots=True)
class UndoneEntry:
    """An entry that was undone, with the data to redo it."""

    entry: HistoryEntry
    redo_stroke: Stroke
    tally: Tally
    """The counts with this entry."""
    previous: UndoneEntry | None
