from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.game.rounds import LEAVING, SETUPS, TIMED, Timed, played
from tests.scores.makers import NOW, daily, row
from voicetrail.game import RoundSetup
from voicetrail.scores.database import APPLICATION_ID, MIGRATIONS, SPARE_NAME, VERSION
from voicetrail.scores.rows import ScoreRow, from_json, row_of, to_json
from voicetrail.scores.store import ScoreStore


def path_in(folder: Path) -> Path:
    return folder / "data" / "scores.sqlite3"


def kept(path: Path) -> list[ScoreRow]:
    with ScoreStore(path) as store:
        assert not store.notices
        return list(store.rows())


def test_results_are_found_again(tmp_path: Path) -> None:
    rows = [row(score=80), row("snake", "medium", 7, par=None), row("sketch", "", 3, finished=False, won=False)]
    with ScoreStore(path_in(tmp_path)) as store:
        assert [store.add(one) for one in rows] == [True] * 3
        assert store.add(rows[0]) is False, "kept once"
    assert kept(path_in(tmp_path)) == rows


@settings(max_examples=40, deadline=None)
@given(SETUPS, TIMED, LEAVING, st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)))
def test_the_result_of_any_round_can_be_saved(
    tmp_path_factory: pytest.TempPathFactory, setup: RoundSetup, inputs: Timed, leaving: Timed, began: datetime
) -> None:
    one = row_of(played(setup, [*inputs, *leaving]).result(), began)
    assert from_json(to_json(one)) == one
    path = tmp_path_factory.mktemp("scores") / "scores.sqlite3"
    with ScoreStore(path) as store:
        store.add(one)
        assert list(store.rows()) == [one]


def test_files_and_folder_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = path_in(tmp_path)
        with ScoreStore(path) as store:
            store.add(row())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        assert f"{path.name}-wal" in modes
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(old)


def test_bests_are_by_score_then_time_and_only_of_finished_rounds(tmp_path: Path) -> None:
    slow, quick = row(score=95, time_ms=60_000), row(score=95, time_ms=30_000)
    daily_rows = [daily(date(2026, 11, 24)), daily(date(2026, 11, 25), won=False)]
    with ScoreStore(path_in(tmp_path)) as store:
        store.add_all([slow, quick, row(score=40), row(score=300, finished=False), row("snake", "medium", 9), *daily_rows])
        assert store.best("maze", "small") == quick
        assert store.best("maze", "daily") == daily_rows[0]
        assert store.best("maze", "huge") is None
        assert store.bests() == [daily_rows[0], quick, store.best("snake", "medium")]
        assert store.best("maze", "small", profile="kitchen") is None


def test_only_the_first_try_of_a_day_counts(tmp_path: Path) -> None:
    day, path = date(2026, 11, 25), path_in(tmp_path)
    with ScoreStore(path) as store, ScoreStore(path) as other:
        assert store.daily_result(day) == (False, None)
        assert store.begin_daily(day, NOW)
        assert not other.begin_daily(day, NOW), "also not in another game"
        assert store.daily_result(day) == (True, None), "a try that was never finished is a try"
        first, second = daily(day), daily(day)
        store.end_daily(day, first)
        other.end_daily(day, second)
        assert store.daily_result(day) == (True, first)
        assert store.begin_daily(day + timedelta(days=1), NOW)


@pytest.mark.parametrize("version", range(VERSION))
def test_a_file_of_an_earlier_version_is_migrated(tmp_path: Path, version: int) -> None:
    path = path_in(tmp_path)
    path.parent.mkdir()
    uid = "0" * 32
    with closing(sqlite3.connect(path)) as old:
        for step in MIGRATIONS[:version]:
            old.executescript(step)
        old.execute(f"PRAGMA user_version = {version}")
        if version:
            old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            old.execute(
                "INSERT INTO results (uid, began, mode, level, score, finished, won, time_ms, words) "
                "VALUES (?, '2026-01-02T03:04:05+00:00', 'snake', 'small', 12, 1, 0, 65000, 30)",
                (uid,),
            )
        old.commit()
    with ScoreStore(path) as store:
        assert not store.notices
        if version:
            best = store.best("snake", "small")
            assert best is not None
            assert (best.uid, best.score, best.words, best.by_word, best.day) == (uid, 12, 30, {}, None)
        assert store.add(row())
    assert len(kept(path)) == 1 + bool(version)


def test_the_released_schema_changes_only_by_a_new_migration() -> None:
    # Files of these versions exist. Whoever changes one of these steps breaks them; add a step at the end instead.
    import hashlib

    digests = [hashlib.sha256(" ".join(step.split()).encode()).hexdigest()[:12] for step in MIGRATIONS]
    assert digests == SHIPPED


SHIPPED = ["1390fc5eee24", "6c91fe05761b", "95fa08ed3ac0"]


