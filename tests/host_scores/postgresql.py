"""A real PostgreSQL for the tests: made, started, stopped and removed by them, by a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "hot:chocolate/3%@ü"
"""One that a URL cannot hold as it is."""
USER = "trail"
_numbers = count(1)


def binary(name: str) -> str | None:
    """A program of PostgreSQL, which Debian does not put on the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")) if Path("/usr/lib/postgresql").is_dir() else []
    return shutil.which(name) or (str(places[-1]) if places else None)


def other_user() -> str | None:
    """Who runs it: PostgreSQL refuses to be root's. ``None`` is whoever runs the tests."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no user to run it as")


class PostgreSQL:
    """A server with one user that has to give a password."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder = folder
        self.user = user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def make(self) -> None:
        """Make it."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD, "utf-8")
        if self.user is not None:
            shutil.chown(self.folder, self.user)
            shutil.chown(secret, self.user)
        rules = [
            "--auth=scram-sha-256",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        self._run("initdb", f"--pgdata={self.folder}/data", *rules)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} -c fsync=off"
        self._run(
            "pg_ctl", "--wait", "-t", "60", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o", options, "start"
        )

    def stop(self, how: str = "immediate") -> None:
        """Stop it: ``immediate`` is what a power cut looks like to those who are connected."""
        self._run("pg_ctl", "--wait", "-t", "60", "-D", f"{self.folder}/data", "-m", how, "stop")

    @property
    def running(self) -> bool:
        """It runs."""
        return (self.folder / "data" / "postmaster.pid").exists()

    def url(self, database: str, password: str = PASSWORD) -> str:
        """The URL of one of its databases."""
        from sqlalchemy import URL

        address = URL.create("postgresql", USER, password, "127.0.0.1", self.port, database)
        return address.render_as_string(hide_password=False)

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        import psycopg

        name = f"scores{next(_numbers)}"
        login = {"host": "127.0.0.1", "port": self.port, "user": USER, "password": PASSWORD, "dbname": "postgres"}
        with psycopg.connect(**login, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, name: str, *arguments: str) -> None:
        program = binary(name)
        assert program is not None
        environment: Mapping[str, str] = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        user: dict[str, Any] = (
            {} if self.user is None else {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        )
        # The server inherits the output: into a file, or its end would be waited for.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [program, *arguments], cwd="/", env=environment, stdout=said, stderr=said, timeout=90, check=False, **user
            )
            said.seek(0)
            assert done.returncode == 0, f"{name}: {said.read()}"


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """A server that runs."""
    if binary("initdb") is None or binary("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="voicetrail-pg-") as name:
        server = PostgreSQL(Path(name), other_user())
        server.make()
        server.start()
        try:
            yield server
        finally:
            if server.running:
                server.stop()
