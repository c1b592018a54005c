"""Checks and prepares the terminal, before Textual is imported."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import termios
from collections.abc import Iterator, MutableMapping
from typing import TextIO

from voicetrail.errors import TerminalError
from voicetrail.output import SMALLEST_WINDOW

LEAVE = "\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
"""Escape sequences to reset a terminal after a crash: keyboard, mouse, focus reports, pastes, wrapping, screen, cursor."""
SLOW_FPS = "15"
NEAR_FPS = "120"
"""A change waits for the next frame: at most half as long as with Textual's 60 frames. Without changes no frames are sent."""


def check_terminal(
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    env: MutableMapping[str, str] | None = None,
    smallest: tuple[int, int] = SMALLEST_WINDOW,
) -> None:
    """Check that the terminal can show the game.

    Raises:
        TerminalError: there is no terminal, it cannot position characters, or it is too small.
    """
    stdin, stdout = stdin or sys.stdin, stdout or sys.stdout
    env = os.environ if env is None else env
    instead = "to print the words without one, run `voicetrail listen mic`"
    if not stdout.isatty():
        raise TerminalError(f"the game needs a terminal, but its output goes elsewhere; {instead}")
    if not stdin.isatty():
        raise TerminalError(f"the game needs the keyboard, but its input comes from elsewhere; {instead}")
    if env.get("TERM", "") in ("", "dumb", "unknown"):
        shown = env.get("TERM") or "not set"
        raise TerminalError(
            f"this terminal cannot position characters (TERM is {shown}); set TERM to xterm-256color, or {instead}"
        )
    columns, rows = os.get_terminal_size(stdout.fileno())
    if (columns or smallest[0]) < smallest[0] or (rows or smallest[1]) < smallest[1]:
        raise TerminalError(
            f"the window is too small: the game needs {smallest[0]}×{smallest[1]} characters, and it has {columns}×{rows}"
        )


@contextlib.contextmanager
def terminal_restored(stdin: TextIO | None = None) -> Iterator[None]:
    """Restore the terminal when the program ends in any way: modes, screen, cursor, mouse and keyboard."""
    stdin = stdin or sys.stdin
    try:
        before = termios.tcgetattr(stdin.fileno())
    except (termios.error, OSError, ValueError):
        yield
        return

    def restore() -> None:
        with contextlib.suppress(termios.error, OSError, ValueError):
            if termios.tcgetattr(stdin.fileno())[:4] != before[:4]:
                termios.tcsetattr(stdin.fileno(), termios.TCSANOW, before)
                os.write(stdin.fileno(), LEAVE.encode())

    atexit.register(restore)
    try:
        yield
    finally:
        restore()
        atexit.unregister(restore)


def save_bandwidth(slow: bool, env: MutableMapping[str, str] | None = None) -> bool:
    """Configure Textual: fewer frames and no animations over a slow connection, fast frames on a local terminal.

    Must be called before Textual is imported.

    Returns:
        Whether bandwidth is saved: the flag was given, or the terminal is at the other end of an SSH connection.
    """
    env = os.environ if env is None else env
    # Textual and Rich prefer these to the real window size, and an exported value may be outdated.
    env.pop("COLUMNS", None)
    env.pop("LINES", None)
    if not slow and "SSH_CONNECTION" not in env:
        env.setdefault("TEXTUAL_FPS", NEAR_FPS)
        return False
    env.setdefault("TEXTUAL_FPS", SLOW_FPS)
    env.setdefault("TEXTUAL_ANIMATIONS", "none")
    return True
