"""The player's progress, in short notes for lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from voicetrail.game.levels import all_levels
from voicetrail.game.mode_list import MODES
from voicetrail.scores.statistics import daily_days, streak

if TYPE_CHECKING:
    from voicetrail.scores.store import ScoreStore


def today() -> date:
    """Return the UTC date, which determines the daily maze."""
    return datetime.now(UTC).date()


def mode_notes(scores: ScoreStore | None, profile: str) -> Mapping[str, str]:
    """Return a note for each mode that was played: the best score, and the state of the daily maze."""
    if scores is None:
        return {}
    bests = scores.bests(profile=profile)
    notes: dict[str, str] = {}
    traced = {row.level: row for row in bests if row.mode == "trace"}
    levels = [level.name for level in all_levels()]
    if traced:
        best = max(traced.values(), key=lambda row: row.score)
        notes["trace"] = f"{sum(name in traced for name in levels)} of {len(levels)}, best {best.score}"
    notes["maze"] = _daily_note(scores, profile)
    for name, mode in MODES.items():
        found = [row.score for row in bests if row.mode == name]
        if max(found, default=0) and mode.has_best and name not in notes:
            notes[name] = f"best {max(found)}"
    return notes


def _daily_note(scores: ScoreStore, profile: str) -> str:
    now = streak(counted_days(scores, profile), today())
    begun, row = scores.daily_result(today(), profile=profile)
    how = f"today: {row.score}" if row is not None else "today: not finished" if begun else "today: not played"
    return f"{how}, streak {now.now}" if now.now else how


def counted_days(scores: ScoreStore, profile: str) -> set[date]:
    """Return the days whose maze was finished at the first try."""
    return daily_days(scores.rows(profile=profile), (uid for _, whose, _, uid in scores.tries() if whose == profile))


def level_notes(scores: ScoreStore | None, mode: str, profile: str) -> Mapping[str, str]:
    """Return a note with the best score of each level of a mode; ``daily`` is today's maze."""
    if scores is None:
        return {}
    notes = {row.group: f"best {row.score}" for row in scores.bests(profile=profile) if row.mode == mode}
    if mode == "maze":
        notes["daily"] = _daily_note(scores, profile)
    return notes
