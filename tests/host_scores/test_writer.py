"""From a visitor's game to the database and back, also while the database is away."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from tests.host_scores.makers import ANNA, BO, DAY, NOON, daily_result
from tests.host_scores.postgresql import PASSWORD, PostgreSQL
from tests.host_scores.serving import running, until, visitor
from tests.scores.makers import row
from voicetrail.game.modes.maze import daily_setup
from voicetrail.game.rules import RoundResult
from voicetrail.host_scores import schema, waiting, writer
from voicetrail.host_scores.address import DatabaseAddress, database_address
from voicetrail.host_scores.schema import LaterSchemaError
from voicetrail.host_scores.store import HostScoreStore
from voicetrail.host_scores.visitors import RESULTS_PER_MINUTE, VisitorScoresServer
from voicetrail.host_scores.waiting import WaitingResults
from voicetrail.host_scores.writer import ScoresReport, ScoreWriter
from voicetrail.scores.rows import ScoreRow, row_of
from voicetrail.scores.shared import VARIABLE
from voicetrail.scores.shared.client import HostTable, host_table
from voicetrail.scores.shared.result import SharedResult, VisitorName, played_of
from voicetrail.scores.store import ScoresError
from voicetrail.scores.visitor import VisitorScoreStore


def saved(address: DatabaseAddress) -> list[SharedResult]:
    with closing(HostScoreStore(address)) as store:
        return list(store.results())


def test_a_result_is_in_the_table_at_once_and_in_the_database_soon(address: DatabaseAddress, tmp_path: Path) -> None:
    with running(address, tmp_path) as one:
        result = daily_result()
        one.keep(result)
        table = one.table(DAY, ANNA.identity)
        assert table.own is not None
        assert not table.stale
        until(lambda: len(one.waiting) == 0)
        assert saved(address) == [result]
        assert one.table(DAY, BO.identity).own is None


def test_the_results_of_another_host_are_seen(address: DatabaseAddress, tmp_path: Path) -> None:
    with running(address, tmp_path / "a") as north, running(address, tmp_path / "b") as south:
        north.keep(daily_result())
        south.keep(daily_result(BO, 100))
        until(lambda: [each.name for each in north.table(DAY).rows] == ["Bo", "Anna"])
        until(lambda: south.table(DAY, ANNA.identity) == north.table(DAY, ANNA.identity))


def test_what_is_sent_twice_is_counted_once(address: DatabaseAddress, tmp_path: Path) -> None:
    result = daily_result()
    with running(address, tmp_path) as one:
        for _ in range(3):
            one.keep(result)
    # As after a crash between the database and the waiting file.
    with closing(WaitingResults(tmp_path)) as file:
        file.add(result)
    with running(address, tmp_path) as one:
        until(lambda: len(one.waiting) == 0)
    assert saved(address) == [result]


def test_postgresql_stops_in_the_middle_and_nothing_is_lost(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_LONGEST_S", 0.3)
    monkeypatch.setattr(writer, "RETRY_FIRST_S", 0.1)
    address = database_address(environment={"VOICETRAIL_DATABASE_URL": postgresql.new_database()})
    reports: list[ScoresReport] = []
    with running(address, tmp_path, reports) as one:
        before = daily_result()
        one.keep(before)
        until(lambda: len(one.waiting) == 0)
        postgresql.stop("immediate")
        try:
            during = [daily_result(BO, 99), daily_result(VisitorName.guest("Cleo"), 98)]
            began = monotonic()
            for result in during:
                one.keep(result)
            until(lambda: bool(reports))
            table = one.table(DAY, BO.identity)
            assert monotonic() - began < 5, "nobody waits for a database that is away"
            assert table.stale
            assert table.own is not None
            assert len(one.waiting) == 2
        finally:
            postgresql.start()
        until(lambda: len(one.waiting) == 0)
        until(lambda: len(reports) == 2)
        assert not one.table(DAY).stale
    assert {each.uid for each in saved(address)} == {before.uid, *(each.uid for each in during)}
    assert [(one.state, one.count) for one in reports] == [("away", None), ("back", 2)]
    assert reports[0].text
    assert PASSWORD not in reports[0].text


def test_a_host_that_starts_while_the_database_is_away_takes_results(tmp_path: Path) -> None:
    address = database_address("postgresql://me@127.0.0.1:1/scores")
    reports: list[ScoresReport] = []
    with running(address, tmp_path, reports) as one:
        one.keep(daily_result())
        assert one.table(DAY, ANNA.identity).own is not None
    assert reports[0].state == "away"
    assert reports[0].text.startswith("Connection refused")
    assert (reports[-1].state, reports[-1].count) == ("waiting", 1)
    better = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(better, tmp_path) as one:
        until(lambda: len(one.waiting) == 0)
    assert len(saved(better)) == 1


def test_a_later_schema_is_refused_at_the_start_and_tolerated_afterward(
    address: DatabaseAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[ScoresReport] = []
    now = schema.MIGRATIONS
    with running(address, tmp_path, reports) as one:
        monkeypatch.setattr(schema, "MIGRATIONS", (*now, "ALTER TABLE voicetrail_results ADD COLUMN weather VARCHAR(8)"))
        HostScoreStore(address).close()
        monkeypatch.setattr(schema, "MIGRATIONS", now)
        one.keep(daily_result())
        until(lambda: bool(reports))
        assert "newer voicetrail" in reports[0].text
        assert len(one.waiting) == 1
    with pytest.raises(LaterSchemaError):
        ScoreWriter(address, tmp_path, host="north").start()


def test_waiting_results_are_limited_private_and_set_aside_if_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "WAITING_MAX", 2)
    with closing(WaitingResults(tmp_path)) as file:
        file.add(daily_result())
        file.add(daily_result())
        with pytest.raises(ScoresError, match="no more can be accepted"):
            file.add(daily_result())
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with closing(sqlite3.connect(file.path)) as connection:
        connection.execute("UPDATE waiting SET result = '[[' WHERE uid = (SELECT min(uid) FROM waiting)")
        connection.commit()
    with closing(WaitingResults(tmp_path)) as file:
        assert len(file.first()) == len(file) == 1, "what cannot be read is dropped"
    file.path.write_bytes(b"no database" * 100)
    with closing(WaitingResults(tmp_path)) as file:
        assert len(file) == 0
        assert "is damaged" in file.notices[0]


# The visitor's connection


def round_of(visitor_words: int = 30, *, day: bool = True) -> ScoreRow:
    """A round that began a moment ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    if not day:
        return row("sketch", "", 3, began=now, time_ms=0)
    from voicetrail.game import make_rules

    rules = make_rules(daily_setup(now.date()))
    result = RoundResult("maze", rules.level, 60, True, True, 0, visitor_words, seed=rules.setup.seed)
    return row_of(result, now, day=now.date())


