"""Turn a database's write-ahead log on, also while others do the same."""

from __future__ import annotations

import sqlite3
import time

RETRY_S = 0.02


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
