"""A visitor's own results, which also go to the host."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from voicetrail.scores.database import BUSY_TIMEOUT_S
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.shared.client import HostTable
from voicetrail.scores.store import ScoreStore


class VisitorScores(ScoreStore):
    """Keeps what the visitor reached here, as any game does, and hands every result to the host.

    Args:
        host: the host's scores; closed with this store.
        path: the visitor's own database; ``None`` is the platform's place.
        timeout_s: how long another game's write is waited for.
    """

    def __init__(self, host: HostTable, path: Path | None = None, *, timeout_s: float = BUSY_TIMEOUT_S) -> None:
        super().__init__(path, timeout_s=timeout_s)
        self._host = host

    @property
    def host(self) -> HostTable:
        """The scores of all visitors."""
        return self._host

    def add(self, row: ScoreRow) -> bool:
        """Keep a result, and hand it to the host; see ``ScoreStore.add``."""
        # The host first: its table is not to lack a result because the visitor's own file cannot be written.
        self._hand_over(row)
        return super().add(row)

    def end_daily(self, day: date, row: ScoreRow) -> None:
        """Keep the result of the try that counts, and hand it to the host."""
        self._hand_over(row)
        super().end_daily(day, row)

    def close(self) -> None:
        """Close the database, and end the connection to the host."""
        super().close()
        self._host.close()

    def _hand_over(self, row: ScoreRow) -> None:
        self._host.send(row)
        if row.day is not None:
            self._host.request(date.fromisoformat(row.day))