def test_a_round_of_a_visitor_reaches_the_table_of_the_host(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(address, tmp_path) as one, visitor(one) as (theirs, _):
        row = round_of()
        with VisitorScoreStore(HostTable(theirs), tmp_path / "own.sqlite3") as scores:
            came = threading.Event()
            end = scores.host.subscribe(came.set)
            assert row.day is not None
            day = datetime.fromisoformat(row.day).date()
            assert scores.begin_daily(day, datetime.now(UTC))
            scores.end_daily(day, row)
            assert came.wait(10)
            end()
            table = scores.host.table
            assert table is not None
            assert table.own is not None
            assert table.own.name == "Anna"
            assert scores.daily_result(day)[1] == row, "the visitor's own file has it as well"
            sketch = round_of(day=False)
            scores.add(sketch)
        until(lambda: len(one.waiting) == 0)
    assert {each.uid for each in saved(address)} == {row.uid, sketch.uid}


def test_a_game_that_is_killed_right_after_its_result_loses_nothing(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(address, tmp_path) as one:
        with visitor(one) as (theirs, _):
            for _ in range(5):
                theirs.sendall(json.dumps({"type": "result", "result": played_of(round_of())}).encode() + b"\n")
            theirs.sendall(b'{"type": "result", "res')
        until(lambda: len(one.waiting) == 0)
    assert len(saved(address)) == 5


@pytest.mark.parametrize(
    "message",
    [
        b"rubbish",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"type": "result", "result": 5}',
        b'{"type": "table", "day": "1999-01-01"}',
        b'{"type": "table", "day": "\\u001b[2J"}',
        b'{"type": "delete", "name": "Bo"}',
        b"x" * 200_000,
    ],
    ids=lambda message: repr(message[:40]),
)
def test_invalid_messages_end_only_the_connection_of_their_game(tmp_path: Path, message: bytes) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    reports: list[ScoresReport] = []
    with running(address, tmp_path) as one, visitor(one, BO) as (good, _):
        with visitor(one, reports=reports) as (bad, thread):
            bad.settimeout(10)
            try:
                bad.sendall(message + b"\n")
                assert bad.recv(100) == b""
            except ConnectionError:
                pass
            thread.join(10)
            assert not thread.is_alive()
        assert all(one.state == "ended" and one.text.isprintable() and len(one.text) < 100 for one in reports)
        assert len(reports) == 1
        table = HostTable(good)
        table.request(datetime.now(UTC).date())
        until(lambda: table.table is not None)
        table.close()


def test_an_implausible_result_is_refused_with_a_message_and_the_game_goes_on(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(address, tmp_path) as one, visitor(one) as (theirs, _):
        table = HostTable(theirs)
        table.send(round_of(visitor_words=1))
        until(lambda: bool(table.problem))
        assert "does not count on this host" in table.problem
        table.send(round_of())
        until(lambda: len(saved(address)) == 1)
        table.close()


async def test_a_flood_of_results_is_bounded(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(address, tmp_path) as one:
        server = VisitorScoresServer(ANNA, one)
        answers = []
        for _ in range(3 * RESULTS_PER_MINUTE):
            answers.append(await server.answer(json.dumps({"type": "result", "result": played_of(round_of())}).encode()))
        assert sum(answer["type"] == "kept" for answer in answers if answer) <= RESULTS_PER_MINUTE + 5

        async def flood() -> None:
            for _ in range(1000):
                await server.answer(b'{"type": "result", "result": {}}')

        with pytest.raises(ValueError, match="too many messages"):
            await flood()


def test_a_game_that_reads_nothing_does_not_delay_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.host_scores.visitors.WRITE_TIMEOUT_S", 0.3)
    monkeypatch.setattr("voicetrail.host_scores.visitors.MESSAGES_PER_MINUTE", 100_000)
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    day = datetime.now(UTC).date().isoformat()
    with running(address, tmp_path) as one, visitor(one) as (theirs, thread):
        for each in range(30):
            one.keep(daily_result(VisitorName.guest(f"guest {each}"), day=datetime.now(UTC).date()))
        theirs.settimeout(0.5)

        def flood() -> None:
            while True:
                theirs.sendall(json.dumps({"type": "table", "day": day}).encode() + b"\n")

        with pytest.raises(OSError, match=r"timed out|Broken|reset"):
            flood()
        thread.join(20)
        assert not thread.is_alive()


def test_a_lost_host_is_reported_and_the_game_goes_on(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with VisitorScoreStore(HostTable(theirs), tmp_path / "own.sqlite3") as scores:
        ours.close()
        until(lambda: scores.host.lost)
        scores.add(round_of())
        assert "connection to the host is lost" in scores.host.problem
        assert len(list(scores.rows())) == 1


@pytest.mark.parametrize("text", ["", "x", "-1", "999999", "0x5", "³"])
def test_an_invalid_descriptor_is_no_connection(text: str) -> None:
    assert host_table({VARIABLE: text}) is None


def test_a_file_instead_of_the_socket_is_no_connection(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert host_table({VARIABLE: str(file.fileno())}) is None
        file.write("it stays open")


def test_the_inherited_socket_is_found_and_not_inherited_on() -> None:
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    table = host_table({VARIABLE: str(theirs.detach())})
    assert table is not None
    assert not table._connection.get_inheritable()
    ours.close()
    table.close()


def test_no_result_of_yesterday_is_lost(tmp_path: Path) -> None:
    address = database_address(str(tmp_path / "visitors.sqlite3"))
    with running(address, tmp_path) as one:
        one.keep(daily_result())
        one.keep(daily_result(BO, day=DAY + timedelta(days=1), began=NOON + timedelta(days=1)))
        assert one.table(DAY).finished == one.table(DAY + timedelta(days=1)).finished == 1
