"""Textual's terminal driver, made robust against hangups, suspends and unexpected input.

When a connection drops, writing to the terminal fails. Textual's writer thread then dies, its bounded queue fills up, and the app
waits forever. This driver drops output that cannot be written, so that the app can end properly: files are closed, listening stops.
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
"""Start and end of a frame that the terminal draws at once (synchronized output)."""
LOOK_S = 0.1
"""Maximum wait for a key until the thread checks whether to end, in s."""
ENTER = "\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
"""Escape sequences at the start: alternate screen, mouse, no cursor, focus reports, bracketed paste, no wrapping."""


class _DroppingFile:
    """A file that drops text that it cannot write."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> int:
        """Write the text, or drop it."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Flush, or drop the text."""
        with contextlib.suppress(OSError):
            self._file.flush()


class HangupSafeDriver(LinuxDriver):
    """A driver for a terminal that may hang up, be suspended and resumed, and send unexpected input."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._file: Any = _DroppingFile(screen_file())
        self._frame: list[str] = []
        """The current frame, between its start and end."""
        self._suspended = False
        """Whether ctrl-z suspended the app, so that it left application mode."""

    def write(self, data: str) -> None:
        """Queue text for the writer thread; a frame is queued in one piece."""
        if data == FRAME_BEGINS or self._frame:
            self._frame.append(data)
            if data != FRAME_ENDS:
                return
            data, self._frame = "".join(self._frame), []
        super().write(data)

    def flush(self) -> None:
        """Queue everything, including an unfinished frame."""
        data, self._frame = "".join(self._frame), []
        if data:
            super().write(data)
        super().flush()

    def start_application_mode(self) -> None:
        """Enter application mode, and discard earlier input, which was not meant for this program."""
        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _sigtstp_application(self, *_: Any) -> None:
        self._suspended = True
        super()._sigtstp_application(*_)

    def _sigcont_application(self, *_: Any) -> None:
        """Resume. Only ctrl-z left application mode; after any other stop, the mode only has to be set again."""
        if self._suspended:
            self._suspended = False
            super()._sigcont_application(*_)
        elif self._key_thread is not None and self._key_thread.is_alive():
            self._take_terminal_again()

    def _take_terminal_again(self) -> None:
        """Set the terminal modes again, because a shell changed them. The input thread is not started again: it would never end."""
        try:
            if os.tcgetpgrp(self.fileno) != os.getpgrp():
                return  # in the background: the terminal belongs to another program
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
        """Read the terminal, filter the input, and dispatch key and mouse events."""
        parser, seen = XTermParser(self._debug), TerminalInput()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            if poll.poll(LOOK_S * 1000):
                data = os.read(self.fileno, 4096)
                if not data:
                    # The other end is gone; SIGHUP will arrive soon.
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
    """Return the file for the screen: standard error as in Textual, unless it is redirected (``2>log``)."""
    error, out = sys.__stderr__, sys.__stdout__
    if error is not None and error.isatty():
        return error
    if out is not None and out.isatty():
        return out
    if error is None:
        raise OSError("there is no terminal for the screen")
    return error


def terminal_is_gone() -> bool:
    """Return whether the terminal has hung up."""
    try:
        return not os.isatty(sys.__stdin__.fileno()) if sys.__stdin__ is not None else True
    except (OSError, ValueError):
        return True
