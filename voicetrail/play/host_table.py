"""The table of the day on a host, for its visitors: which day, and where the visitor stands, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicetrail.scores.shared.client import HostTable
    from voicetrail.scores.shared.table import DayTable
    from voicetrail.scores.store import ScoreStore


def host_of(scores: ScoreStore | None) -> HostTable | None:
    """The scores of the host that this game is a visitor of; ``None`` where it is none's."""
    return None if scores is None else scores.host


def standing(table: DayTable | None) -> str:
    """Where the visitor stands today: ``today here: 3 of 12``; empty where nobody has finished the maze of the day yet."""
    if table is None or not table.finished:
        return ""
    place = f"{table.own.place} of " if table.own is not None else ""
    return f"today here: {place}{table.finished}"
