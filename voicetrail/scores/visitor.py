"""The results of a visitor, which also go to the host."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from voicetrail.scores.database import BUSY_TIMEOUT_S
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.shared.client import HostTable
from voicetrail.scores.store import ScoreStore


class VisitorScoreStore(ScoreStore):
    """Saves the visitor's results like any game, and sends every result to the host.

    Args:
        host: connection to the host's scores; closed together with this store.
        path: the visitor's own database; ``None`` is the platform's path.
        timeout_s: maximum wait for another game's write.
    """

    def __init__(self, host: HostTable, path: Path | None = None, *, timeout_s: float = BUSY_TIMEOUT_S) -> None:
        super().__init__(path, timeout_s=timeout_s)
        self._host = host

    @property
    def host(self) -> HostTable:
        """The shared scores of the host."""
        return self._host

    def add(self, row: ScoreRow) -> bool:
        """Save a result, and send it to the host; see ``ScoreStore.add``."""
        # The host comes first, so that it gets the result even if the visitor's own file cannot be written.
        self._hand_over(row)
        return super().add(row)

    def end_daily(self, day: date, row: ScoreRow) -> None:
        """Save the result of the first try, and send it to the host."""
        self._hand_over(row)
        super().end_daily(day, row)

    def close(self) -> None:
        """Close the database and the connection to the host."""
        super().close()
        self._host.close()

    def _hand_over(self, row: ScoreRow) -> None:
        self._host.send(row)
        if row.day is not None:
            self._host.request(date.fromisoformat(row.day))
