"""What the database of visitors keeps: the same tests on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host_scores.makers import ANNA, BO, DAY, RESULTS, TRIES, daily_result
from tests.host_scores.postgresql import PASSWORD, PostgreSQL
from voicetrail.errors import UsageError
from voicetrail.host_scores import schema
from voicetrail.host_scores.address import DatabaseAddress, database_address
from voicetrail.host_scores.schema import LaterSchemaError
from voicetrail.host_scores.store import DatabaseAwayError, HostScoreStore
from voicetrail.scores.shared.result import SharedResult, VisitorName
from voicetrail.scores.shared.table import day_table, first_tries
from voicetrail.scores.store import ScoresError

MANY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def emptied(store: HostScoreStore) -> None:
    """Delete what an earlier example left: one ``uid`` may come in two of them."""
    for name in {one.name for one in store.results()}:
        store.delete(name)


def test_results_are_found_again_and_counted_once(address: DatabaseAddress) -> None:
    results = [daily_result(), daily_result(BO, 90), daily_result(after_s=60)]
    with closing(HostScoreStore(address)) as store:
        assert store.add_all(results) == 3
        assert store.add_all([*results, daily_result(BO, after_s=90)]) == 1, "what was sent again is counted once"
    with closing(HostScoreStore(address)) as store:
        kept = list(store.results())
        assert [one for one in kept if one in results] == sorted(results, key=lambda one: (one.began, one.uid))
        assert len(kept) == 4


@MANY
@given(results=st.lists(RESULTS, max_size=6, unique_by=lambda one: one.uid))
def test_any_result_is_read_as_it_was_written(address: DatabaseAddress, results: list[SharedResult]) -> None:
    with closing(HostScoreStore(address)) as store:
        emptied(store)
        new = store.add_all(results)
        kept = {one.uid: one for one in store.results()}
    assert new == len(results)
    assert all(kept[one.uid] == one for one in results)


@MANY
@given(tries=TRIES, order=st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_change_the_table(
    address: DatabaseAddress, tries: list[SharedResult], order: random.Random
) -> None:
    with closing(HostScoreStore(address)) as store:
        emptied(store)
        shuffled = [*tries, *tries[:3]]
        order.shuffle(shuffled)
        for one in shuffled:
            store.add_all([one])
        found = store.tries(DAY)
    assert found == first_tries(tries, DAY)
    assert day_table(found, DAY, ANNA.identity) == day_table(shuffled, DAY, ANNA.identity)


def test_only_the_first_try_of_a_visitor_counts_and_one_that_was_left_is_a_try(address: DatabaseAddress) -> None:
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result(score=40), daily_result(score=100, after_s=60)])
        store.add_all([daily_result(BO, 0, finished=False, won=False), daily_result(BO, 100, after_s=60)])
        table = day_table(store.tries(DAY), DAY, BO.identity)
    assert [(row.place, row.name, row.score) for row in table.rows] == [(1, "Anna", 40)]
    assert (table.finished, table.tried, table.own) == (1, 2, None)


def test_the_best_of_every_level(address: DatabaseAddress) -> None:
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result(score=70), daily_result(BO, 90, day=DAY - timedelta(days=1))])
        for score, finished in ((5, True), (9, False), (7, True)):
            store.add_all([daily_result(mode="snake", level="small", day=None, score=score, finished=finished, won=False)])
        assert [(one.mode, one.score) for one in store.bests()] == [("maze", 90), ("snake", 7)]


def test_a_name_is_deleted_with_all_its_results_and_nothing_else(address: DatabaseAddress) -> None:
    with closing(HostScoreStore(address)) as store:
        store.add_all(
            [daily_result(), daily_result(after_s=5), daily_result(VisitorName.by_key("Anna", "x")), daily_result(BO)]
        )
        assert [(known, count) for _, known, count in store.visitors("Anna")] == [(False, 2), (True, 1)]
        assert store.delete("Ann") == store.delete("%") == store.delete("") == 0
        assert store.delete("Anna") == 3
        assert [one.name for one in store.results()] == ["Bo"]


@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE voicetrail_results;--",
        "\x1b]0;owned\x07\x1b[2J",
        "a\nb\rc\td",
        "%s %(x)s {0} :name",
        "\u202eevil",
        "",
        "\0",
        "🏴‍☠️",
    ],
)
def test_hostile_names_are_only_names(address: DatabaseAddress, name: str) -> None:
    visitor = VisitorName.guest(name)
    assert visitor.name.isprintable()
    assert 0 < len(visitor.name) <= 24
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result(visitor), daily_result(BO)])
        assert [one.name for one in store.tries(DAY) if one.visitor == visitor.identity] == [visitor.name]
        assert store.delete(visitor.name) == 1
        assert len(store.tries(DAY)) == 1


def _write(address_text: str, name: str, start: object) -> None:
    address = database_address(environment={"VOICETRAIL_DATABASE_URL": address_text})
    with closing(HostScoreStore(address)) as store:
        start.wait()  # type: ignore[attr-defined]
        for number in range(40):
            visitor = VisitorName.guest(f"{name} {number}")
            store.add_all([daily_result(visitor, host=name), daily_result(visitor, after_s=9, host=name)])


@pytest.mark.e2e
def test_two_hosts_write_at_once(address: DatabaseAddress) -> None:
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(3)
    text = address.url.render_as_string(hide_password=False)
    hosts = [processes.Process(target=_write, args=(text, name, start)) for name in ("north", "south")]
    for host in hosts:
        host.start()
    start.wait(60)
    for host in hosts:
        host.join(60)
        assert host.exitcode == 0
    with closing(HostScoreStore(address)) as store:
        assert len(list(store.results())) == 160
        tries = store.tries(DAY)
    assert len(tries) == 80
    assert {one.host for one in tries} == {"north", "south"}


def _open(address_text: str, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    HostScoreStore(database_address(environment={"VOICETRAIL_DATABASE_URL": address_text})).close()


@pytest.mark.e2e
def test_two_hosts_make_the_tables_at_once(address: DatabaseAddress) -> None:
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(3)
    hosts = [processes.Process(target=_open, args=(address.url.render_as_string(False), start)) for _ in range(3)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join(60)
        assert host.exitcode == 0


def test_an_earlier_schema_is_migrated_and_a_later_one_refused(
    address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result()])
    now = schema.MIGRATIONS
    later = (*now, "ALTER TABLE voicetrail_results ADD COLUMN weather VARCHAR(8) DEFAULT 'fair' NOT NULL")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with closing(HostScoreStore(address)) as store:
        assert len(list(store.results())) == 1
    with closing(HostScoreStore(address)):
        pass
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    with pytest.raises(LaterSchemaError, match="newer voicetrail; update this voicetrail") as refused:
        HostScoreStore(address)
    assert "\n" not in str(refused.value)


def test_a_running_host_writes_nothing_after_another_host_migrated_the_schema(
    address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(HostScoreStore(address)) as old:
        now = schema.MIGRATIONS
        monkeypatch.setattr(schema, "MIGRATIONS", (*now, "ALTER TABLE voicetrail_results ADD COLUMN weather VARCHAR(8)"))
        HostScoreStore(address).close()
        monkeypatch.setattr(schema, "MIGRATIONS", now)
        with pytest.raises(LaterSchemaError):
            old.add_all([daily_result()])


def test_a_failed_migration_changes_nothing(address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result()])
    now = schema.MIGRATIONS
    broken = "ALTER TABLE voicetrail_results ADD COLUMN weather VARCHAR(8); ALTER TABLE nowhere ADD COLUMN x BIGINT"
    monkeypatch.setattr(schema, "MIGRATIONS", (*now, broken))
    with pytest.raises(ScoresError):
        HostScoreStore(address)
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    with closing(HostScoreStore(address)) as store:
        assert store.add_all([daily_result(BO)]) == 1


def test_the_file_is_private_and_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "host" / "visitors.sqlite3"))
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result()])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "host").iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "host").stat().st_mode) == 0o700
    (tmp_path / "text").write_text("this is no database, and long enough to be looked at" * 40)
    with pytest.raises(ScoresError, match="not a database") as refused:
        HostScoreStore(database_address(str(tmp_path / "text")))
    assert "\n" not in str(refused.value)
    with pytest.raises(ScoresError, match="cannot be saved"):
        HostScoreStore(database_address(str(tmp_path / "text" / "below")))


def test_a_row_that_was_tampered_with_is_skipped(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with closing(HostScoreStore(address)) as store:
        store.add_all([daily_result(), daily_result(BO)])
        with closing(sqlite3.connect(address.path)) as connection:
            connection.execute("UPDATE voicetrail_results SET name = char(27) || '[2J' WHERE name = 'Anna'")
            connection.commit()
        assert [one.name for one in store.results()] == ["Bo"]


class TestPassword:
    """The password of the database is never shown."""

    def test_an_invalid_database(self, postgresql: PostgreSQL) -> None:
        url = postgresql.url("postgres", "wrong-and-secret")
        address = database_address(environment={"VOICETRAIL_DATABASE_URL": url})
        with pytest.raises(DatabaseAwayError) as refused:
            HostScoreStore(address)
        shown = f"{refused.value} {refused.value!r} {address} {address!r}"
        assert "wrong-and-secret" not in shown
        assert "\n" not in shown

    def test_a_server_that_is_not_there(self, postgresql: PostgreSQL) -> None:
        address = database_address(
            environment={"VOICETRAIL_DATABASE_URL": "postgresql://me:s3cret@127.0.0.1:1/x?sslpassword=s3cret"}
        )
        with pytest.raises(DatabaseAwayError) as refused:
            HostScoreStore(address)
        assert "s3cret" not in f"{refused.value} {address} {address!r}"
        assert str(address) == "PostgreSQL x at 127.0.0.1:1"

    @pytest.mark.parametrize(
        "url", ["postgresql://me:s3cret@h:port/x", "postgresql://me:s3cret@h", "mysql://me:s3cret@h/x", "://s3cret"]
    )
    def test_an_invalid_url(self, url: str) -> None:
        with pytest.raises(UsageError) as refused:
            database_address(environment={"VOICETRAIL_DATABASE_URL": url})
        assert "s3cret" not in str(refused.value)

    def test_on_the_command_line_it_is_refused(self) -> None:
        with pytest.raises(UsageError, match="other users can read") as refused:
            database_address("postgresql://me:s3cret@h/x")
        assert "s3cret" not in str(refused.value)
        assert not database_address("postgresql://me@h/x").url.password

    def test_in_a_file_it_is_read_and_one_that_others_can_read_is_reported(
        self, tmp_path: Path, postgresql: PostgreSQL
    ) -> None:
        file = tmp_path / "url"
        file.write_text(postgresql.url("x") + "\n")
        file.chmod(0o600)
        address = database_address(file=str(file))
        assert address.url.password == PASSWORD
        assert not address.notices
        file.chmod(0o644)
        (notice,) = database_address(file=str(file)).notices
        assert "chmod 600" in notice

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\nb", b"x" * 3000])
    def test_a_file_without_a_url(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "url").write_bytes(content)
        with pytest.raises(UsageError, match="--database-file"):
            database_address(file=str(tmp_path / "url"))
        with pytest.raises(UsageError, match="cannot read"):
            database_address(file=str(tmp_path / "none"))
