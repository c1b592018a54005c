from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host_scores.postgresql import PostgreSQL, postgresql_server
from voicetrail.host_scores.address import DatabaseAddress, database_address

HERE = Path(__file__).parent

pytest.importorskip("sqlalchemy", reason="the scores of visitors need SQLAlchemy: pip install 'voicetrail[host]'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs a PostgreSQL server is marked ``e2e``; the same tests on SQLite are not."""
    for item in items:
        if isinstance(item, pytest.Function) and HERE in item.path.parents:
            on = item.callspec.params.get("address") if hasattr(item, "callspec") else None
            if on == "postgresql" or "postgresql" in item.fixturenames:
                item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of the tests' own."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return database_address(str(tmp_path / "host" / "visitors.sqlite3"))
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return database_address(environment={"VOICETRAIL_DATABASE_URL": server.new_database()})