def damage_header(path: Path) -> None:
    path.write_bytes(b"this is no database" * 500)


def damage_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def later_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (damage_header, "are damaged"),
        (damage_pages, "are damaged"),
        (cut_short, "are damaged"),
        (later_version, "were written by a newer voicetrail"),
        (other_program, "belong to another program"),
    ],
)
def test_an_unusable_database_is_set_aside_and_nothing_is_deleted(tmp_path: Path, harm: object, why: str) -> None:
    path = path_in(tmp_path)
    with ScoreStore(path) as store:
        store.add_all([row() for _ in range(50)])
    assert callable(harm)
    harm(path)
    before = path.read_bytes()
    with ScoreStore(path) as store:
        (notice,) = store.notices
        assert why in notice
        assert "\n" not in notice
        assert store.add(row())
    (aside,) = path.parent.glob("scores-2*.sqlite3")
    assert aside.name in notice
    assert aside.read_bytes()[20:] == before[20:]
    assert len(kept(path)) == 1


def as_nobody(path: Path, out: Path) -> None:
    """In a process of its own, without the rights of root."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    with ScoreStore(path, timeout_s=0.2) as store:
        added = store.add(row())
        out.write_text(f"{added}\n{len(list(store.rows()))}\n" + "\n".join(store.notices))


def run_as_nobody(folder: Path, path: Path) -> tuple[str, str, str]:
    out = folder / "out"
    out.touch()
    if os.geteuid() == 0:
        for place in (folder, *folder.rglob("*")):
            os.chown(place, 65534, 65534)
        for above in folder.parents:
            if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
    process = multiprocessing.get_context("fork").Process(target=as_nobody, args=(path, out))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    added, count, *notices = out.read_text().split("\n")
    return added, count, "\n".join(notices)


def test_a_read_only_database_is_set_aside(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with ScoreStore(path) as store:
        store.add(row())
    path.chmod(0o400)
    added, count, notice = run_as_nobody(tmp_path, path)
    assert (added, count) == ("True", "1")
    assert "cannot be written (read-only); they were moved to scores-2" in notice
    (aside,) = path.parent.glob("scores-2*.sqlite3")
    assert aside.stat().st_size


def test_in_a_folder_that_cannot_be_written_results_last_until_the_game_ends(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    path.parent.mkdir()
    path.parent.chmod(0o500)
    added, count, notice = run_as_nobody(tmp_path, path)
    assert (added, count) == ("True", "1")
    assert "they will be lost when the game ends" in notice
    assert not path.exists()


def test_results_wait_while_the_database_is_locked_and_are_merged_later(tmp_path: Path) -> None:
    path, waiting = path_in(tmp_path), row()
    with ScoreStore(path) as store:
        store.add(row())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ScoreStore(path, timeout_s=0.1) as store:
            assert SPARE_NAME in store.notices[0]
            assert store.add(waiting)
            assert store.begin_daily(date(2026, 11, 25), NOW)
        other.execute("ROLLBACK")
    found = kept(path)
    assert waiting in found
    assert len(found) == 2
    with ScoreStore(path) as store:
        assert store.daily_result(date(2026, 11, 25))[0]
        assert len(list(store.rows())) == 2, "and only once"


def play_along(path: Path, number: int) -> None:
    with ScoreStore(path) as store:
        for _ in range(15):
            store.add(row(score=number))


def test_several_games_at_once_lose_nothing(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    context = multiprocessing.get_context("fork")
    games = [context.Process(target=play_along, args=(path, number)) for number in range(4)]
    for game in games:
        game.start()
    for game in games:
        game.join(60)
        assert game.exitcode == 0
    assert sorted(one.score for one in kept(path)) == [number for number in range(4) for _ in range(15)]


def test_a_result_is_saved_completely_or_not_at_all(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with ScoreStore(path) as store:
        twice = row()
        broken = row(by_word={})
        object.__setattr__(broken, "by_word", {"up": None})
        with pytest.raises(AttributeError):
            store.add_all([twice, broken])
        assert list(store.rows()) == []
        assert store.add(twice)


@pytest.mark.parametrize(
    "change",
    [
        {"uid": "x"},
        {"uid": 3},
        {"began": "yesterday"},
        {"mode": "chess"},
        {"score": -1},
        {"score": 1.5},
        {"score": True},
        {"level": "x" * 81},
        {"level": "\ud800"},
        {"finished": 1},
        {"medal": "tin"},
        {"accuracy": 2.0},
        {"day": "2026-13-01"},
        {"details": []},
        {"details": {"x": [1]}},
        {"by_word": {"up": [1]}},
        {"by_word": {"up": [1, -1]}},
        {"by_word": 3},
    ],
)
def test_an_invalid_result_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a result"):
        from_json(to_json(row()) | change)
