"""Textual's terminal driver, made to outlive its terminal, suspends and whatever a terminal sends.

When a connection drops, writing to the terminal fails. Textual's writer thread dies of that, its bounded queue fills, and the app
waits for it for ever. Here what cannot be written any more is dropped, so that the app can end: files are closed, listening stops.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
import termios
from time import monotonic
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from voicetrail.ui.terminal_input import TerminalInput

FRAME_BEGINS, FRAME_ENDS = "\x1b[?2026h", "\x1b[?2026l"
"""Marks by which a terminal draws a frame at once (synchronized output)."""
LOOK_S = 0.1
"""Longest wait for a key until it is seen whether the thread is to end."""
ENTER = "\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
"""What a terminal is told at the start: another screen, mouse, no cursor, focus reports, marked pastes, no wrapping."""


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
    """The driver for a terminal that may go away, be stopped and go on, and say things that nobody asked for."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._file: Any = _Forgiving(screen_file())
        self._frame: list[str] = []
        """A frame between its marks."""
        self._suspended = False
        """Stopped by ctrl-z, and no longer in application mode."""

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

    def start_application_mode(self) -> None:
        """Take the terminal. What it said before, in answer to others, is not for this program."""
        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _sigtstp_application(self, *_: Any) -> None:
        self._suspended = True
        super()._sigtstp_application(*_)

    def _sigcont_application(self, *_: Any) -> None:
        """Go on after a stop. Only ctrl-z has left application mode; after any other stop it is only to be set again."""
        if self._suspended:
            self._suspended = False
            super()._sigcont_application(*_)
        elif self._key_thread is not None and self._key_thread.is_alive():
            self._take_terminal_again()

    def _take_terminal_again(self) -> None:
        """A shell gave the terminal its own modes meanwhile; a thread that starts a second time would never end."""
        try:
            if os.tcgetpgrp(self.fileno) != os.getpgrp():
                return  # in the background: the terminal is another's
            attributes = termios.tcgetattr(self.fileno)
            attributes[3] = self._patch_lflag(attributes[3])
            attributes[0] = self._patch_iflag(attributes[0])
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        except (termios.error, OSError):
            return
        self.write(ENTER)
        self.flush()
        self._app.call_later(self._app.refresh)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except BaseException as error:
            self._app.call_later(self._app.input_failed, error)  # type: ignore[attr-defined]

    def run_input_thread(self) -> None:
        """Read the terminal, let keys and mouse through, and dispatch their events."""
        parser, seen = XTermParser(self._debug), TerminalInput()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            if poll.poll(LOOK_S * 1000):
                data = os.read(self.fileno, 4096)
                if not data:
                    # The other end is gone; the signal that says so is on its way.
                    self.exit_event.wait(LOOK_S)
                text = seen.feed(decode(data), monotonic())
            else:
                text = seen.tick(monotonic())
            if text:
                for event in parser.feed(text):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)


def screen_file() -> IO[str]:
    """Where the screen is painted: standard error as Textual has it, unless that goes elsewhere (``2>log``)."""
    error, out = sys.__stderr__, sys.__stdout__
    if error is not None and error.isatty():
        return error
    if out is not None and out.isatty():
        return out
    if error is None:
        raise OSError("there is no terminal to paint on")
    return error


def terminal_is_gone() -> bool:
    """Whether the terminal was taken away: a hung-up one is no terminal any more."""
    try:
        return not os.isatty(sys.__stdin__.fileno()) if sys.__stdin__ is not None else True
    except (OSError, ValueError):
        return True
