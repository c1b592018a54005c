"""Moves results from the waiting file to the database, and caches the table of the day, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Literal

from voicetrail.host_scores.address import DatabaseAddress
from voicetrail.host_scores.store import BATCH, DatabaseAwayError, HostScoreStore
from voicetrail.host_scores.waiting import WaitingResults
from voicetrail.scores.shared.result import SharedResult
from voicetrail.scores.shared.table import DayTable, day_table, first_tries
from voicetrail.scores.store import ScoresError

RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 60.0
"""Time until the next attempt to reach the database, in s; it doubles from the first value up to the longest."""
FRESH_S = 2.0
"""Maximum age of a cached table, in s, because other hosts write to the database too."""
CLOSE_TIMEOUT_S = 4.0
"""Maximum time at shutdown to send waiting results, in s; the rest waits for the next start."""
CACHED_DAYS = 3
"""Number of days whose tables are cached."""


@dataclass(frozen=True, slots=True)
class ScoresReport:
    """A report for the operator, without names of visitors and without the password."""

    state: Literal["notice", "away", "back", "waiting", "refused", "ended"]
    text: str = ""
    count: int | None = None
    """Number of results concerned."""


Report = Callable[[ScoresReport], None]
"""Receives reports for the operator, in any thread."""


class ScoreWriter:
    """Writes results for the host without waiting for the database.

    Args:
        address: the database.
        folder: folder of the waiting file.
        host: name of this host.
        report: called with reports for the operator.
    """

    def __init__(self, address: DatabaseAddress, folder: Path, *, host: str, report: Report = lambda _: None) -> None:
        self.address = address
        self.host = host
        self._report = report
        self.waiting = WaitingResults(folder)
        self._store: HostScoreStore | None = None
        self._change = threading.Condition()
        self._ending = False
        self._unsent = False
        """Whether there are waiting results that were not sent yet."""
        self._requested: set[date] = set()
        """Days whose table has to be read."""
        self._days: dict[date, tuple[float, list[SharedResult]]] = {}
        """For each cached day: time of reading, and results."""
        self._away_since: float | None = None
        self._retry_s = RETRY_FIRST_S
        self._retry_at = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the database and start the thread. An unreachable database is tried again later.

        Raises:
            ScoresError: the database can never be used: it was written by a later version, or is not a database.
        """
        for notice in (*self.address.notices, *self.waiting.notices):
            self._report(ScoresReport("notice", notice))
        try:
            self._store = HostScoreStore(self.address)
        except DatabaseAwayError as error:
            self._note_away(error)
        self._remember(self.waiting.first())
        self._unsent = True
        self._thread = threading.Thread(target=self._run, name="voicetrail-host-scores", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Send waiting results for a limited time, and stop the thread."""
        with self._change:
            self._ending = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)
        if self._thread is None or not self._thread.is_alive():
            if count := len(self.waiting):
                self._report(ScoresReport("waiting", "until the next start", count))
            self.waiting.close()
            if self._store is not None:
                self._store.close()

    def keep(self, result: SharedResult) -> None:
        """Save a result. When this returns it is on the host's disk, and will be sent to the database.

        Raises:
            ScoresError: the result cannot be saved.
        """
        self.waiting.add(result)
        self._remember([result])
        with self._change:
            self._unsent = True
            self._change.notify_all()

    def table(self, day: date, visitor: str = "", *, timeout_s: float = 0.5) -> DayTable:
        """Return the table of a day for one visitor, including waiting results; the cached one if the database is slow."""
        with self._change:
            if not self._is_fresh(day) and self._thread is not None:
                self._requested.add(day)
                self._change.notify_all()
                if self._away_since is None:
                    self._change.wait_for(lambda: self._is_fresh(day) or self._away_since is not None, timeout_s)
            _, known = self._days.get(day, (0.0, []))
            stale = self._away_since is not None
        return day_table(known, day, visitor, stale=stale)

    def _is_fresh(self, day: date) -> bool:
        looked_up, _ = self._days.get(day, (-FRESH_S, []))
        return monotonic() - looked_up < FRESH_S

    def _remember(self, results: list[SharedResult]) -> None:
        """Add results that are not in the database yet to the cached tables."""
        with self._change:
            for day in {one.day for one in results if one.day is not None}:
                looked_up, known = self._days.get(day, (-FRESH_S, []))
                self._days[day] = looked_up, first_tries([*known, *results], day)

    # In the writer's thread

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._ending or self._due, self._wait_s)
                ending, days = self._ending, tuple(self._requested)
                if not ending and not self._due:
                    continue
                self._unsent = False
                self._requested.clear()
            try:
                self._send()
                for day in days:
                    self._look_up(day)
            except ScoresError as error:
                self._note_away(error)
            except Exception as error:  # any error: results keep waiting, and the host continues
                self._note_away(ScoresError(f"an internal error: {type(error).__name__}"))
            if ending:
                return

    @property
    def _due(self) -> bool:
        return bool(self._unsent or self._requested) and (self._away_since is None or monotonic() >= self._retry_at)

    @property
    def _wait_s(self) -> float | None:
        return None if self._away_since is None else max(0.05, self._retry_at - monotonic())

    def _send(self) -> None:
        if self._store is None:
            self._store = HostScoreStore(self.address)
        sent = 0
        while results := self.waiting.first(BATCH):
            self._store.add_all(results)
            # After a crash at this point they are sent again, but count once.
            self.waiting.remove(results)
            sent += len(results)
        if self._away_since is not None:
            if not sent:
                self._store.tries(datetime.now(UTC).date())
            self._report(ScoresReport("back", count=sent))
            with self._change:
                self._away_since = None
                self._retry_s = RETRY_FIRST_S

    def _look_up(self, day: date) -> None:
        assert self._store is not None
        found = self._store.tries(day)
        with self._change:
            # Results that arrived meanwhile are in the waiting file.
            self._days[day] = monotonic(), first_tries([*found, *self.waiting.first()], day)
            oldest = datetime.now(UTC).date() - timedelta(days=CACHED_DAYS)
            self._days = {one: known for one, known in self._days.items() if one == day or one >= oldest}
            self._change.notify_all()

    def _note_away(self, error: ScoresError) -> None:
        with self._change:
            first = self._away_since is None
            self._away_since = self._away_since or monotonic()
            self._retry_at = monotonic() + self._retry_s
            self._retry_s = min(RETRY_LONGEST_S, 2 * self._retry_s)
            # Try again until the database is back.
            self._unsent = True
            self._change.notify_all()
        if first:
            self._report(ScoresReport("away", getattr(error, "why", "") or str(error)))
