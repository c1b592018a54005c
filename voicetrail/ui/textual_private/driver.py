"""Textual's terminal driver, made to outlive its terminal.

When a connection drops, writing to the terminal fails. Textual's writer thread dies of that, its bounded queue fills, and the app
waits for it for ever. Here what cannot be written any more is dropped, so that the app can end: files are closed, the ears stop.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

FRAME_BEGINS, FRAME_ENDS = "\x1b[?2026h", "\x1b[?2026l"
"""Marks by which a terminal draws a frame at once (synchronised output)."""


class _Forgiving:
    """A file that drops what cannot be written."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        """Write, or drop."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Send, or drop."""
        with contextlib.suppress(OSError):
            self._file.flush()


class HangupSafeDriver(LinuxDriver):
    """The driver for a terminal that may go away."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._file: Any = _Forgiving(self._file)
        self._frame: list[str] = []
        """A frame between its marks."""

    def write(self, data: str) -> None:
        """Have something written; a frame goes to the writer's thread in one piece, and not each of its marks by itself."""
        if data == FRAME_BEGINS or self._frame:
            self._frame.append(data)
            if data != FRAME_ENDS:
                return
            data, self._frame = "".join(self._frame), []
        super().write(data)

    def flush(self) -> None:
        """Send everything; a frame that was begun is not held back any longer."""
        data, self._frame = "".join(self._frame), []
        if data:
            super().write(data)
        super().flush()


def terminal_is_gone() -> bool:
    """Whether the terminal was taken away: a hung-up one is no terminal any more."""
    try:
        return not os.isatty(sys.__stdin__.fileno()) if sys.__stdin__ is not None else True
    except (OSError, ValueError):
        return True
