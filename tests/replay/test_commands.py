"""The commands: what they print, and what they say to wrong usage."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from tests.replay.makers import record_spoken
from voicetrail.cli import main
from voicetrail.errors import ReplayError
from voicetrail.progress import progress_bar
from voicetrail.replay import library as store
from voicetrail.replay.file.format import Header, write_header


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The platform's folder, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    where = store.folder()
    assert where.is_relative_to(tmp_path)
    where.mkdir(parents=True)
    return where


def evil_header(date: str) -> str:
    return write_header(Header(title="\x1b]0;evil\x07 \u202eback", date=date)) + "\n"


def test_the_table_is_newest_first_and_safe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_spoken(folder / "one.trail", hops=200, sound=True)
    (folder / "old.trail").write_text(evil_header("2020-01-02T03:04:05+00:00"))
    (folder / "new.trail").write_text(evil_header("2030-01-02T03:04:05+00:00"))
    (folder / "odd\x1b[31m.trail").write_text("junk")
    (folder / "other.txt").write_text("not listed")
    assert main(["replays"]) == 0
    said = capsys.readouterr().out
    rows = said.splitlines()
    assert [row.split("  ")[-1].split(" ")[0].rstrip(":") for row in rows[1:5]] == [
        "new.trail",
        "one.trail",
        "old.trail",
        "odd�[31m.trail",
    ]
    assert "2026-05-04" in rows[2]
    assert "0:08" in rows[2]
    assert "with sound" in rows[2]
    assert "not a voicetrail replay" in rows[4]
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert main(["replays", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["playable"] for one in listed] == [True, True, True, False]


def test_an_empty_folder_says_how_to_fill_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replays"]) == 0
    assert "Press r while you play" in capsys.readouterr().out
    assert main(["replay", "last"]) == 1
    assert "no replay" in capsys.readouterr().err


def test_a_replay_is_found_by_path_name_and_age(folder: Path, tmp_path: Path) -> None:
    record_spoken(folder / "one.trail", hops=10)
    (folder / "two.trail").write_text(evil_header("2020-01-02T03:04:05+00:00"))
    assert store.find(str(folder / "one.trail")) == folder / "one.trail"
    assert store.find("one") == store.find("one.trail") == store.find("last") == folder / "one.trail"
    with pytest.raises(ReplayError, match="voicetrail replays"):
        store.find("three")


def test_rename_moves_the_sound_and_never_overwrites(folder: Path) -> None:
    record_spoken(folder / "one.trail", hops=10, sound=True)
    record_spoken(folder / "two.trail", hops=10)
    for wrong in ("two", "", "..", ".hidden", "a/b", "a\x1b[0m", "a\nb"):
        with pytest.raises(ReplayError):
            store.rename(folder / "one.trail", wrong)
    assert store.rename(folder / "one.trail", "three.trail") == folder / "three.trail"
    assert sorted(path.name for path in folder.iterdir()) == ["three.flac", "three.trail", "two.trail"]
    store.delete(folder / "three.trail")
    assert [path.name for path in folder.iterdir()] == ["two.trail"]
    with pytest.raises(ReplayError, match="is not a replay"):
        store.delete(folder / "three.flac")


def test_replay_prints_what_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_spoken(folder / "a.trail", hops=400)
    assert main(["replay", "a", "--check"]) == 0
    assert "checksums right" in capsys.readouterr().out
    assert main(["replay", "a", "--text"]) == 0
    printed = capsys.readouterr().out
    assert "heard " in printed
    assert "nearly " in printed
    assert main(["replay", "a", "--json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert state["difference"] is None
    assert state["words"] == state["by_voice"] > 3
    assert main(["replay", "a", "--threshold", "0.6", "--threshold", "left=0.3", "--refractory", "0.4"]) == 0
    said = capsys.readouterr().out
    assert "recorded" in said
    assert "with the other settings" in said
    assert "gained left" in said
    assert main(["replay", "a", "--threshold", "0.99", "--ascii"]) == 0
    said = capsys.readouterr().out
    assert said.isascii()
    assert said.count("lost ") >= state["words"]
    assert main(["replay", "a", "--suggest"]) == 0
    assert "nothing to change" in capsys.readouterr().out
    assert main(["replay", "a", "--suggest", "--json"]) == 0
    assert {one["word"] for one in json.loads(capsys.readouterr().out)} == {"up", "down", "left", "right"}
    assert main(["replay", "a", "--threshold", "0.5", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["after"]["words"] == outcome["before"]["words"] + len(outcome["gained"]) - len(outcome["lost"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--threshold", "2"],
        ["--threshold", "left"],
        ["--threshold", "left=x"],
        ["--threshold", "shipped"],
        ["--refractory", "-1"],
        ["--smoothing", "nan"],
        ["--text", "--json"],
    ],
)
def test_wrong_usage_gets_one_line(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    record_spoken(folder / "a.trail", hops=10)
    assert main(["replay", "a", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("voicetrail: ")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_flag_is_named_as_it_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "1", "--talk-shift", "shipped"]) == 2
    assert "--talk-shift shipped: what-if needs a number" in capsys.readouterr().err


def test_the_player_needs_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_spoken(folder / "a.trail", hops=10)
    assert main(["replay", "a"]) == 1
    assert "terminal" in capsys.readouterr().err


def test_export_writes_and_refuses(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_spoken(folder / "a.trail", hops=100)
    out = tmp_path / "a.svg"
    assert main(["export", "a", str(out), "--animate"]) == 0
    assert out.read_text().startswith("<?xml")
    capsys.readouterr()
    for arguments, code in (
        ([str(out)], 1),
        ([str(tmp_path / "a.mp4")], 2),
        ([str(tmp_path / "a.cast"), "--size", "big"], 2),
        ([str(tmp_path / "a.cast"), "--speed", "0"], 2),
        ([str(tmp_path / "a.wav")], 1),
    ):
        assert main(["export", "a", *arguments]) == code
        assert capsys.readouterr().err.count("\n") == 1


def test_progress_bar_appears_only_for_slow_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for patience_s, shown in ((60.0, False), (0.0, True)):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        with progress_bar("writing", patience_s=patience_s) as report:
            time.sleep(0.12)
            report(0.25)
        assert ("writing" in terminal.getvalue()) is shown
    monkeypatch.setattr(sys, "stderr", nowhere := io.StringIO())
    with progress_bar("writing", patience_s=0.0) as report:
        time.sleep(0.12)
        report(0.25)
    assert nowhere.getvalue() == ""
