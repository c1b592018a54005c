"""A progress line for commands that take long."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import Self, TextIO

EVERY = 0.1
"""Seconds between two looks."""
WAIT = 0.4
"""A command that is done sooner shows nothing."""


class Progress:
    """Shows how far something is on stderr, if that is a terminal; the line is gone afterwards.

    Args:
        what: what is being done.
        stream: where to show it.
    """

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._began = self._shown = monotonic()
        self._width = 0

    def show(self, part: float) -> None:
        """Say which part is done, between 0 and 1."""
        now = monotonic()
        if now - self._began < WAIT or now - self._shown < EVERY or not self._stream.isatty():
            return
        self._shown = now
        left = (now - self._began) * (1 - part) / part if part > 0 else 0.0
        line = f"{self._what}: {part:4.0%}, {left:.0f} s left"
        self._stream.write(f"\r{line:<{self._width}}")
        self._stream.flush()
        self._width = len(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
