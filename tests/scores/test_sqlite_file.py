"""Two programs that make one database at once."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from voicetrail.scores.sqlite_file import use_wal


def locked(path: Path) -> sqlite3.Connection:
    """Another program that is making the database."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE one (value)")
    return other


def test_it_waits_while_another_program_creates_the_database(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite3"
    with closing(locked(path)) as other, closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as mine:
        threading.Timer(0.2, lambda: other.execute("COMMIT")).start()
        use_wal(mine, 10)
        assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_does_not_wait_forever(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite3"
    with (
        closing(locked(path)),
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as mine,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        use_wal(mine, 0.05)
