"""The tables, and how a database of an earlier version becomes one of this version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, DateTime, Dialect, MetaData, String, Table, inspect, text
from sqlalchemy.types import TypeDecorator

from voicetrail.scores.store import ScoresError


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone, where the database has none as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """A value on its way into the database."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A value from the database."""
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


METADATA = MetaData()
RESULTS = Table(
    "voicetrail_results",
    METADATA,
    Column("uid", String, primary_key=True),
    Column("began", UtcTime),
    Column("mode", String),
    Column("level", String),
    Column("seed", BigInteger),
    Column("day", Date),
    Column("score", BigInteger),
    Column("finished", Boolean),
    Column("won", Boolean),
    Column("time_ms", BigInteger),
    Column("words", BigInteger),
    Column("presses", BigInteger),
    Column("visitor", String),
    Column("name", String),
    Column("known", Boolean),
    Column("host", String),
)
"""The results, as this version reads and writes them; the columns are the fields of ``SharedResult``."""

_FIRST = """
CREATE TABLE voicetrail_results (
    uid VARCHAR(32) NOT NULL PRIMARY KEY,
    began TIMESTAMP WITH TIME ZONE NOT NULL,
    mode VARCHAR(16) NOT NULL,
    level VARCHAR(80) NOT NULL,
    seed BIGINT,
    day DATE,
    score BIGINT NOT NULL,
    finished BOOLEAN NOT NULL,
    won BOOLEAN NOT NULL,
    time_ms BIGINT NOT NULL,
    words BIGINT NOT NULL,
    presses BIGINT NOT NULL,
    visitor VARCHAR(80) NOT NULL,
    name VARCHAR(80) NOT NULL,
    known BOOLEAN NOT NULL,
    host VARCHAR(80) NOT NULL
);
CREATE INDEX voicetrail_results_of_a_day ON voicetrail_results (day, visitor);
CREATE INDEX voicetrail_results_of_a_name ON voicetrail_results (name)
"""
MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""What brings a database of each version to the next, in SQL that SQLite and PostgreSQL both understand; an empty one is of
version 0. A step that is out stays as it is.
"""
_LOCK = 0x76747363
"""Number of the lock that hosts take in PostgreSQL while one of them changes the tables."""


class LaterSchemaError(ScoresError):
    """The database was written by a later version of this program."""


def migrate(connection: Connection) -> None:
    """Bring a database to the newest schema, inside the transaction of a connection: all or nothing.

    Raises:
        LaterSchemaError: it is of a later version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    version = schema_version(connection)
    if version == len(MIGRATIONS):
        return
    if not version:
        connection.execute(text("CREATE TABLE IF NOT EXISTS voicetrail_schema (version BIGINT NOT NULL)"))
    for step in MIGRATIONS[version:]:
        for statement in step.split(";"):
            connection.execute(text(statement))
    connection.execute(text("DELETE FROM voicetrail_schema"))
    connection.execute(text("INSERT INTO voicetrail_schema (version) VALUES (:version)"), {"version": len(MIGRATIONS)})


def schema_version(connection: Connection) -> int:
    """The version of a database's schema; 0 for an empty one.

    Raises:
        LaterSchemaError: it is of a later version.
    """
    if not inspect(connection).has_table("voicetrail_schema"):
        return 0
    version = int(connection.execute(text("SELECT max(version) FROM voicetrail_schema")).scalar() or 0)
    if version > len(MIGRATIONS):
        raise LaterSchemaError("the scores of visitors were written by a newer voicetrail: update this one, and start it again")
    return version
