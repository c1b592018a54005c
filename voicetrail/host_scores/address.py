"""Where the scores of all visitors are kept: a file, or the URL of a PostgreSQL database, whose password is never shown."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.atomic import is_open_to_others, read_file
from voicetrail.errors import UsageError
from voicetrail.install import pip_command
from voicetrail.text import printable

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "VOICETRAIL_DATABASE_URL"
"""Environment variable with the URL."""
FILE_NAME = "visitors.sqlite3"
URL_MAX = 2000
HINT = f"put it into a file that only you can read and name that with --database-file, or into the variable {VARIABLE}"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database."""

    url: URL = field(repr=False)
    notices: tuple[str, ...] = ()
    """A line for each thing that the operator should know."""

    @property
    def is_shared(self) -> bool:
        """Several hosts may use it."""
        return self.url.get_backend_name() == "postgresql"

    @property
    def path(self) -> Path:
        """The file, of a database that is one."""
        return Path(str(self.url.database))

    def __str__(self) -> str:
        """The database without its password, its user and whatever else is for the driver alone."""
        if not self.is_shared:
            return printable(self.path)
        port = f":{self.url.port}" if self.url.port else ""
        return printable(f"PostgreSQL {self.url.database or ''} at {self.url.host or 'this machine'}{port}")

    def without_secrets(self, text: object) -> str:
        """A driver's message on one line, with the password taken out of it in case that it is there."""
        shown = str(text)
        secrets = [self.url.password, *(str(value) for name, value in self.url.query.items() if "pass" in name)]
        for secret in secrets:
            if secret:
                shown = shown.replace(str(secret), "***")
        return printable(" ".join(shown.split()), 300)


def default_folder() -> Path:
    """Where a host keeps its scores, and what waits for its database."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "host"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names the database."""
    parser.add_argument(
        "--database",
        metavar="FILE|URL",
        help="where the scores of all visitors are kept: a file, or postgresql://USER@HOST/NAME, which several hosts may share",
    )
    parser.add_argument(
        "--database-file",
        metavar="FILE",
        help=f"a file with that URL, its password in it, for your eyes only; the variable {VARIABLE} does the same",
    )


def database_address(
    given: str | None = None,
    file: str | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> DatabaseAddress:
    """Find out which database is meant: what is given, a file's content, the environment's, or the file in the data folder.

    Args:
        given: a path or a URL from the command line, which others on the machine can read: it may hold no password.
        file: a file with a path or a URL.
        environment: where ``VOICETRAIL_DATABASE_URL`` may stand; ``None`` is the process's own.
        folder: the host's folder; ``None`` is the platform's place.

    Raises:
        UsageError: it cannot be read, or is none of the databases that there are.
    """
    variables = os.environ if environment is None else environment
    if given and file:
        raise UsageError("--database and --database-file name the same thing: give one of them")
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
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise UsageError(f"--database-file: cannot read {name}: {why}") from None
    if not text or len(text) > URL_MAX or "\n" in text:
        raise UsageError(f"--database-file: {name} must hold one line, the URL of the database")
    address = _parsed(text)
    if is_open_to_others(path):
        return DatabaseAddress(address.url, (f"{name} can be read by other users: chmod 600 {name}",))
    return address


def _parsed(text: str) -> DatabaseAddress:
    # What is wrong is said without the text: it may hold a password.
    try:
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise UsageError(f"the scores of visitors need SQLAlchemy: {pip_command('voicetrail[host]')}") from None

    if "://" not in text:
        return DatabaseAddress(URL.create("sqlite", database=str(Path(text).expanduser().absolute())))
    scheme = text.partition("://")[0]
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError("the URL of the database cannot be read; write postgresql://USER:PASSWORD@HOST:5432/NAME") from None
    if scheme == "sqlite" and url.database not in (None, "", ":memory:"):
        return DatabaseAddress(URL.create("sqlite", database=str(Path(str(url.database)).absolute())))
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        if not url.database:
            raise UsageError("the URL of the database names none; write postgresql://USER:PASSWORD@HOST:5432/NAME")
        try:
            import psycopg  # noqa: F401  # whether it is there
        except ImportError:
            raise UsageError(f"PostgreSQL needs psycopg: {pip_command('voicetrail[host]')}") from None
        return DatabaseAddress(url.set(drivername="postgresql+psycopg"))
    raise UsageError(
        "scores of visitors are kept in a file (SQLite) or in PostgreSQL: postgresql://USER:PASSWORD@HOST:5432/NAME"
    )
