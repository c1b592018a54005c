"""What every SQLite file of scores needs: made private, read and written by several programs at once, changed as a whole."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicetrail.atomic import PRIVATE_FILE

RETRY_S = 0.02


def make_private_database(path: Path) -> None:
    """Make the file where there is none.

    It is not left to SQLite, so that it is private from its first moment; its ``-wal`` and ``-shm`` files take that over.

    Raises:
        OSError: it cannot be made.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all of what is done within, or nothing where it raises.

    Raises:
        sqlite3.Error: the database could not be locked or written.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Let several programs read and write at once.

    A database that is not in WAL mode yet is locked as a whole for the change, and SQLite does not wait for that lock: of two programs
    that make a database at once, one is told "database is locked" at once, whatever its timeout.

    Args:
        connection: outside a transaction.
        timeout_s: seconds to go on trying for.

    Raises:
        sqlite3.OperationalError: another program kept it locked for so long, or it cannot be written.
    """
    until = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() >= until:
                raise
            time.sleep(RETRY_S)
