"""Results for the tests."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from voicetrail.game.rules import RoundResult, WordCount
from voicetrail.scores.rows import ScoreRow, row_of

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def row(mode: str = "maze", level: str = "small", score: int = 90, began: datetime = NOW, **values: object) -> ScoreRow:
    known: dict[str, object] = {
        "finished": True,
        "won": True,
        "words": 12,
        "time_ms": 34_000,
        "par": 11,
        "by_word": {"up": WordCount(7, 1), "left": WordCount(5, 0)},
        "details": {"gems": "1 of 1"},
    }
    return ScoreRow(uuid.uuid4().hex, began.isoformat(), mode, level, score=score, **(known | values))  # type: ignore[arg-type]


def daily(day: date, *, won: bool = True, began: datetime | None = None) -> ScoreRow:
    result = RoundResult("maze", f"daily {day}", 100 if won else 0, won, won, 20_000, 10, par=10, seed=day.toordinal())
    return row_of(result, began or datetime(day.year, day.month, day.day, 9, tzinfo=UTC), day=day)
