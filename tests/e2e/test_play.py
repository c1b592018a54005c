"""The game in a real terminal: keys, sizes, ways out."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import VOICETRAIL, Speech, TmuxTerminal, VirtualMicrophone, wait_until

PATIENCE = 40.0
"""Seconds that a start may take on a busy machine."""
SHELL = "sh -c '{} ; echo left with $?; stty -a | grep -o -- -*icanon; printf \"x\\033[?25hy\"; sleep 60'"
"""Plays, then says what it ended with and whether the terminal reads lines again (``icanon`` and not ``-icanon``)."""


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A minute of a quiet room."""
    path = tmp_path / "quiet.wav"
    noise = np.random.default_rng(1).normal(0, 0.0005, 60 * 16_000)
    soundfile.write(path, noise.astype(np.float32), 16_000)
    return path


def play(
    terminal: OpenTerminal,
    quiet: Path,
    *flags: str,
    width: int = 100,
    height: int = 30,
    env: Mapping[str, str] | None = None,
) -> TmuxTerminal:
    command = " ".join([*VOICETRAIL, "play", "--source", str(quiet), *flags])
    opened = terminal(SHELL.format(command), width=width, height=height, env=env)
    opened.wait_for("strokes", PATIENCE)
    return opened


def drawing(screen: str) -> list[str]:
    """The rows of the canvas that have something on them, cut to it."""
    rows = [row[1:65].replace("·", " ").rstrip() for row in screen.splitlines()[1:27]]
    rows = [row for row in rows if row.strip()]
    indent = min(len(row) - len(row.lstrip()) for row in rows)
    return [row[indent:] for row in rows]


def game_pid(terminal: TmuxTerminal) -> int:
    """The game under the terminal's shell."""
    children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text().split()
    return int(children[0])


def restored(terminal: TmuxTerminal, status: int) -> None:
    """The game ended with the status, the screen is the shell's, and the terminal reads lines and echoes."""
    screen = terminal.wait_for("xy", PATIENCE)
    assert f"left with {status}" in screen
    assert "\nicanon" in screen
    assert "Traceback" not in screen
    assert "strokes" not in screen


def test_arrow_keys_draw_and_a_resize_moves_nothing(terminal: OpenTerminal, quiet: Path) -> None:
    screen = play(terminal, quiet)
    screen.send_keys("Up", "Right", "Right", "Down", "Left")
    screen.wait_for("5 strokes")
    shape = ["┏━━━━━━━┓", "┃       ┃", "╹   ◄━━━┛"]
    assert drawing(screen.capture()) == shape
    screen.resize(70, 22)
    # The last row is the keys' again once the game has taken the size over.
    wait_until(lambda: "q Quit" in screen.capture().splitlines()[-1], what="the game in the smaller window")
    screen.wait_for("◄━━━┛")
    screen.resize(100, 30)
    wait_until(lambda: drawing(screen.capture()) == shape, what="the same drawing after the resize")
    screen.send_keys("q")
    restored(screen, 0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_restores_the_terminal(
    terminal: OpenTerminal, quiet: Path, number: signal.Signals, status: int
) -> None:
    screen = play(terminal, quiet)
    os.kill(game_pid(screen), number)
    restored(screen, status)


def test_leaving_while_the_recognizer_is_loaded_takes_no_half_second(terminal: OpenTerminal, quiet: Path) -> None:
    began = time.monotonic()
    screen = play(terminal, quiet)
    started = time.monotonic() - began
    pid = game_pid(screen)
    screen.send_keys("C-q")
    pressed = time.monotonic()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), PATIENCE, 0.01, what="the end of the game")
    # Half a second; on a busy machine no longer than it took to start, which is a fraction of what loading takes.
    assert time.monotonic() - pressed < max(1.0, started)
    restored(screen, 0)


def test_a_dropped_terminal_ends_the_game(terminal: OpenTerminal, quiet: Path) -> None:
    screen = play(terminal, quiet)
    pid = game_pid(screen)
    screen.close()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of the game")


