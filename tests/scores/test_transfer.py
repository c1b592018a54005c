from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.scores.makers import NOW, daily, row
from voicetrail.cli import main
from voicetrail.scores.database import VERSION
from voicetrail.scores.store import ScoresError, ScoreStore
from voicetrail.scores.transfer import export_csv, export_json, import_file


def filled(path: Path) -> Path:
    with ScoreStore(path) as store:
        store.add_all([row(score=80), row("echo", "", 6, par=None)])
        day = date(2026, 11, 20)
        assert store.begin_daily(day, NOW)
        store.end_daily(day, daily(day))
    return path


@pytest.mark.parametrize("form", ["json", "database"])
def test_the_results_of_another_machine_are_merged_once(tmp_path: Path, form: str) -> None:
    source = filled(tmp_path / "other.sqlite3")
    if form == "json":
        with ScoreStore(source) as store:
            source = tmp_path / "other.json"
            source.write_text(json.dumps(export_json(store)))
    with ScoreStore(tmp_path / "mine.sqlite3") as store:
        store.add(row(score=10))
        assert import_file(store, source) == (3, 0)
        assert import_file(store, source) == (0, 3)
        assert len(list(store.rows())) == 4
        assert store.daily_result(date(2026, 11, 20))[1] is not None


def test_of_two_tries_of_a_day_the_earlier_one_counts(tmp_path: Path) -> None:
    day = date(2026, 11, 20)
    with ScoreStore(tmp_path / "other.sqlite3") as other:
        other.begin_daily(day, NOW - timedelta(hours=1))
        earlier = daily(day)
        other.end_daily(day, earlier)
    with ScoreStore(tmp_path / "mine.sqlite3") as store:
        store.begin_daily(day, NOW)
        later = daily(day)
        store.end_daily(day, later)
        import_file(store, tmp_path / "other.sqlite3")
        assert store.daily_result(day) == (True, earlier)
    with ScoreStore(tmp_path / "other.sqlite3") as other, ScoreStore(tmp_path / "late.sqlite3") as late:
        late.begin_daily(day, NOW)
        late.end_daily(day, daily(day))
        import_file(other, tmp_path / "late.sqlite3")
        assert other.daily_result(day) == (True, earlier)


def test_a_database_that_is_in_use_can_be_imported(tmp_path: Path) -> None:
    with ScoreStore(tmp_path / "other.sqlite3") as other:
        other.add(row())  # still only in the -wal file
        with ScoreStore(tmp_path / "mine.sqlite3") as store:
            assert import_file(store, tmp_path / "other.sqlite3") == (1, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "neither a scores database nor the output"),
        (b"\xff\xfe", "neither a scores database nor the output"),
        (b"[" * 100_000, "neither a scores database nor the output"),
        (b"[]", "contains no scores"),
        (b'{"format": "voicetrail-scores", "version": 99, "results": []}', "newer voicetrail"),
        (b'{"format": "voicetrail-scores", "version": 1, "results": [3]}', "result 1"),
        (b'{"format": "voicetrail-scores", "version": 1, "results": [{"uid": 1}]}', "result 1"),
        (b"SQLite format 3\0 and then nothing", "damaged"),
    ],
)
def test_a_file_without_scores_is_refused_in_one_line_and_changes_nothing(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with ScoreStore(tmp_path / "mine.sqlite3") as store:
        with pytest.raises(ScoresError) as caught:
            import_file(store, tmp_path / "file")
        assert why in str(caught.value)
        assert "\n" not in str(caught.value)
        assert list(store.rows()) == []


def test_databases_of_others_and_of_later_versions_are_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "recipes")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    filled(tmp_path / "later")
    with closing(sqlite3.connect(tmp_path / "later")) as later:
        later.execute(f"PRAGMA user_version = {VERSION + 1}")
    with ScoreStore(tmp_path / "mine.sqlite3") as store:
        for name, why in (("recipes", "no scores of voicetrail"), ("later", "newer voicetrail"), ("none", "cannot read")):
            with pytest.raises(ScoresError, match=why):
                import_file(store, tmp_path / name)


def test_the_csv_has_a_line_per_result_and_no_formulas() -> None:
    rows = [row(level="=1+1"), row("snake", "medium", 4)]
    first, second = csv.DictReader(io.StringIO(export_csv(rows)))
    assert (first["level"], first["score"], first["finished"]) == ("'=1+1", "90", "1")
    assert (second["mode"], second["uid"]) == ("snake", rows[1].uid)


def test_the_command_shows_exports_and_imports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ["--database", str(filled(tmp_path / "scores.sqlite3"))]
    assert main(["scores", *database]) == 0
    shown = capsys.readouterr().out
    assert "maze  small  80" in shown
    assert "longest 1 day" in shown
    assert "up" in shown
    assert main(["scores", "--json", *database]) == 0
    (tmp_path / "out.json").write_text(capsys.readouterr().out)
    assert main(["scores", "--csv", *database]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    other = ["--database", str(tmp_path / "other.sqlite3")]
    assert main(["scores", *other]) == 0
    assert capsys.readouterr().out.startswith("There are no results yet")
    assert main(["scores", "import", str(tmp_path / "out.json"), *other]) == 0
    assert capsys.readouterr().out == "3 new results, 0 already known\n"


@pytest.mark.parametrize("arguments", [["import"], ["import", "x", "--json"], ["export", "x"], ["--json", "--csv"]])
def test_wrong_usage_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["scores", *arguments])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2
