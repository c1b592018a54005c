"""The database file: opening, migrating, and setting aside a file that cannot be used.

In WAL mode several games can read and write at once. A file that is damaged, read-only or of a later version is renamed, and a new
one is created. If another program keeps the file locked, results go to a second file in the same folder and are merged at the next
start. If nothing can be written, results are stored in memory until the game ends. Each case is reported in one line.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from voicetrail.atomic import close_to_others, file_lock, make_private_folder
from voicetrail.scores.sqlite_file import make_private_database, set_aside, use_wal
from voicetrail.text import printable

FILE_NAME = "scores.sqlite3"
SPARE_NAME = "scores-waiting.sqlite3"
"""File for results that wait until the database can be written."""
APPLICATION_ID = 0x76747363
"""``vtsc``: identifies files of this program."""
BUSY_TIMEOUT_S = 5.0
"""Maximum wait for another game's write, in s."""
MEMORY = ":memory:"

_FIRST = """
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    began TEXT NOT NULL,
    profile TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL,
    level TEXT NOT NULL DEFAULT '',
    seed INTEGER,
    score INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    won INTEGER NOT NULL,
    medal TEXT NOT NULL DEFAULT '',
    time_ms INTEGER NOT NULL,
    words INTEGER NOT NULL,
    presses INTEGER NOT NULL DEFAULT 0,
    wrong INTEGER NOT NULL DEFAULT 0,
    par INTEGER,
    accuracy REAL,
    replay TEXT NOT NULL DEFAULT ''
);
CREATE INDEX results_by_score ON results (mode, level, score DESC, time_ms);
"""
_WORDS = """
ALTER TABLE results ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
CREATE TABLE word_counts (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    word TEXT NOT NULL,
    heard INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    PRIMARY KEY (result, word)
) WITHOUT ROWID;
"""
_DAILY = """
ALTER TABLE results ADD COLUMN day TEXT;
CREATE TABLE daily_tries (
    day TEXT NOT NULL,
    profile TEXT NOT NULL DEFAULT '',
    began TEXT NOT NULL,
    uid TEXT,
    PRIMARY KEY (day, profile)
) WITHOUT ROWID;
"""
MIGRATIONS = (_FIRST, _WORDS, _DAILY)
"""The SQL that migrates each version to the next; an empty file has version 0."""
VERSION = len(MIGRATIONS)


def default_path() -> Path:
    """Return the platform's path of the database; it need not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / FILE_NAME


def open_database(path: Path, *, timeout_s: float = BUSY_TIMEOUT_S) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open the database, or a replacement for it.

    Args:
        path: the file; missing folders and the file are created.
        timeout_s: maximum wait for another program's lock.

    Returns:
        The connection, in autocommit mode, and notices for the player.
    """
    try:
        make_private_folder(path.parent)
        close_to_others(path)
        with file_lock(path, 2 * timeout_s):
            return _open_locked(path, timeout_s)
    except TimeoutError:
        return _open_spare(path, timeout_s)
    except OSError as error:
        return _in_memory(path, error.strerror or str(error))


def _open_locked(path: Path, timeout_s: float) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    try:
        return _open(path, timeout_s), ()
    except sqlite3.DatabaseError as error:
        why, locked = _reason(path, error)
    if locked:
        return _open_spare(path, timeout_s)
    aside = set_aside(path)
    try:
        connection = _open(path, timeout_s)
    except sqlite3.DatabaseError as error:
        return _in_memory(path, str(error))
    return connection, (f"the scores {why}; they were moved to {printable(aside.name)}, and a new database was created",)


def _open_spare(path: Path, timeout_s: float) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    spare = path.with_name(SPARE_NAME)
    try:
        connection = _open(spare, timeout_s)
    except (sqlite3.DatabaseError, OSError) as error:
        return _in_memory(path, str(error))
    return connection, (
        f"the scores are in use by another program: results wait in {printable(spare.name)} until they can be added",
    )


class LaterVersionError(sqlite3.DatabaseError):
    """The file was written by a later version of this program."""


class WrongFileError(sqlite3.DatabaseError):
    """The file is another program's database."""


def _open(path: Path, timeout_s: float) -> sqlite3.Connection:
    make_private_database(path)
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        # A result must be on the disk before it is reported as saved.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")
        _check_owner(connection)
        use_wal(connection, timeout_s)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate a database to the newest schema in one transaction.

    Raises:
        LaterVersionError: the file has a later version.
        WrongFileError: the file belongs to another program.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _check_owner(connection)
        for step in MIGRATIONS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        # Written even if unchanged, so that a read-only file is noticed now and not when a round has ended.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _check_owner(connection: sqlite3.Connection) -> int:
    """Return the version of the schema; raises the same errors as ``migrate``."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and owner != APPLICATION_ID:
        raise WrongFileError("another program's database")
    if version > VERSION:
        raise LaterVersionError(f"schema {version}")
    return version


def _reason(path: Path, error: sqlite3.DatabaseError) -> tuple[str, bool]:
    """Return why the database cannot be used, for the player, and whether this is temporary."""
    text = str(error)
    if isinstance(error, LaterVersionError):
        return "were written by a newer voicetrail", False
    if isinstance(error, WrongFileError):
        return "belong to another program", False
    if "locked" in text or "busy" in text:
        return "are in use", True
    if "readonly" in text or not os.access(path, os.W_OK):
        return "cannot be written (read-only)", False
    return "are damaged", False


def _in_memory(path: Path, why: str) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    connection = sqlite3.connect(MEMORY, isolation_level=None)
    migrate(connection)
    folder = printable(path.parent)
    return connection, (f"scores cannot be saved in {folder} ({printable(why, 100)}); they will be lost when the game ends",)


def copy_of(path: Path, into: Path) -> sqlite3.Connection:
    """Open a migrated copy of another database; the file itself is not changed.

    Args:
        path: the database file.
        into: a folder for the copy.

    Raises:
        sqlite3.DatabaseError: the file does not belong to this program, or has a later version.
        OSError: the file cannot be read.
    """
    copy = into / FILE_NAME
    for ending in ("", "-wal"):
        source = Path(f"{path}{ending}")
        if ending == "" or source.exists():
            Path(f"{copy}{ending}").write_bytes(source.read_bytes())
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def move_waiting(path: Path, take: Callable[[sqlite3.Connection], None]) -> None:
    """Pass the waiting results to a function, and empty the waiting file afterward.

    The file is not deleted, because another game may have it open. After a crash in between, the rows are passed twice; this is
    harmless, because each has a ``uid``.

    Args:
        path: the database file, not the waiting file.
        take: called with a connection to the waiting file; copies its rows.
    """
    spare = path.with_name(SPARE_NAME)
    if not spare.exists():
        return
    with closing(_open(spare, 0.1)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        take(connection)
        connection.execute("DELETE FROM results")
        connection.execute("DELETE FROM daily_tries")
        connection.execute("COMMIT")
