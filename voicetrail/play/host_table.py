"""The table of the day on a host, for its visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicetrail.scores.shared.client import HostTable
    from voicetrail.scores.shared.table import DayTable
    from voicetrail.scores.store import ScoreStore


def host_of(scores: ScoreStore | None) -> HostTable | None:
    """Return the shared scores of the host in a visitor's game; ``None`` in other games."""
    return None if scores is None else scores.host


def standing(table: DayTable | None) -> str:
    """Return the visitor's place today: ``today here: 3 of 12``; empty if nobody has finished today's maze yet."""
    if table is None or not table.finished:
        return ""
    place = f"{table.own.place} of " if table.own is not None else ""
    return f"today here: {place}{table.finished}"
