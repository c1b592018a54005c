"""Reading: pipes, files that grow, files full of what nobody knows, and the list, which reads little."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tests.clocks import Clock
from tests.replay.makers import Stage, record_spoken
from voicetrail.cli import main
from voicetrail.errors import ReplayError
from voicetrail.game import Move, SetMovement
from voicetrail.replay import library
from voicetrail.replay.file.entries import Marker
from voicetrail.replay.file.format import Header, write_header
from voicetrail.replay.file.reader import ReplayReader, read
from voicetrail.replay.player import Player
from voicetrail.replay.timeline import Timeline


def test_unknown_lines_are_counted_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=50)
    whole = read(path)
    header, *lines = path.read_text().splitlines()
    unknown = '[0.0,"later",{"kind":"of","a":[1,2,3]}]'
    path.write_text("\n".join([header, unknown, *lines[:3], unknown, *lines[3:]]) + "\n")
    replay = read(path)
    assert replay.entries == whole.entries
    assert replay.unknown == 2
    assert replay.remark == "2 lines are of a kind that this version does not know"


MEASURED = """
    import re, sys
    from pathlib import Path
    from voicetrail.cli import main
    code = main(sys.argv[1:])
    print(code, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.e2e
@pytest.mark.parametrize("megabytes", [24, 96])
def test_a_file_of_unknown_lines_takes_little_memory(tmp_path: Path, megabytes: int) -> None:
    line = b'[0.001,"later",{"kind":"of","text":"' + b"x" * 200 + b'"}]\n'
    (tmp_path / "a.trail").write_bytes(write_header(Header()).encode() + b"\n" + line * (megabytes * 2**20 // len(line)))
    for arguments in (["replays", str(tmp_path)], ["replay", str(tmp_path / "a.trail"), "--text"]):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(MEASURED), *arguments], capture_output=True, text=True, timeout=60
        )
        code, kib = done.stdout.splitlines()[-1].split()
        assert (code, done.stderr) == ("0", "")
        assert int(kib) < 80 * 1024
        assert time.monotonic() - began < 20


def test_list_reads_only_header_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.trail"
    stage = Stage()
    stage.start(path, about=Header(title="mine"))
    for number in range(3000):
        stage.do(Move("up" if number % 2 else "right", "key"), number * 100)
    stage.do(SetMovement("glide"), 300_500)
    stage.at(301_000)
    stage.stop()
    taken = 0
    real = os.pread

    def pread(descriptor: int, count: int, at: int) -> bytes:
        nonlocal taken
        taken += count
        return real(descriptor, count, at)

    monkeypatch.setattr(os, "pread", pread)
    monkeypatch.setattr(library, "_count", lambda *_: pytest.fail("looked through the whole file"))
    one = library.summarize(path)
    assert (one.title, one.length, one.words, one.mode, one.problem) == ("mine", "5:01", 0, "sketch, step+glide", "")
    assert 0 < taken < path.stat().st_size / 10


def test_file_without_an_end_is_scanned_within_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=300)
    whole = library.summarize(path)
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-3]) + b"\n")
    cut = library.summarize(path)
    assert cut.problem == "the end is missing: recording was cut off"
    assert cut.words == whole.words
    assert whole.duration_ms is not None
    assert cut.duration_ms == pytest.approx(whole.duration_ms, abs=1000)
    monkeypatch.setattr(library, "SCAN_MAX", 1000)
    assert (library.summarize(path).length, library.summarize(path).words) == ("?", None)


@pytest.mark.parametrize("how", ["-", "/dev/stdin", "<(…)", "a named pipe"])
def test_a_pipe_is_read(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=200)
    program = f"{sys.executable} -m voicetrail replay"
    os.mkfifo(tmp_path / "fifo")
    script = {
        "-": f"cat {path} | {program} - --check",
        "/dev/stdin": f"cat {path} | {program} /dev/stdin --check",
        "<(…)": f"{program} <(cat {path}) --check",
        "a named pipe": f"(sleep 0.3; cat {path} > {tmp_path}/fifo) & {program} {tmp_path}/fifo --check",
    }[how]
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "checksums right, 0:08.00 long" in done.stdout


