"""Helpers for the SQLite files of scores: private files, access by several programs, transactions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from voicetrail.atomic import PRIVATE_FILE

RETRY_S = 0.02


def make_private_database(path: Path) -> None:
    """Create the file if it does not exist.

    SQLite itself would not create it with private permissions; the ``-wal`` and ``-shm`` files inherit them.

    Raises:
        OSError: the file cannot be created.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run the block in a transaction, which is rolled back if the block raises.

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
    """Switch to WAL mode, so that several programs can read and write at once.

    The switch locks the whole database, and SQLite does not wait for this lock: if two programs create a database at the same time,
    one of them gets "database is locked" at once, whatever its timeout. So this function tries again.

    Args:
        connection: outside a transaction.
        timeout_s: how long to try.

    Raises:
        sqlite3.OperationalError: another program kept the file locked, or it cannot be written.
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


def set_aside(path: Path) -> Path:
    """Rename the database, with what belongs to it, to a name that says when; nothing is deleted."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        aside = path.with_name(f"{path.stem}-{stamp}{f'-{number}' if number else ''}{path.suffix}")
        if not aside.exists():
            break
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return aside
