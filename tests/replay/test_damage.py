"""Damaged, cut and made-up files: a clear message or the part that can be played, within bounds of time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.replay.makers import Stage, record_spoken, spoken
from tools.attack import replays
from voicetrail.cli import main
from voicetrail.errors import ReplayError
from voicetrail.events import SourceLost
from voicetrail.game import Move, SetMovement
from voicetrail.replay.analysis import report
from voicetrail.replay.analysis.suggest import suggest
from voicetrail.replay.analysis.whatif import Override, what_if
from voicetrail.replay.file.entries import Marker, SettingChanged
from voicetrail.replay.file.reader import LINE_MAX, read
from voicetrail.replay.player import Player
from voicetrail.replay.timeline import Timeline
from voicetrail.replay.transcript import transcript


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file in which every code occurs."""
    path = tmp_path_factory.mktemp("damage") / "a.trail"
    stage = Stage()
    stage.do(Move("left", "key"), 0)
    stage.at(100)
    stage.start(path, sound=True)
    for hop, listener in stage.listen(spoken(3, 90), changes={50: SourceLost(0, "gone")}, from_ms=100):
        if hop == 55:
            stage.session.do(SetMovement("glide"))
            for item in (Marker("x"), SettingChanged("threshold", 0.5)):
                stage.recorder.record(item, stage.session.now_ms)
        if hop == 60:
            listener.muted = True
        if hop == 75:
            listener.muted = False
            stage.session.do(Move("up", "key"))
    stage.stop()
    data = path.read_bytes()
    assert {line.split(b'"')[1] for line in data.splitlines()[1:]} >= {code.encode() for code in "iwnsvlebmcaptx"}
    return data


def used(path: Path, *, what_ifs: bool = True) -> list[str]:
    """Do everything with a file that can be done without a screen, and return what it says."""
    said: list[str] = []
    recording = read(path)
    timeline = Timeline(recording)
    said += transcript(timeline)
    said.append(report.check(timeline)[1])
    player = Player(timeline, lambda: 0.0)
    for part in (1.0, 0.3, 0.7, 0.0):
        player.seek(int(part * timeline.duration_ms))
        timeline.scores_at(player.position_ms)
    player.step(1)
    if not what_ifs:
        return said
    suggest(recording)
    try:
        said += report.outcome_lines(what_if(recording, Override(threshold=0.5)), width=100, plain=False)
    except ReplayError as error:
        said.append(str(error))
    return said


@pytest.mark.parametrize("seed", [1, 2])
def test_every_command_handles_mutants(seed: int) -> None:
    """A slice of the attack; `python -m tools.attack.replays` has ten thousand."""
    outcome = replays.run(30, seed)
    assert outcome.failures == []
    # Both ends are reached.
    assert outcome.codes["replay --text=0"] > 5
    assert outcome.codes["replay --text=1"] > 2


@pytest.mark.e2e
def test_many_mutants() -> None:
    outcome = replays.run(600, 20260504)
    assert outcome.failures == []


