"""What a player reached so far, in the few words that a list has room for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol


class ScoreStore(Protocol):
    """Keeps results."""


def today() -> str:
    """The UTC date, which the maze of a day goes by."""
    return datetime.now(UTC).date().isoformat()


def mode_notes(scores: ScoreStore | None) -> Mapping[str, str]:
    """A note for each mode that was played."""
    return {}


def level_notes(scores: ScoreStore | None, mode: str) -> Mapping[str, str]:
    """The best score of each level of a mode."""
    return {}
