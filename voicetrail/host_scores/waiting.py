"""Results that wait on the host's disk until the database has them. Every result is written here first, so that none is lost."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voicetrail.atomic import make_private_folder
from voicetrail.errors import reason_of
from voicetrail.scores.shared.result import SharedResult, from_json, to_json
from voicetrail.scores.sqlite_file import make_private_database, set_aside, transaction, use_wal
from voicetrail.scores.store import ScoresError
from voicetrail.text import printable

FILE_NAME = "visitors-waiting.sqlite3"
WAITING_MAX = 100_000
"""Maximum number of waiting results: several days of a full host, about 50 MB."""
BUSY_TIMEOUT_S = 5.0
_TABLE = "CREATE TABLE IF NOT EXISTS waiting (uid TEXT PRIMARY KEY, name TEXT NOT NULL, result TEXT NOT NULL) WITHOUT ROWID"


class WaitingResults:
    """The waiting file. Several threads and programs can use it.

    Args:
        folder: folder of the file; created if it is missing.

    Raises:
        ScoresError: the file cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.notices: tuple[str, ...] = ()
        """Notices for the operator, one line each."""
        self._lock = threading.Lock()
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._problem(error) from None
            self._set_aside()
            self._connection = self._open()
        except OSError as error:
            raise self._problem(error) from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, result: SharedResult) -> None:
        """Save a result. It is on the disk when this returns.

        Raises:
            ScoresError: the disk is full, or too many results are waiting.
        """
        with self._transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM waiting").fetchone()
            if count >= WAITING_MAX:
                raise ScoresError(f"{count} results are already waiting for the database; no more can be accepted")
            values = (result.uid, result.name, json.dumps(to_json(result)))
            connection.execute("INSERT OR IGNORE INTO waiting (uid, name, result) VALUES (?, ?, ?)", values)

    def first(self, most: int = WAITING_MAX) -> list[SharedResult]:
        """Return at most ``most`` waiting results; unreadable ones are deleted."""
        found: list[SharedResult] = []
        broken: list[str] = []
        with self._transaction() as connection:
            for uid, text in connection.execute("SELECT uid, result FROM waiting ORDER BY uid LIMIT ?", (most,)):
                try:
                    found.append(from_json(json.loads(text)))
                except (ValueError, RecursionError):
                    broken.append(uid)
            connection.executemany("DELETE FROM waiting WHERE uid = ?", [(uid,) for uid in broken])
        return found

    def remove(self, results: Iterable[SharedResult]) -> None:
        """Delete results that the database has."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM waiting WHERE uid = ?", [(one.uid,) for one in results])

    def delete(self, name: str) -> int:
        """Delete the waiting results of the visitors with a name; return their number."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM waiting WHERE name = ?", (name,)).rowcount

    def __len__(self) -> int:
        with self._transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM waiting").fetchone()
        return int(count)

    def _open(self) -> sqlite3.Connection:
        make_private_folder(self.path.parent)
        make_private_database(self.path)
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("database disk image is malformed")
            use_wal(connection, BUSY_TIMEOUT_S)
            connection.execute(_TABLE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self) -> None:
        aside = set_aside(self.path)
        self.notices = (
            f"the file of waiting results is damaged; it was moved to {printable(aside)}, and a new one was created",
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            try:
                with transaction(connection):
                    yield connection
            except sqlite3.Error as error:
                raise self._problem(error) from None

    def _problem(self, error: Exception) -> ScoresError:
        why = reason_of(error)
        return ScoresError(f"results cannot be saved in {printable(self.path)}: {printable(why, 100)}")