def test_special_files_are_refused_at_once() -> None:
    with pytest.raises(ReplayError, match="neither a file nor a pipe"):
        read("/dev/zero")


def test_active_recording_is_not_reported_as_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    stage = Stage()
    stage.start(path)
    stage.do(Move("up", "key"), 100)
    _wait(lambda: '"i"' in path.read_text())
    assert read(path).growing
    assert read(path).remark == "the session is still being recorded"
    assert library.summarize(path).problem == "the session is still being recorded"
    copy = tmp_path / "b.trail"
    copy.write_bytes(path.read_bytes())
    assert read(copy).remark == "the end is missing: recording was cut off"
    stage.stop()
    assert not read(path).growing
    assert read(path).remark == ""


def test_the_player_follows_a_recording_to_its_end(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.trail", Clock()
    stage = Stage()
    stage.start(path)
    stage.do(Move("up", "key"), 1000)
    _wait(lambda: '"i"' in path.read_text())
    with ReplayReader(path) as reader:
        reader.read_on()
        player = Player(Timeline(reader.replay), clock, reader)
        before = player.following
        player.play()
        clock.now += 30
        player.advance()
        # It waits at the end for what comes.
        assert (player.position_ms, player.playing, player.at_end) == (1000, True, False)
        stage.do(Move("right", "key"), 3000)
        stage.recorder.record(Marker("x"), 3500)
        _wait(lambda: '"m"' in path.read_text())
        player.follow()
        clock.now += 2.2
        player.advance()
        assert 3000 <= player.position_ms <= 3500
        assert player.game.checksum() == stage.game.checksum()
        assert len(player.timeline.markers) == 1
        stage.at(4000)
        stage.stop()
        player.follow()
        assert (before, player.following) == (True, False)
        clock.now += 5
        player.advance()
        assert (player.at_end, player.playing) == (True, False)
        assert player.timeline.differences == []
        assert player.timeline.replay.whole


def test_incomplete_line_is_read_later(tmp_path: Path) -> None:
    path = tmp_path / "a.trail"
    record_spoken(path, hops=30)
    data = path.read_bytes()
    growing = tmp_path / "b.trail"
    with growing.open("wb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        first = data.index(b"\n") + 1
        file.write(data[: first + 10])
        with ReplayReader(growing) as reader:
            entries = reader.read_on()
            for at in range(first + 10, len(data), 37):
                file.write(data[at : at + 37])
                entries += reader.read_on()
            fcntl.flock(file, fcntl.LOCK_UN)
            entries += reader.read_on()
            assert reader.replay.entries == tuple(entries) == read(path).entries
            assert reader.replay.damaged == 0


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "folder" / "a.trail"
        record_spoken(path, hops=60, sound=True)
        assert main(["export", str(path), str(tmp_path / "out.svg")]) == 0
    finally:
        os.umask(before)
    assert [oct(one.stat().st_mode & 0o777) for one in (path, path.with_suffix(".flac"), tmp_path / "out.svg")] == ["0o600"] * 3
    assert [oct(one.stat().st_mode & 0o777) for one in (path.parent, path.parent.parent)] == ["0o700"] * 2


def test_folder_open_to_others_is_made_private_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert library.close_folder() == ""
    library.folder().mkdir(parents=True)
    library.folder().chmod(0o755)
    assert "was readable by others" in library.close_folder()
    assert library.folder().stat().st_mode & 0o777 == 0o700
    assert library.close_folder() == ""


def test_wait_for_a_silent_pipe_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.replay.file.reader.WAIT_S", 0.2)
    os.mkfifo(tmp_path / "fifo")
    holder = threading.Thread(target=lambda: os.close(os.open(tmp_path / "fifo", os.O_WRONLY)))
    holder.start()
    with pytest.raises(ReplayError, match=r"nothing came|empty"):
        read(tmp_path / "fifo")
    holder.join(5)


def _wait(ready: object) -> None:
    deadline = time.monotonic() + 5
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)
