"""What the operator of a host does with the results of visitors."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the scores of visitors need SQLAlchemy: pip install 'voicetrail[host]'")

from tests.host_scores.makers import ANNA, BO, DAY, daily_result
from voicetrail.cli import main
from voicetrail.host_scores.address import FILE_NAME, VARIABLE, database_address
from voicetrail.host_scores.store import HostScoreStore
from voicetrail.host_scores.waiting import WaitingResults
from voicetrail.scores.shared.result import VisitorName, from_json


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a host on which two visitors played."""
    monkeypatch.delenv(VARIABLE, raising=False)
    with closing(HostScoreStore(database_address(folder=tmp_path, environment={}))) as store:
        store.add_all([daily_result(ANNA, 80), daily_result(BO, 90), daily_result(ANNA, 100, after_s=60)])
        store.add_all([daily_result(VisitorName.guest("=1+1"), 0, finished=False, won=False)])
    return tmp_path


def host_scores(*arguments: str, code: int = 0) -> None:
    assert main(["host-scores", *arguments]) == code


def test_the_table_of_a_day_and_the_bests_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host_scores("--state", str(folder), "--day", str(DAY))
    out = capsys.readouterr().out
    assert "2 of 3 players found the exit" in out
    first, second = (line for line in out.splitlines() if line.startswith(("1 ", "2 ")))
    assert "Bo" in first
    assert "guest" not in first
    assert second.split()[1:4] == ["Anna", "guest", "80"]
    assert "2026-11-25 12:01" in out, "the best of all, also where it was no first try"


def test_results_are_listed_and_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host_scores("list", "Anna", "--state", str(folder))
    assert len(capsys.readouterr().out.splitlines()) == 3
    host_scores("export", "--state", str(folder))
    exported = json.loads(capsys.readouterr().out)
    assert [from_json(one).name for one in exported["results"]].count("Anna") == 2
    host_scores("export", "--csv", "--state", str(folder))
    names = {line["name"] for line in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert names == {"Anna", "Bo", "'=1+1"}, "no spreadsheet takes a name for a formula"


def test_deleting_a_name_also_deletes_waiting_results(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(WaitingResults(folder)) as waiting:
        waiting.add(daily_result(ANNA))
        waiting.add(daily_result(BO))
    host_scores("delete", "Anna", "--state", str(folder), code=2)
    assert "add --yes" in capsys.readouterr().err
    host_scores("delete", "Anna", "--state", str(folder), "--yes")
    assert "Deleted 3 results of Anna" in capsys.readouterr().out
    with closing(WaitingResults(folder)) as waiting:
        assert [one.name for one in waiting.first()] == ["Bo"]
    host_scores("delete", "Anna", "--state", str(folder), "--yes")
    assert "There are no results of Anna" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["delete"], "needs a name"),
        (["--csv"], "works only with export"),
        (["show", "Anna"], "list NAME"),
        (["--day", "yesterday"], "write a date such as"),
        (["--database", "postgresql://me:s3cret@h/x"], "other users can read"),
        (["--database", "a", "--database-file", "b"], "cannot be used together"),
        (["--database", "mysql://h/x"], "SQLite"),
    ],
    ids=str,
)
def test_wrong_usage_gives_one_line(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    host_scores("--state", str(folder), *arguments, code=2)
    said = capsys.readouterr().err
    assert says in said
    assert "s3cret" not in said
    assert len(said.splitlines()) == 1


def test_folder_without_scores_is_reported_and_not_created(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host_scores("--state", str(tmp_path / "none"), code=2)
    assert "there are no visitors' scores" in capsys.readouterr().err
    assert not (tmp_path / "none" / FILE_NAME).exists()


def test_unreachable_database_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    host_scores("--database", "postgresql://me@127.0.0.1:1/x", code=1)
    assert "cannot use the database PostgreSQL x at 127.0.0.1:1" in capsys.readouterr().err
