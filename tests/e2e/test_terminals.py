"""The game in a terminal within a terminal: GNU screen, and tmux that is taken up again from another size."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, TmuxTerminal, needs, wait_until
from tests.e2e.test_play import PATIENCE, drawing, quiet

__all__ = ["quiet"]


@pytest.fixture
def screen_folder(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where GNU screen keeps its sockets; what still runs there is ended."""
    folder = short_path / "screens"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("SCREENDIR", str(folder))
    yield folder
    subprocess.run(["screen", "-S", "vt", "-X", "quit"], capture_output=True, timeout=10, check=False)


@pytest.mark.parametrize(("term", "colors"), [("xterm-256color", "256"), ("xterm", "16")])
def test_it_plays_in_gnu_screen(terminal: OpenTerminal, quiet: Path, screen_folder: Path, term: str, colors: str) -> None:
    needs("screen")
    game = shlex.join([*VOICETRAIL, "play", "--source", str(quiet)])
    within = "screen-256color" if colors == "256" else "screen"
    env = {"TERM": term, "COLORTERM": "", "SCREENDIR": str(screen_folder)}
    line = f"screen -U -c /dev/null -T {within} -S vt sh -c {shlex.quote(f'echo $TERM; {game}; echo left with $?; sleep 60')}"
    outer = terminal(line, env=env)
    outer.wait_for("strokes", PATIENCE)
    outer.send_keys("Up", "Right", "Down")
    outer.wait_for("3 strokes")
    assert drawing(outer.capture()) == ["┏━━━┓", "┃   ┃", "╹   ▼"]
    outer.resize(80, 24)
    wait_until(lambda: "q Quit" in outer.capture().splitlines()[-1], what="the game in the smaller window")
    assert "╹   ▼" in outer.capture()
    outer.send_keys("q")
    assert "left with 0" in outer.wait_for("left with", PATIENCE)


class Attached:
    """A client of a tmux session on a terminal of its own size, whose output nobody reads."""

    def __init__(self, socket: Path, columns: int, rows: int) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            os.execvp("tmux", ["tmux", "-S", str(socket), "attach", "-d", "-t", "vt"])
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        with suppress(OSError):
            while os.read(self._fd, 65536):
                pass

    def close(self) -> None:
        """Hang up, as a dropped line does."""
        os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def fills(screen: TmuxTerminal, rows: int) -> bool:
    shown = screen.capture().splitlines()
    return len(shown) == rows and "q Quit" in shown[-1]


def shows_the_drawing(screen: TmuxTerminal, columns: int) -> bool:
    shown = screen.capture()
    return "┏━━━┓" in shown and "╹   ▼" in shown and max(map(len, shown.splitlines())) <= columns


def test_tmux_is_taken_up_again_from_another_size(terminal: OpenTerminal, quiet: Path) -> None:
    screen = terminal([*VOICETRAIL, "play", "--source", str(quiet)], width=100, height=30)
    screen.wait_for("strokes", PATIENCE)
    screen.send_keys("Up", "Right", "Down")
    screen.wait_for("3 strokes")
    for columns, rows in ((72, 22), (140, 40)):
        client = Attached(screen.socket, columns, rows)
        # tmux keeps the last row for its status line.
        wait_until(partial(fills, screen, rows - 1), what=f"the game at {columns}×{rows}")
        wait_until(partial(shows_the_drawing, screen, columns), what=f"the drawing at {columns}×{rows}")
        client.close()
    screen.send_keys("Left")
    screen.wait_for("4 strokes")
    screen.send_keys("q")
    assert screen.wait_for_exit() == 0
