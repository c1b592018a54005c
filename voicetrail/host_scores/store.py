"""The store of visitors' results in a database."""

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
"""Maximum wait for the database, or for the lock of another host, in s."""
BATCH = 500
"""Number of results per insert."""
CONNECTION = re.compile(r"^connection failed: (connection to server .*? failed: )?")
"""The start of messages of PostgreSQL's library, with the server; it is removed."""
TRIES_MAX = 5_000
"""Maximum number of tries of a day that are read, the best first."""


class DatabaseError(ScoresError):
    """The database cannot be used.

    Attributes:
        why: message of the driver, without password, database and server.
    """

    why = ""


class DatabaseAwayError(DatabaseError):
    """The database cannot be reached now, but maybe later."""


class HostScoreStore:
    """The database of one host, or of several.

    Args:
        address: address of the database.

    Raises:
        LaterSchemaError: the database was written by a later version.
        DatabaseAwayError: the database cannot be reached.
        ScoresError: the database cannot be used.
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
        """Close the connections."""
        self._engine.dispose()

    def add_all(self, results: Iterable[SharedResult]) -> int:
        """Save results, all or none; a result with a known ``uid`` is not saved again.

        Returns:
            The number of new results.

        Raises:
            ScoresError: as for the class; then nothing was saved.
        """
        # Sorted, so that two hosts that send the same results cannot deadlock.
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
        """Return each visitor's first try at a daily maze, the best first, at most ``TRIES_MAX``."""
        columns = RESULTS.c
        order = func.row_number().over(partition_by=columns.visitor, order_by=(columns.began, columns.uid)).label("number")
        first = select(RESULTS, order).where(columns.day == day).subquery()
        best = (first.c.finished.desc(), first.c.score.desc(), first.c.time_ms, first.c.began, first.c.uid)
        query = select(*(first.c[name] for name in columns.keys())).where(first.c.number == 1)  # noqa: SIM118
        with self._connected() as connection:
            return _results(connection.execute(query.order_by(*best).limit(TRIES_MAX)).all())

    def bests(self) -> list[SharedResult]:
        """Return the best finished round of every mode and level; all daily mazes count as one level."""
        columns = RESULTS.c
        level = case((columns.day.is_not(None), "daily"), else_=columns.level)
        best = (columns.score.desc(), columns.time_ms, columns.began, columns.uid)
        order = func.row_number().over(partition_by=(columns.mode, level), order_by=best).label("number")
        ranked = select(RESULTS, order).where(columns.finished).subquery()
        query = select(*(ranked.c[name] for name in columns.keys())).where(ranked.c.number == 1)  # noqa: SIM118
        with self._connected() as connection:
            return _results(connection.execute(query.order_by(ranked.c.mode, ranked.c.level)).all())

    def results(self, name: str | None = None) -> Iterator[SharedResult]:
        """Yield every result, the oldest first.

        Args:
            name: yield only results of visitors with this name.
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
        """Return the visitors with a name, as (identity, whether it has a key, number of results)."""
        columns = RESULTS.c
        query = select(columns.visitor, columns.known, func.count()).where(columns.name == name)
        with self._connected() as connection:
            rows = connection.execute(query.group_by(columns.visitor, columns.known).order_by(columns.visitor)).all()
        return [(visitor, bool(known), int(count)) for visitor, known, count in rows]

    def delete(self, name: str) -> int:
        """Delete every result of the visitors with a name; return the number of results."""
        with self._connected(writes=True) as connection:
            schema_version(connection)
            return connection.execute(delete(RESULTS).where(RESULTS.c.name == name)).rowcount

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[Connection]:
        """Run a transaction; errors of the driver become one line without the password."""
        try:
            with self._engine.connect().execution_options(voicetrail_writes=writes) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._problem(error) from None

    def _problem(self, error: Exception) -> DatabaseError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        why = self.address.without_secrets(cause)
        away = isinstance(error, OperationalError | InterfaceError | OSError) or getattr(error, "connection_invalidated", False)
        problem = (DatabaseAwayError if away else DatabaseError)(f"cannot use the database {self.address}: {why}")
        problem.why = CONNECTION.sub("", why)
        return problem


def _results(rows: Sequence[Row[Any]]) -> list[SharedResult]:
    found = []
    for row in rows:
        try:
            found.append(SharedResult(**row._mapping))
        except (ValueError, TypeError, AttributeError):
            # Skip a row that was tampered with.
            continue
    return found


def _postgresql_engine(address: DatabaseAddress) -> Engine:
    options = f"-c statement_timeout={2 * TIMEOUT_S}s -c lock_timeout={TIMEOUT_S}s -c idle_in_transaction_session_timeout=30s"
    arguments: dict[str, Any] = {
        "connect_timeout": TIMEOUT_S,
        "application_name": "voicetrail",
        "options": options,
        # A machine that was switched off does not answer at all.
        "tcp_user_timeout": 2000 * TIMEOUT_S,
        # Connection poolers do not support prepared statements.
        "prepare_threshold": None,
    }
    arguments = {name: value for name, value in arguments.items() if name not in address.url.query}
    # Messages must not contain parameters, which include the names of visitors.
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
        raise ScoresError(f"the scores of visitors cannot be saved in {printable(path)}: {error.strerror or error}") from None
    engine = create_engine(address.url, connect_args={"timeout": TIMEOUT_S}, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver must not begin transactions itself, see below.
        connection.isolation_level = None
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        use_wal(connection, TIMEOUT_S)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes would fail if another host wrote in between.
        writes = connection.get_execution_options().get("voicetrail_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
