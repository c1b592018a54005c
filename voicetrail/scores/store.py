"""The store of results."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from voicetrail.errors import VoicetrailError
from voicetrail.game.rules import WordCount
from voicetrail.scores.database import BUSY_TIMEOUT_S, default_path, move_waiting, open_database
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.sqlite_file import transaction

if TYPE_CHECKING:
    from voicetrail.scores.shared.client import HostTable

_NAMES = tuple(one.name for one in fields(ScoreRow) if one.name != "by_word")
_COLUMNS = ", ".join(_NAMES)


class ScoresError(VoicetrailError):
    """Scores cannot be read, written or imported."""


class ScoreStore:
    """The results of this player on this machine.

    Args:
        path: the database file; ``None`` is the platform's path.
        timeout_s: maximum wait for another game's write.
    """

    def __init__(self, path: Path | None = None, *, timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = default_path() if path is None else path
        self._connection, self.notices = open_database(self.path, timeout_s=timeout_s)
        """Notices for the player, one line each."""
        if not self.notices:
            # Results that waited for a locked database; if this fails, they keep waiting.
            with suppress(OSError, sqlite3.Error):
                move_waiting(self.path, self._take_waiting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    @property
    def host(self) -> HostTable | None:
        """The shared scores of the host in a visitor's game; ``None`` in other games."""
        return None

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    # Writing

    def add(self, row: ScoreRow) -> bool:
        """Save a result. It is on the disk when this returns.

        Returns:
            Whether the result is new; a result with a known ``uid`` is not saved again.

        Raises:
            ScoresError: the disk is full, or another program keeps the database locked.
        """
        return self.add_all([row]) == 1

    def add_all(self, rows: Iterable[ScoreRow]) -> int:
        """Save several results, all or none; return how many were new. Raises the same errors as ``add``."""
        with self._transaction() as connection:
            return sum(_insert(connection, row) for row in rows)

    def begin_daily(self, day: date, began: datetime, profile: str = "") -> bool:
        """Record the start of a daily maze. Only the first try of a day counts, even if it is never finished.

        Returns:
            Whether this is the first try.
        """
        with self._transaction() as connection:
            return (
                connection.execute(
                    "INSERT OR IGNORE INTO daily_tries (day, profile, began) VALUES (?, ?, ?)",
                    (day.isoformat(), profile, _utc(began)),
                ).rowcount
                == 1
            )

    def end_daily(self, day: date, row: ScoreRow) -> None:
        """Save the result of the first try at a daily maze."""
        with self._transaction() as connection:
            _insert(connection, row)
            connection.execute(
                "UPDATE daily_tries SET uid = ? WHERE day = ? AND profile = ? AND uid IS NULL",
                (row.uid, day.isoformat(), row.profile),
            )

    def add_tries(self, tries: Iterable[tuple[str, str, str, str | None]]) -> None:
        """Add tries of daily mazes as (day, profile, began, uid); of two tries of a day, the earlier one counts."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO daily_tries (day, profile, began, uid) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET began = excluded.began, uid = excluded.uid WHERE excluded.began < began",
                list(tries),
            )

    # Reading

    def rows(self, *, profile: str | None = None) -> Iterator[ScoreRow]:
        """Yield every result, the oldest first."""
        where, values = ("", ()) if profile is None else ("WHERE profile = ?", (profile,))
        yield from read_rows(self._connection, where, values)

    def tries(self) -> list[tuple[str, str, str, str | None]]:
        """Return the first tries of daily mazes as (day, profile, began, uid of the result, or ``None`` if not finished)."""
        return read_tries(self._connection)

    def best(self, mode: str, level: str = "", *, profile: str | None = None) -> ScoreRow | None:
        """Return the best finished round of a level; of equal scores, the faster one. ``daily`` is the level of all daily mazes."""
        condition = "day IS NOT NULL" if level == "daily" else "day IS NULL AND level = :level"
        by_profile = "" if profile is None else "AND profile = :profile"
        where = f"WHERE mode = :mode AND finished AND {condition} {by_profile} ORDER BY score DESC, time_ms, id LIMIT 1"
        values = {"mode": mode, "level": level, "profile": profile}
        return next(read_rows(self._connection, where, values), None)

    def bests(self, *, profile: str | None = None) -> list[ScoreRow]:
        """Return the best finished round of every played level, sorted by mode and level."""
        by_profile = "" if profile is None else "AND profile = :profile"
        where = (
            "WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY mode, CASE WHEN day IS NULL THEN level "
            f"ELSE 'daily' END ORDER BY score DESC, time_ms, id) AS place FROM results WHERE finished {by_profile}) "
            "WHERE place = 1) ORDER BY mode, level"
        )
        return list(read_rows(self._connection, where, {"profile": profile}))

    def daily_result(self, day: date, *, profile: str = "") -> tuple[bool, ScoreRow | None]:
        """Return whether a daily maze was begun, and the result of the first try, if there is one."""
        found = self._connection.execute(
            "SELECT uid FROM daily_tries WHERE day = ? AND profile = ?", (day.isoformat(), profile)
        ).fetchone()
        if found is None:
            return False, None
        return True, next(read_rows(self._connection, "WHERE uid = ?", (found[0],)), None)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            with transaction(connection):
                yield connection
        except sqlite3.Error as error:
            raise ScoresError(f"the result cannot be saved: {error}; free some disk space or close other games") from error

    def _take_waiting(self, other: sqlite3.Connection) -> None:
        """Add the rows of another database of this program."""
        self.add_all(read_rows(other))
        self.add_tries(read_tries(other))


def _insert(connection: sqlite3.Connection, row: ScoreRow) -> bool:
    values = (
        row.uid,
        _utc(datetime.fromisoformat(row.began)),
        row.mode,
        row.level,
        row.seed,
        row.day,
        row.score,
        row.finished,
        row.won,
        row.medal,
        row.time_ms,
        row.words,
        row.presses,
        row.wrong,
        row.par,
        row.accuracy,
        row.profile,
        row.replay,
        json.dumps(dict(row.details)),
    )
    marks = ", ".join("?" * len(values))
    done = connection.execute(f"INSERT OR IGNORE INTO results ({_COLUMNS}) VALUES ({marks})", values)
    if done.rowcount != 1:
        return False
    connection.executemany(
        "INSERT INTO word_counts (result, word, heard, wrong) VALUES (?, ?, ?, ?)",
        [(done.lastrowid, word, count.heard, count.wrong) for word, count in row.by_word.items()],
    )
    return True


def read_rows(connection: sqlite3.Connection, where: str = "", values: object = ()) -> Iterator[ScoreRow]:
    """Yield the results that match an SQL condition, the oldest first unless it has an ``ORDER BY``."""
    order = "" if "ORDER BY" in where else "ORDER BY began, id"
    for number, *columns in connection.execute(f"SELECT id, {_COLUMNS} FROM results {where} {order}", values).fetchall():  # type: ignore[arg-type]
        words = connection.execute("SELECT word, heard, wrong FROM word_counts WHERE result = ?", (number,))
        by_word = {word: WordCount(heard, wrong) for word, heard, wrong in words}
        fields = dict(zip(_NAMES, columns, strict=True))
        with suppress(ValueError, TypeError):  # skip a row that was tampered with
            fields |= {
                "finished": bool(fields["finished"]),
                "won": bool(fields["won"]),
                "details": json.loads(fields["details"]),
            }
            yield ScoreRow(**fields, by_word=by_word)


def read_tries(connection: sqlite3.Connection) -> list[tuple[str, str, str, str | None]]:
    """Return the tries of daily mazes: day, profile, began, uid of the result."""
    return connection.execute("SELECT day, profile, began, uid FROM daily_tries ORDER BY day").fetchall()


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")
