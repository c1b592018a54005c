"""Keeps the results of visitors in a database, and looks them up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, create_engine, delete, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from voicetrail.atomic import close_to_others, make_private_folder
from voicetrail.host_scores.address import DatabaseAddress
from voicetrail.host_scores.schema import RESULTS, migrate, schema_version
from voicetrail.scores.shared.result import SharedResult
from voicetrail.scores.sqlite_file import make_private_database, use_wal
from voicetrail.scores.store import ScoresError
from voicetrail.text import printable

TIMEOUT_S = 5
"""How long a database, or the lock of another host, is waited for."""
BATCH = 500
"""Results that go to the database at once."""
CONNECTION = re.compile(r"^connection failed: (connection to server .*? failed: )?")
"""How PostgreSQL's library begins what it says; which server it is, is known."""
TRIES_MAX = 5_000
"""Tries of a day that are looked up at most, the best first."""


class DatabaseError(ScoresError):
    """The database cannot be used.

    Attributes:
        why: what the driver said, without the password, the database and the way to it.
    """

    why = ""


class DatabaseAwayError(DatabaseError):
    """The database cannot be reached now; it may be back later."""


class HostScores:
    """The database of one host, or of several.

    Args:
        address: which one.

    Raises:
        LaterSchemaError: it was written by a later version.
        DatabaseAwayError: it cannot be reached.
        ScoresError: it cannot be used.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self.address = address
        self._engine = _postgresql_engine(address) if address.is_shared else _sqlite_engine(address)
        self._insert = postgresql.insert if address.is_shared else sqlite.insert
        try:
            with self._connected(writes=True) as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connections."""
        self._engine.dispose()

    def add_all(self, results: Iterable[SharedResult]) -> int:
        """Keep results, all or none; one with the same ``uid`` is kept once.

        Returns:
            How many were new.

        Raises:
            ScoresError: as the class does; nothing was kept then.
        """
        # In one order, so that two hosts that send the same results do not wait for each other.
        rows = [asdict(one) for one in sorted(results, key=lambda one: one.uid)]
        new = 0
        with self._connected(writes=True) as connection:
            schema_version(connection)
            for start in range(0, len(rows), BATCH):
                insert = (
                    self._insert(RESULTS).values(rows[start : start + BATCH]).on_conflict_do_nothing(index_elements=["uid"])
                )
                new += len(connection.execute(insert.returning(RESULTS.c.uid)).all())
        return new

    def tries(self, day: date) -> list[SharedResult]:
        """Each visitor's first try at the maze of a day, the best first, ``TRIES_MAX`` at most."""
        columns = RESULTS.c
        order = func.row_number().over(partition_by=columns.visitor, order_by=(columns.began, columns.uid)).label("number")
        first = select(RESULTS, order).where(columns.day == day).subquery()
        best = (first.c.finished.desc(), first.c.score.desc(), first.c.time_ms, first.c.began, first.c.uid)
        query = select(*(first.c[name] for name in columns.keys())).where(first.c.number == 1)  # noqa: SIM118
        with self._connected() as connection:
            return _results(connection.execute(query.order_by(*best).limit(TRIES_MAX)).all())

    def bests(self) -> list[SharedResult]:
        """The best finished round of every mode and level, all daily mazes together."""
        columns = RESULTS.c
        level = case((columns.day.is_not(None), "daily"), else_=columns.level)
        best = (columns.score.desc(), columns.time_ms, columns.began, columns.uid)
        order = func.row_number().over(partition_by=(columns.mode, level), order_by=best).label("number")
        ranked = select(RESULTS, order).where(columns.finished).subquery()
        query = select(*(ranked.c[name] for name in columns.keys())).where(ranked.c.number == 1)  # noqa: SIM118
        with self._connected() as connection:
            return _results(connection.execute(query.order_by(ranked.c.mode, ranked.c.level)).all())

    def results(self, name: str | None = None) -> Iterator[SharedResult]:
        """Every result, the oldest first.

        Args:
            name: only those of visitors of this name.
        """
        columns = RESULTS.c
        last: tuple[Any, str] | None = None
        while True:
            query = select(RESULTS).order_by(columns.began, columns.uid).limit(BATCH)
            if name is not None:
                query = query.where(columns.name == name)
            if last is not None:
                began, uid = last
                query = query.where((columns.began > began) | ((columns.began == began) & (columns.uid > uid)))
            with self._connected() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            last = rows[-1].began, rows[-1].uid
            yield from _results(rows)

    def visitors(self, name: str) -> list[tuple[str, bool, int]]:
        """The visitors of a name: identity, whether it is a key's, and how many results there are."""
        columns = RESULTS.c
        query = select(columns.visitor, columns.known, func.count()).where(columns.name == name)
        with self._connected() as connection:
            rows = connection.execute(query.group_by(columns.visitor, columns.known).order_by(columns.visitor)).all()
        return [(visitor, bool(known), int(count)) for visitor, known, count in rows]

    def delete(self, name: str) -> int:
        """Delete every result of the visitors of a name; return how many there were."""
        with self._connected(writes=True) as connection:
            schema_version(connection)
            return connection.execute(delete(RESULTS).where(RESULTS.c.name == name)).rowcount

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[Connection]:
        """A transaction; what the driver raises becomes one line without the password."""
        try:
            with self._engine.connect().execution_options(voicetrail_writes=writes) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._problem(error) from None

    def _problem(self, error: Exception) -> DatabaseError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        why = self.address.without_secrets(cause)
        away = isinstance(error, OperationalError | InterfaceError | OSError) or getattr(error, "connection_invalidated", False)
        problem = (DatabaseAwayError if away else DatabaseError)(
            f"the scores of visitors cannot be had from {self.address}: {why}"
        )
        problem.why = CONNECTION.sub("", why)
        return problem


def _results(rows: Sequence[Row[Any]]) -> list[SharedResult]:
    found = []
    for row in rows:
        try:
            found.append(SharedResult(**row._mapping))
        except (ValueError, TypeError, AttributeError):
            # A row that was tampered with is passed over.
            continue
    return found


def _postgresql_engine(address: DatabaseAddress) -> Engine:
    options = f"-c statement_timeout={2 * TIMEOUT_S}s -c lock_timeout={TIMEOUT_S}s -c idle_in_transaction_session_timeout=30s"
    arguments: dict[str, Any] = {
        "connect_timeout": TIMEOUT_S,
        "application_name": "voicetrail",
        "options": options,
        # A machine that was switched off answers nothing at all.
        "tcp_user_timeout": 2000 * TIMEOUT_S,
        # Poolers between host and database know nothing of prepared statements.
        "prepare_threshold": None,
    }
    arguments = {name: value for name, value in arguments.items() if name not in address.url.query}
    # Parameters stay out of messages: they hold the names of visitors.
    return create_engine(
        address.url, connect_args=arguments, pool_size=1, max_overflow=1, pool_pre_ping=True, hide_parameters=True
    )


def _sqlite_engine(address: DatabaseAddress) -> Engine:
    path = address.path
    try:
        make_private_folder(path.parent)
        close_to_others(path)
        make_private_database(path)
    except OSError as error:
        raise ScoresError(f"the scores of visitors cannot be kept in {printable(path)}: {error.strerror or error}") from None
    engine = create_engine(address.url, connect_args={"timeout": TIMEOUT_S}, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver is not to begin transactions by itself: see below.
        connection.isolation_level = None
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        use_wal(connection, TIMEOUT_S)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # One that reads first and writes then would fail where another host wrote meanwhile.
        writes = connection.get_execution_options().get("voicetrail_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
