"""The database schema and its migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, DateTime, Dialect, MetaData, String, Table, inspect, text
from sqlalchemy.types import TypeDecorator

from voicetrail.scores.store import ScoresError


class UtcTime(TypeDecorator[datetime]):
    """A time with a time zone; a database without time zones stores UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a value for the database."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Convert a value from the database."""
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
"""The table of results; its columns are the fields of ``SharedResult``."""

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
"""The SQL that migrates each version to the next, valid in SQLite and PostgreSQL. An empty database has version 0. A released
migration must not be changed.
"""
_LOCK = 0x76747363
"""Number of the advisory lock in PostgreSQL during a migration."""


class LaterSchemaError(ScoresError):
    """The database was written by a later version of this program."""


def migrate(connection: Connection) -> None:
    """Migrate a database to the newest schema, within the transaction of a connection.

    Raises:
        LaterSchemaError: the database has a later version.
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
    """Return the version of a database's schema; 0 for an empty database.

    Raises:
        LaterSchemaError: the database has a later version.
    """
    if not inspect(connection).has_table("voicetrail_schema"):
        return 0
    version = int(connection.execute(text("SELECT max(version) FROM voicetrail_schema")).scalar() or 0)
    if version > len(MIGRATIONS):
        raise LaterSchemaError("the database was written by a newer voicetrail; update this voicetrail and start it again")
    return version
