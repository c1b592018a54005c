"""Results that wait on the host's own disk until the database has them: every result begins here, and nothing is lost on the way."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from voicetrail.atomic import make_private_folder
from voicetrail.scores.shared.result import SharedResult, from_json, to_json
from voicetrail.scores.sqlite_file import make_private_database, transaction, use_wal
from voicetrail.scores.store import ScoresError
from voicetrail.text import printable

FILE_NAME = "visitors-waiting.sqlite3"
WAITING_MAX = 100_000
"""Most results that wait: days of a full host, some 50 MB."""
BUSY_TIMEOUT_S = 5.0
_TABLE = "CREATE TABLE IF NOT EXISTS waiting (uid TEXT PRIMARY KEY, name TEXT NOT NULL, result TEXT NOT NULL) WITHOUT ROWID"


class WaitingResults:
    """The waiting file. It may be used from several threads and by several programs.

    Args:
        folder: where it is; made if it is missing.

    Raises:
        ScoresError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.notices: tuple[str, ...] = ()
        """A line for each thing that the operator should know."""
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
        """Keep a result: when this returns it is on the disk.

        Raises:
            ScoresError: the disk is full, or too many wait already.
        """
        with self._transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM waiting").fetchone()
            if count >= WAITING_MAX:
                raise ScoresError(f"{count} results wait for the database already: no more are taken")
            values = (result.uid, result.name, json.dumps(to_json(result)))
            connection.execute("INSERT OR IGNORE INTO waiting (uid, name, result) VALUES (?, ?, ?)", values)

    def first(self, most: int = WAITING_MAX) -> list[SharedResult]:
        """Results that wait, ``most`` at most; what cannot be read any more is dropped."""
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
        """Forget results that the database has."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM waiting WHERE uid = ?", [(one.uid,) for one in results])

    def delete(self, name: str) -> int:
        """Delete what waits of the visitors of a name; return how many results there were."""
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
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.stem}-{stamp}{self.path.suffix}")
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").rename(f"{aside}{ending}")
        self.notices = (f"the results that waited are damaged: they are kept in {printable(aside)}, and new ones were begun",)

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
        why = getattr(error, "strerror", None) or error
        return ScoresError(f"results cannot be kept in {printable(self.path)}: {printable(why, 100)}")
