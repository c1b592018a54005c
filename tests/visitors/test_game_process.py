"""A visitor's process: a terminal of its own, bounded, and gone when it is over."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from voicetrail.visitors.game_process import GameProcess
from voicetrail.visitors.home import VisitorHome
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.terminal import TerminalSize


def started(tmp_path: Path, code: str, size: TerminalSize | None = None, **limits: float) -> GameProcess:
    home = VisitorHome(tmp_path / "home")
    return GameProcess.start(
        [sys.executable, "-I", "-S", "-c", code],
        environment=home.environment(term="xterm-256color"),
        size=size or TerminalSize(),
        folder=home.path,
        limits=VisitorLimits(**limits) if limits else None,  # type: ignore[arg-type]
    )


async def all_of(game: GameProcess) -> str:
    text = b""
    while data := await asyncio.wait_for(game.read(), 20):
        text += data
    return text.decode()


async def until(game: GameProcess, expected: str) -> str:
    text = ""
    while expected not in text:
        data = await asyncio.wait_for(game.read(), 20)
        assert data, text
        text += data.decode()
    return text


async def test_it_has_a_terminal_and_a_session_of_its_own(tmp_path: Path) -> None:
    code = "import os; print(os.isatty(0), os.get_terminal_size(), os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpid())"
    async with started(tmp_path, code, TerminalSize(101, 31)) as game:
        assert "True os.terminal_size(columns=101, lines=31) True True" in await all_of(game)
        assert await game.wait() == 0


async def test_it_receives_keys_and_a_new_size(tmp_path: Path) -> None:
    code = """
import os, signal
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, b"size %d" % os.get_terminal_size().columns))
print("ready", flush=True)
while (line := input()) != "end": print("got", line, flush=True)
"""
    async with started(tmp_path, code) as game:
        await until(game, "ready")
        await game.write(b"up\n")
        await until(game, "got up")
        game.resize(TerminalSize(77, 33))
        await until(game, "size 77")
        await game.write(b"end\n")
        assert await asyncio.wait_for(game.wait(), 20) == 0


async def test_it_inherits_no_secret_of_the_environment_and_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("PULSE_SERVER", "tcp:127.0.0.1")
    with open(tmp_path / "secret", "w") as file:
        os.set_inheritable(file.fileno(), True)
        code = "import os; print(sorted(os.environ)); print(sorted(os.listdir('/proc/self/fd')))"
        async with started(tmp_path, code) as game:
            names, descriptors = (await all_of(game)).splitlines()
    for name in ("AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "PULSE_SERVER"):
        assert name not in names
    assert "XDG_RUNTIME_DIR" in names
    assert descriptors == "['0', '1', '2', '3']"  # the last one lists the folder


async def test_its_files_are_private_and_limited(tmp_path: Path) -> None:
    code = """
import os, resource
open("drawing", "w").close()
print(oct(os.stat("drawing").st_mode & 0o777), resource.getrlimit(resource.RLIMIT_CORE)[0])
try:
    with open("large", "wb") as file: file.write(bytes(9_000_000))
except OSError as error: print(error.strerror)
"""
    async with started(tmp_path, code) as game:
        said = await all_of(game)
    assert "0o600 0" in said
    assert "File too large" in said
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
async def test_it_cannot_take_the_machine_s_memory(tmp_path: Path) -> None:
    async with started(tmp_path, "bytes(3_000_000_000)", memory_mb=512) as game:
        assert "MemoryError" in await all_of(game)


async def test_it_is_ended_by_sighup(tmp_path: Path) -> None:
    code = """
import signal, sys, time
def end(*_):
    open("whole", "w").close()
    sys.exit(7)
signal.signal(signal.SIGHUP, end)
print("ready", flush=True)
time.sleep(60)
"""
    async with started(tmp_path, code) as game:
        await until(game, "ready")
        assert await game.end() == 7
    assert (tmp_path / "home" / "whole").exists()


async def test_a_game_that_ignores_signals_is_killed(tmp_path: Path) -> None:
    code = """
import signal, time
for number in (signal.SIGHUP, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
while True: time.sleep(1)
"""
    async with started(tmp_path, code) as game:
        await until(game, "ready")
        began = time.monotonic()
        assert await game.end(within_s=0.3) == -signal.SIGKILL
        assert time.monotonic() - began < 5


async def test_a_game_with_endless_unread_output_waits_and_still_ends_properly(
    tmp_path: Path,
) -> None:
    code = """
import signal, sys
def end(*_):
    open("whole", "w").close()
    sys.exit(0)
signal.signal(signal.SIGHUP, end)
open("ready", "w").close()
while True: sys.stdout.write("x" * 4096); sys.stdout.flush()
"""
    async with started(tmp_path, code) as game:
        while not (tmp_path / "home" / "ready").exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        before = _cpu_s(game.pid)
        await asyncio.sleep(0.3)
        assert _cpu_s(game.pid) - before < 0.1
        await game.end()
    assert (tmp_path / "home" / "whole").exists()


async def test_typing_into_a_game_that_reads_nothing_waits_without_buffering(tmp_path: Path) -> None:
    code = "import sys, termios, time, tty; tty.setraw(0); print('ready', flush=True); time.sleep(60)"
    async with started(tmp_path, code) as game:
        await until(game, "ready")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(game.write(b"x" * 1_000_000), 0.5)
        assert not game.ended


async def test_a_visitor_who_goes_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    pids = []
    for number in range(10):
        home = tmp_path / f"{number}"
        home.mkdir()
        async with started(home, "import time; print('ready', flush=True); time.sleep(60)") as game:
            await until(game, "ready")
            pids.append(game.pid)
    assert len(os.listdir("/proc/self/fd")) == before
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