MEASURED = """
    import json, re, sys
    from pathlib import Path
    from tests.replay.test_damage import used
    from voicetrail.errors import VoicetrailError
    for name in sys.argv[1:]:
        try:
            used(Path(name))
        except VoicetrailError as error:
            print(error)
    # Of this program alone: what getrusage says of a child includes what its parent held when it forked.
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.e2e
def test_huge_files_stay_within_the_memory_limit(source: bytes, tmp_path: Path) -> None:
    head = source.split(b"\n")[0]
    monsters = {
        "line": source + b'[0,"m","' + b"x" * 10_000_000 + b'"]\n' + source.split(b"\n", 1)[1],
        "first": b"{" + b" " * 10_000_000,
        "zeros": b"\0" * 10_000_000,
        "tiny": head + b'\n[0,"m",""]' * 200_000,
        "junk": head + b"\n[" * 200_000,
        "steps": head + b'\n[1,"i",{"do":"step","direction":"up"}]\n[1,"i",{"do":"clear"}]' * 5_000,
        "lists": head + (b'\n[0,"?",[' + b"[],"[:-1] + b",[]" * 30_000 + b"]]") * 20,
    }
    for name, data in monsters.items():
        (tmp_path / f"{name}.trail").write_bytes(data)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURED), *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *messages, peak_kib = done.stdout.splitlines()
    assert len([line for line in messages if "not a voicetrail replay" in line]) == 2
    assert int(peak_kib) < 200 * 1024
    assert time.monotonic() - began < 50


def test_damage_is_reported_and_the_rest_plays(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    stage = record_spoken(path, hops=300)
    lines = path.read_bytes().split(b"\n")
    place = next(number for number, line in enumerate(lines) if b'"s"' in line)
    lines[place] = b"[0.04," + b"\xff" * 30
    path.write_bytes(b"\n".join(lines))
    recording = read(path)
    assert (recording.damaged, recording.first_damaged) == (1, place + 1)
    assert Timeline(recording).differences == []
    assert Timeline(recording).final.checksum() == stage.game.checksum()
    assert "one line could not be read" in recording.remark


def test_a_damaged_line_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=300)
    whole = read(path)
    lines = path.read_bytes().split(b"\n")
    lines[8] = lines[8].split(b",")[0] + b',"?'
    path.write_bytes(b"\n".join(lines))
    assert [entry.at_ms for entry in read(path).entries] == [
        entry.at_ms for number, entry in enumerate(whole.entries) if number != 7
    ]


def test_a_missing_input_is_found_and_dated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.trail"
    stage = Stage()
    stage.start(path)
    for number in range(40):
        stage.do(Move("up" if number % 2 else "right", "key"), number * 500)
    stage.at(20_000)
    stage.stop()
    lines = path.read_text().splitlines()
    victims = [number for number, line in enumerate(lines) if '"i"' in line]
    del lines[victims[12]]
    path.write_text("\n".join(lines) + "\n")
    assert main(["replay", str(path), "--check"]) == 1
    said = capsys.readouterr().out
    assert "the first difference is between 0:05.00 and 0:09.50" in said


@pytest.mark.parametrize("name", ["no.trail", "folder.trail", "empty.trail", "text.trail", "nul\0.trail", "pipe.trail"])
def test_non_replays_give_one_line(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicetrail.replay.file.reader.WAIT_S", 0.1)
    (tmp_path / "folder.trail").mkdir()
    (tmp_path / "empty.trail").touch()
    (tmp_path / "text.trail").write_text("hello\n")
    os.mkfifo(tmp_path / "pipe.trail")
    assert main(["replay", str(tmp_path / name), "--text"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("voicetrail: ")
    assert said.err.count("\n") == 1


def test_bounds_are_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=10)
    head = path.read_bytes().split(b"\n")[0]
    fits = b'[0,"?","' + b"x" * (LINE_MAX - 10) + b'"]'
    assert len(fits) == LINE_MAX
    path.write_bytes(head + b"\n" + fits + b"\n" + fits.replace(b"x", b"xx", 1))
    assert (read(path).unknown, read(path).damaged) == (1, 1)
    # Fewer than the true bound, which the monsters reach; so many lines take a second to read.
    monkeypatch.setattr("voicetrail.replay.file.reader.VALUES_MAX", 1000)
    path.write_bytes(head + b'\n[0,"m",""]' * 1005)
    recording = read(path)
    assert recording.full
    assert len(recording.entries) == 1000


def test_text_and_check_load_neither_torch_nor_textual(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", hops=30)
    program = (
        "import sys; from voicetrail.cli import main; codes = [main(['replay', sys.argv[1], flag]) for flag in sys.argv[2:]];"
        "print(codes, sorted({'torch', 'textual', 'torchaudio', 'sounddevice', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    flags = ("--text", "--check", "--json", "--threshold=0.5", "--suggest")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.trail"), *flags], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == "[0, 0, 0, 0, 0] []\n", done.stderr
