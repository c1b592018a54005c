"""What a terminal, a shell and signals do to a game: it goes on, or leaves the terminal as it was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL
from tests.e2e.test_play import PATIENCE, SHELL, game_pid, play, quiet, restored

__all__ = ["quiet"]


def test_stop_and_continue_starts_nothing_twice(terminal: OpenTerminal, quiet: Path) -> None:
    screen = play(terminal, quiet)
    pid = game_pid(screen)
    threads = len(os.listdir(f"/proc/{pid}/task"))
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.3)
    assert len(os.listdir(f"/proc/{pid}/task")) <= threads + 3, (
        "the recognizer's threads may have come, the keyboard's not again"
    )
    screen.send_keys("Up")
    screen.wait_for("1 stroke")
    screen.send_keys("q")
    restored(screen, 0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGQUIT, 131), (signal.SIGINT, 130)])
def test_other_signals_leave_the_terminal_as_it_was(
    terminal: OpenTerminal, quiet: Path, number: signal.Signals, status: int
) -> None:
    screen = play(terminal, quiet)
    os.kill(game_pid(screen), number)
    restored(screen, status)


def test_the_window_counts_and_not_what_the_environment_says(terminal: OpenTerminal, quiet: Path) -> None:
    screen = play(terminal, quiet, env={"COLUMNS": "60", "LINES": "20"})
    assert "q Quit" in screen.capture().splitlines()[29]


def test_answers_to_other_programs_press_no_key(terminal: OpenTerminal, quiet: Path) -> None:
    command = " ".join([*VOICETRAIL, "play", "--source", str(quiet)])
    screen = terminal(SHELL.format('printf "\\033[c\\033[5n\\033[6n"; ' + command), width=100, height=30)
    screen.wait_for("0 strokes", PATIENCE)
    time.sleep(1.0)
    shown = screen.capture()
    assert "esc: close" not in shown
    assert "threshold" not in shown
    assert "the arrow keys do the same" in shown
    # Late ones, as over a slow connection.
    screen.send_keys("\x1b[?62;22c\x1b]11;rgb:0000/0000/0000\x07\x1b[12;40R", literal=True)
    screen.send_keys("Up")
    screen.wait_for("1 stroke")
    assert "threshold" not in screen.capture()


def test_an_unfinished_paste_leaves_the_keyboard_alive(terminal: OpenTerminal, quiet: Path) -> None:
    screen = play(terminal, quiet)
    screen.send_keys("\x1b[200~never ending", literal=True)
    time.sleep(1.0)
    screen.send_keys("Up")
    screen.wait_for("1 stroke")


def test_standard_error_may_go_to_a_file(terminal: OpenTerminal, quiet: Path, tmp_path: Path) -> None:
    command = " ".join([*VOICETRAIL, "play", "--source", str(quiet)])
    screen = terminal(SHELL.format(f"{command} 2>{tmp_path}/log"), width=100, height=30)
    screen.wait_for("strokes", PATIENCE)
    screen.send_keys("Up", "q")
    restored(screen, 0)
    assert "\x1b" not in (tmp_path / "log").read_text()
