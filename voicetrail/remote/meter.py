"""A line with the microphone's level, shown on the terminal until the game starts."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TextIO

from voicetrail import output
from voicetrail.audio.level import FLOOR_DB
from voicetrail.events import Level, meter_part
from voicetrail.text import printable

CELLS = 20
DEAD_DB = -90.0
"""Even in a quiet room a microphone is above this; below it is digital silence."""
INTERVAL_S = 0.1
"""Seconds between two levels at least."""


def bar(level_db: float, *, ascii_only: bool = False) -> str:
    """Draw a level in dB below full scale."""
    full = round(meter_part(level_db) * CELLS)
    return ("#" * full + "." * (CELLS - full)) if ascii_only else ("▮" * full + "▯" * (CELLS - full))


def level_line(name: str, level: Level, note: str = "", *, ascii_only: bool = False) -> str:
    """The line: bar, loudness, whether it clips, whose level it is."""
    text = f"{bar(level.rms_db, ascii_only=ascii_only)} {level.rms_db:4.0f} dB{' clipping!' if level.clipped else ''}"
    return f"{text}  {printable(name, 60)}{f'  {note}' if note else ''}"


class Meter:
    """Keeps a level line up to date on a terminal; on anything else it writes nothing.

    Args:
        name: the microphone's.
        stream: the terminal.
        clock: for not writing more often than can be read.
    """

    def __init__(self, name: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.note = ""
        self.peak_db = FLOOR_DB
        """The loudest hop so far."""
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._last = 0.0
        self._shown = False
        self.ended = False
        """The terminal belongs to another program."""
        self._terminal = self._stream.isatty()
        self._ascii = not output.is_utf8(self._stream)

    def show(self, level: Level) -> None:
        """Take a level; write the line when it is time."""
        self.peak_db = max(self.peak_db, level.peak_db)
        if self.ended:
            return
        now = self._clock()
        if self._terminal and now - self._last >= INTERVAL_S:
            self._last, self._shown = now, True
            self._write(f"\r{level_line(self.name, level, self.note, ascii_only=self._ascii)}\x1b[K")

    def say(self, text: str) -> None:
        """Write a line of text; the level goes on below it."""
        self._write(f"{chr(13) + chr(27) + '[K' if self._shown else ''}{printable(text, 500)}\n")
        self._shown = False

    def end(self) -> None:
        """Leave the last level on its own line and write no more levels: the terminal now belongs to another program."""
        self.ended = True
        if self._shown:
            self._write("\n")
            self._shown = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone; cleaning up must not fail because of that
            self._stream.write(text)
            self._stream.flush()

    @property
    def dead(self) -> bool:
        """Whether there was no sound at all so far."""
        return self.peak_db <= DEAD_DB
