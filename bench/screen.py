"""Measures the game from outside, through its pty: bytes sent, time to the first paint and to listening, stalls, cost.

Each function returns one row of the table: ``{"name", "value", "unit", "limit"}``. As a program, it prints all of them.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

Row = dict[str, str | float]
SIZES = ((80, 24), (100, 30), (200, 60))
PLAY = (sys.executable, "-m", "voicetrail", "play")
RATE = 16_000
ARROWS = {"up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D"}
PAINTED = b"voicetrail"
"""Text in the frame of the canvas, which shows that the screen is painted."""
LISTENS = b"listening"


class Play:
    """The game in a pty, with its output and the times of it.

    Args:
        arguments: of ``voicetrail play``.
        size: columns and rows.
        command: the command of the game.
    """

    def __init__(self, arguments: Sequence[str], size: tuple[int, int] = (100, 30), command: Sequence[str] = PLAY) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="voicetrail-bench-")
        self.output = bytearray()
        self.times: list[tuple[float, int]] = []
        """Times of output, with the number of bytes."""
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            columns, rows = size
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "VOICETRAIL_"))}
            environment.pop("SSH_CONNECTION", None)
            environment |= {"HOME": self._home.name, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
            environment |= {"LC_ALL": "C.UTF-8"}
            os.execvpe(command[0], [*command, *arguments], environment)

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Read output for some time, or until a condition is true; return the time that it took, in s."""
        begun = time.perf_counter()
        while (left := begun + seconds - time.perf_counter()) > 0 and not until():
            if select.select([self._fd], [], [], min(left, 0.02))[0]:
                try:
                    data = os.read(self._fd, 65536)
                except OSError:
                    break
                if b"\x1b[?2026$p" in data:
                    # Answer like a terminal with synchronized output, so that its control sequences are counted too.
                    os.write(self._fd, b"\x1b[?2026;2$y")
                self.output += data
                self.times.append((time.perf_counter(), len(data)))
        return time.perf_counter() - begun

    def wait_for(self, text: bytes, seconds: float = 60.0, since: int = 0) -> float:
        """Wait for a text; return the time since the start, in s."""
        self.read(seconds, lambda: text in self.output[since:])
        if text not in self.output[since:]:
            raise TimeoutError(f"{text!r} did not appear within {seconds:g} s")
        return time.perf_counter() - self.started

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Resident memory in MB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.kill(self.pid, signal.SIGTERM)
        self.read(2.0, self._gone)
        if not self._gone():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)
        self._home.cleanup()

    def _gone(self) -> bool:
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True


def silence(folder: Path, seconds: float = 60.0) -> Path:
    """A sound file of a quiet room, with faint noise."""
    path = folder / "silence.wav"
    noise = np.random.default_rng(1).normal(0, 0.001, round(seconds * RATE)).astype(np.float32)
    soundfile.write(path, noise, RATE, subtype="PCM_16")
    return path