def test_a_dumb_locale_and_the_flag_draw_with_ascii(terminal: OpenTerminal, quiet: Path) -> None:
    ways: list[tuple[list[str], dict[str, str]]] = [(["--ascii"], {}), ([], {"LC_ALL": "C", "LANG": "C"})]
    for flags, env in ways:
        screen = play(terminal, quiet, "--no-grid", *flags, env=env)
        screen.send_keys("Up", "Right", "Down")
        assert screen.wait_for("3 strokes").isascii()
        assert drawing(screen.capture()) == ["+===+", "!   !", "!   v"]


@pytest.mark.parametrize("term", ["xterm", "xterm-256color", "screen", "linux"])
def test_the_colors_of_every_terminal(terminal: OpenTerminal, quiet: Path, term: str) -> None:
    screen = play(terminal, quiet, env={"TERM": term, "COLORTERM": ""})
    screen.send_keys("Up")
    screen.wait_for("1 stroke")
    assert drawing(screen.capture()) == ["▲", "┃", "╹"]


def test_it_fits_from_60_by_20_up(terminal: OpenTerminal, quiet: Path) -> None:
    command = " ".join([*VOICETRAIL, "play", "--source", str(quiet)])
    screen = terminal(command, width=60, height=20)
    screen.wait_for("noise", PATIENCE)
    assert "q Quit" in screen.capture()
    exit_error = terminal(SHELL.format(" ".join([*VOICETRAIL, "play"])), width=59, height=20)
    said = exit_error.wait_for("xy", PATIENCE)
    assert "left with 1" in said
    assert "60×20" in said.replace("\n", "")


def test_no_terminal_names_listen() -> None:
    done = subprocess.run([*VOICETRAIL, "play"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "voicetrail listen" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "says", "status"),
    [
        (["--source", "nowhere.wav"], "nowhere.wav", 1),
        (["--weights", "nowhere.safetensors"], "nowhere", 1),
        (["--threshold", "7"], "0.05 to 1", 2),
        (["--step", "none"], "1 to 20", 2),
        (["--fly"], "--fly", 2),
    ],
)
def test_what_was_asked_for_and_cannot_be_had_ends_with_one_line(
    terminal: OpenTerminal, flags: list[str], says: str, status: int
) -> None:
    screen = terminal(SHELL.format(" ".join([*VOICETRAIL, "play", *flags])))
    said = screen.wait_for("xy", PATIENCE)
    assert f"left with {status}" in said
    assert says in said.replace("\n", "")
    assert "Traceback" not in said


def test_words_from_the_microphone_move_the_pen_the_right_way(
    terminal: OpenTerminal, virtual_mic: VirtualMicrophone, speech: Speech
) -> None:
    words = ["up", "right", "down", "left", "up", "right", "down", "left"]
    screen = terminal([*VOICETRAIL, "play"], env=virtual_mic.env)
    virtual_mic.wait_for_listener(PATIENCE)
    time.sleep(0.5)
    virtual_mic.play_samples(speech.joined(words, seed=4))

    def heard() -> list[str]:
        shown = screen.capture().splitlines()
        newest_first = [line.split("●")[1].split()[0] for line in shown if "●" in line and ":" in line and "." in line]
        return newest_first[::-1]

    # A machine too busy to take all the sound says so ("lost"); what it takes must still be right, and in order.
    wait_until(lambda: len(heard()) >= (4 if "lost" in screen.capture() else 6), what="the words")
    rest = iter(words)
    assert all(word in rest for word in heard()), screen.capture()
    screen.send_keys("Space")
    screen.wait_for("not listening")
    before = drawing(screen.capture())
    virtual_mic.play_samples(speech.joined(["up", "left"], seed=4))
    assert drawing(screen.capture()) == before
    screen.send_keys("q")
    wait_until(lambda: virtual_mic.listeners() == 0, what="the microphone let go")
