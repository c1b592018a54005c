"""The address of the shared scores: a file, or the URL of a PostgreSQL database, whose password is never shown."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.atomic import is_open_to_others, read_file
from voicetrail.errors import UsageError, reason_of
from voicetrail.install import pip_command
from voicetrail.text import expanded_path, printable

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "VOICETRAIL_DATABASE_URL"
"""Environment variable with the URL."""
FILE_NAME = "visitors.sqlite3"
URL_MAX = 2000
HINT = f"put the URL into a file that only you can read and pass it with --database-file, or set the variable {VARIABLE}"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database."""

    url: URL = field(repr=False)
    notices: tuple[str, ...] = ()
    """Notices for the operator, one line each."""

    @property
    def is_shared(self) -> bool:
        """Whether several hosts can use the database."""
        return self.url.get_backend_name() == "postgresql"

    @property
    def path(self) -> Path:
        """The path of a SQLite database."""
        return Path(str(self.url.database))

    def __str__(self) -> str:
        """Return the database without password, user and driver options."""
        if not self.is_shared:
            return printable(self.path)
        port = f":{self.url.port}" if self.url.port else ""
        return printable(f"PostgreSQL {self.url.database or ''} at {self.url.host or 'this machine'}{port}")

    def without_secrets(self, text: object) -> str:
        """Return a driver's message on one line, with the password removed if it contains it."""
        shown = str(text)
        secrets = [self.url.password, *(str(value) for name, value in self.url.query.items() if "pass" in name)]
        for secret in secrets:
            if secret:
                shown = shown.replace(str(secret), "***")
        return printable(" ".join(shown.split()), 300)


def default_folder() -> Path:
    """Return the folder for a host's scores and its waiting file."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "host"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the database."""
    parser.add_argument(
        "--database",
        metavar="FILE|URL",
        help="database for the scores of all visitors: a file, or postgresql://USER@HOST/NAME, which several hosts can share",
    )
    parser.add_argument(
        "--database-file",
        metavar="FILE",
        help=f"private file with the URL and its password; the variable {VARIABLE} can contain the URL instead",
    )


def database_address(
    given: str | None = None,
    file: str | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> DatabaseAddress:
    """Determine the database: from the command line, a file, the environment, or the default file in the data folder.

    Args:
        given: a path or URL from the command line. It must not contain a password, because other users can read it.
        file: a file that contains a path or URL.
        environment: may contain ``VOICETRAIL_DATABASE_URL``; ``None`` uses the environment of the process.
        folder: folder of the default file; ``None`` is the platform's folder.

    Raises:
        UsageError: the file cannot be read, or the database is not supported.
    """
    variables = os.environ if environment is None else environment
    if given and file:
        raise UsageError("--database and --database-file cannot be used together")
    if given:
        address = _parsed(given)
        if address.url.password or any("pass" in name for name in address.url.query):
            raise UsageError(f"--database: other users can read a password on the command line; {HINT}")
        return address
    if file:
        return _from_file(Path(file))
    if variables.get(VARIABLE, "").strip():
        return _parsed(variables[VARIABLE].strip())
    return _parsed(str((folder or default_folder()) / FILE_NAME))


def _from_file(path: Path) -> DatabaseAddress:
    name = printable(path)
    try:
        text = read_file(path, URL_MAX).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        why = reason_of(error)
        raise UsageError(f"--database-file: cannot read {name}: {why}") from None
    if not text or len(text) > URL_MAX or "\n" in text:
        raise UsageError(f"--database-file: {name} must contain one line, the URL of the database")
    address = _parsed(text)
    if is_open_to_others(path):
        return DatabaseAddress(address.url, (f"{name} can be read by other users; run: chmod 600 {name}",))
    return address


def _parsed(text: str) -> DatabaseAddress:
    # The messages do not repeat the text, because it may contain a password.
    try:
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise UsageError(f"the scores of visitors need SQLAlchemy: {pip_command('voicetrail[host]')}") from None

    if "://" not in text:
        return DatabaseAddress(URL.create("sqlite", database=str(expanded_path(text).absolute())))
    scheme = text.partition("://")[0]
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError("the URL of the database is invalid; write postgresql://USER:PASSWORD@HOST:5432/NAME") from None
    if scheme == "sqlite" and url.database not in (None, "", ":memory:"):
        return DatabaseAddress(URL.create("sqlite", database=str(Path(str(url.database)).absolute())))
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        if not url.database:
            raise UsageError("the URL has no database name; write postgresql://USER:PASSWORD@HOST:5432/NAME")
        try:
            import psycopg  # noqa: F401  # check that it is installed
        except ImportError:
            raise UsageError(f"PostgreSQL needs psycopg: {pip_command('voicetrail[host]')}") from None
        return DatabaseAddress(url.set(drivername="postgresql+psycopg"))
    raise UsageError("the database must be a file (SQLite) or PostgreSQL: postgresql://USER:PASSWORD@HOST:5432/NAME")
