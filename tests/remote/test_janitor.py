"""What is left by a program that was killed is removed, ended and restored by the process beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voicetrail.remote.janitor import RESET, Janitor, end_process, restore_terminal, terminal_state


def wait_until(condition: object, seconds: float = 10.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_running(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


KILLED = """
import os, signal, sys
from voicetrail.remote.janitor import Janitor
janitor = Janitor()
janitor.remove(sys.argv[1])
janitor.end(int(sys.argv[2]))
janitor.dismiss() if sys.argv[3] == "dismissed" else None
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["killed", "dismissed"])
def test_janitor_cleans_up_after_a_killed_program(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "socket").touch()
    child = subprocess.Popen(["sleep", "60"])
    try:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(child.pid), how], timeout=30, check=False, stdin=subprocess.DEVNULL
        )
        assert killed.returncode == -signal.SIGKILL
        wait_until(lambda: not folder.exists())
        if how == "killed":
            wait_until(lambda: not is_running(child))
        else:
            assert is_running(child), "nothing is ended where the program has cleaned up itself"
    finally:
        child.kill()
        child.wait()


def test_janitor_ends_with_the_program(tmp_path: Path) -> None:
    janitor = Janitor()
    janitor.end(0)
    janitor.dismiss()
    with pytest.raises(ChildProcessError):
        os.waitpid(janitor._pid, os.WNOHANG)
    janitor.dismiss()  # twice is no harm


def test_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.remote.janitor.ENDS_WITHIN_S", 0.2)
    ignores_hangup = subprocess.Popen(
        ["sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.05; done"], stdout=subprocess.PIPE
    )
    assert ignores_hangup.stdout is not None
    ignores_hangup.stdout.readline()
    end_process(ignores_hangup.pid)
    assert ignores_hangup.wait(5) == -signal.SIGKILL


def test_terminal_is_restored() -> None:
    import pty
    import termios

    reading, writing = pty.openpty()
    before = termios.tcgetattr(writing)
    raw = termios.tcgetattr(writing)
    raw[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(writing, termios.TCSANOW, raw)
    restore_terminal((writing, before))
    assert termios.tcgetattr(writing)[3] == before[3]
    # The terminal itself turns the line's end into two characters.
    assert os.read(reading, 500).decode().startswith(RESET.removesuffix("\r"))
    restore_terminal(None)
    os.close(reading)
    os.close(writing)


def test_nothing_is_restored_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert terminal_state() is None