def bytes_for_a_move(folder: Path, size: tuple[int, int], command: Sequence[str] = PLAY, moves: int = 24) -> Row:
    """Bytes for one step of the pen with an arrow key, including the message line and the tally, as a mean over many steps."""
    way = [direction for direction in ("up", "right", "down", "left") for _ in range(moves // 4)]
    with Play(["--source", str(silence(folder))], size, command) as play:
        play.wait_for(LISTENS)
        play.read(2.0)
        before = len(play.output)
        play.read(2.0)
        quiet = (len(play.output) - before) / 2.0
        before, begun = len(play.output), time.perf_counter()
        for direction in way:
            play.press(ARROWS[direction])
            play.read(0.15)
        seconds = time.perf_counter() - begun
        each = (len(play.output) - before - quiet * seconds) / moves
    return {"name": f"bytes per move, {size[0]}×{size[1]}", "value": round(each), "unit": "bytes", "limit": 600}


def bytes_for_a_word(sound: Path, words: int, size: tuple[int, int], command: Sequence[str] = PLAY) -> Row:
    """Bytes for one word that moves the pen, including bars, list, message and tally."""
    with Play(["--source", str(sound)], size, command) as play:
        play.wait_for(LISTENS)
        before = len(play.output)
        play.read(soundfile.info(sound).duration)
        total = len(play.output) - before
    return {
        "name": f"bytes per spoken word, {size[0]}×{size[1]}",
        "value": round(total / words),
        "unit": "bytes",
        "limit": 4000,
    }


def bytes_a_second(
    sound: Path, size: tuple[int, int], name: str, limit: float, command: Sequence[str] = PLAY, seconds: float = 10.0
) -> Row:
    """Bytes per second while a sound plays."""
    with Play(["--source", str(sound)], size, command) as play:
        play.wait_for(LISTENS)
        play.read(1.5)
        before = len(play.output)
        took = play.read(seconds)
        rate = (len(play.output) - before) / took
    return {"name": f"bytes per second {name}, {size[0]}×{size[1]}", "value": round(rate), "unit": "bytes/s", "limit": limit}


def start_to_paint(command: Sequence[str] = PLAY, times: int = 3) -> Row:
    """Time from the start of the process to the first painted screen; the best of several."""
    taken = []
    for _ in range(times):
        with Play(["--source", "demo"], command=command) as play:
            taken.append(play.wait_for(PAINTED))
    return {"name": "start to first painted screen", "value": round(min(taken), 3), "unit": "s", "limit": 0.6}


def start_to_listening(command: Sequence[str] = PLAY) -> Row:
    """Time from the start of the process to listening."""
    with Play(["--source", "demo"], command=command) as play:
        taken = play.wait_for(LISTENS)
    return {"name": "start to listening", "value": round(taken, 2), "unit": "s", "limit": 3.0}


def _longest_answer(play: Play, seconds: float, until: Callable[[], bool] = lambda: False) -> tuple[float, list[float]]:
    """Press arrow keys, and measure how long each takes to appear on the screen; return the longest, and all, in ms."""
    answers: list[float] = []
    end, turn = time.perf_counter() + seconds, 0
    while time.perf_counter() < end and not until():
        before = len(play.output)
        pressed = time.perf_counter()
        play.press(ARROWS[("up", "right", "down", "left")[turn % 4]])
        turn += 1
        arrow = (b"\xe2\x96\xb2", b"\xe2\x96\xba", b"\xe2\x96\xbc", b"\xe2\x97\x84")[(turn - 1) % 4]
        play.read(3.0, lambda: arrow in play.output[before:])  # noqa: B023 (called within the turn)
        answers.append((time.perf_counter() - pressed) * 1000)
        play.read(0.02)
    return max(answers), answers


def longest_stall(command: Sequence[str] = PLAY) -> Row:
    """The longest time for a key to appear on the screen while the recognizer is being loaded."""
    with Play(["--source", "demo"], command=command) as play:
        play.wait_for(PAINTED)
        longest, _ = _longest_answer(play, 15.0, lambda: LISTENS in play.output)
    return {"name": "longest stall of the screen while torch loads", "value": round(longest), "unit": "ms", "limit": 150}


def key_while_listening(sound: Path, command: Sequence[str] = PLAY) -> Row:
    """The time for a key press to appear on the screen while the recognizer is running (95 %)."""
    with Play(["--source", str(sound)], command=command) as play:
        play.wait_for(LISTENS)
        _, answers = _longest_answer(play, 5.0)
    value = float(np.percentile(answers, 95))
    return {"name": "a key press on the screen while listening, 95 %", "value": round(value, 1), "unit": "ms", "limit": 50}


def cost_of_listening(sound: Path, command: Sequence[str] = PLAY, seconds: float = 10.0) -> list[Row]:
    """The processor time and the memory of the whole game while it listens."""
    with Play(["--source", str(sound)], command=command) as play:
        play.wait_for(LISTENS)
        play.read(2.0)
        before = play.cpu_seconds()
        took = play.read(seconds)
        share = (play.cpu_seconds() - before) / took
        memory = play.resident_mb()
    return [
        {"name": "the whole game listening, of one core", "value": round(100 * share, 1), "unit": "%", "limit": 10},
        {"name": "resident memory", "value": round(memory), "unit": "MB", "limit": 400},
    ]


def rows(command: Sequence[str] = PLAY, speech: Path | None = None) -> list[Row]:
    """The whole table. ``speech`` is a sound file of a player; by default, the bundled voice."""
    if speech is None:
        from voicetrail.audio.file import demo_path

        speech = demo_path()
    with tempfile.TemporaryDirectory(prefix="voicetrail-bench-") as name:
        folder = Path(name)
        quiet = silence(folder)
        table = [start_to_paint(command), start_to_listening(command), longest_stall(command)]
        table += [key_while_listening(speech, command), *cost_of_listening(speech, command)]
        for size in SIZES:
            table.append(bytes_for_a_move(folder, size, command))
            table.append(bytes_a_second(quiet, size, "while silent", 300, command))
            table.append(bytes_a_second(speech, size, "while speaking", 4000, command))
    return table


if __name__ == "__main__":
    for row in rows(sys.argv[1:] or PLAY):
        print(json.dumps(row, ensure_ascii=False))
