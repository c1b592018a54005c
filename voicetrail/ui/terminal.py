"""Whether this terminal can show the game, and how; all of it before Textual is imported."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import termios
from collections.abc import Iterator, MutableMapping
from typing import TextIO

from voicetrail.errors import TerminalError

SMALLEST = (60, 20)
"""Columns and rows that the game needs."""
LEAVE = "\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
"""What a terminal is told at the end, where the screen could not do it: keyboard, mouse, focus, pastes, wrapping, screen, cursor."""
SLOW_FPS = "15"
NEAR_FPS = "120"
"""What changed waits for the next frame: half of the time from a key to the screen at Textual's 60. Without a change there is none."""


def check_terminal(
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    env: MutableMapping[str, str] | None = None,
    smallest: tuple[int, int] = SMALLEST,
) -> None:
    """Refuse a terminal that cannot show the game.

    Raises:
        TerminalError: it is none, it is a dumb one, or it is too small.
    """
    stdin, stdout = stdin or sys.stdin, stdout or sys.stdout
    env = os.environ if env is None else env
    instead = "`voicetrail listen mic` prints the words without one"
    if not stdout.isatty():
        raise TerminalError(f"the game needs a terminal, and its output goes elsewhere; {instead}")
    if not stdin.isatty():
        raise TerminalError(f"the game needs the keyboard, and its input comes from elsewhere; {instead}")
    if env.get("TERM", "") in ("", "dumb", "unknown"):
        shown = env.get("TERM") or "not set"
        raise TerminalError(
            f"this terminal cannot place characters (TERM is {shown}); {instead}, or set TERM as xterm-256color"
        )
    columns, rows = os.get_terminal_size(stdout.fileno())
    if (columns or smallest[0]) < smallest[0] or (rows or smallest[1]) < smallest[1]:
        raise TerminalError(
            f"the game needs a window of {smallest[0]}×{smallest[1]} characters, this one has {columns}×{rows}: make it larger"
        )


@contextlib.contextmanager
def terminal_restored(stdin: TextIO | None = None) -> Iterator[None]:
    """Give the terminal back as it was, however the program ends: modes, screen, cursor, mouse and keyboard."""
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
    """Ask Textual for fewer frames and no animations where the screen is far away, and for prompt ones where it is near.

    Has to come before Textual is imported.

    Returns:
        Whether it did: the flag was given, or the terminal is at the other end of an SSH connection.
    """
    env = os.environ if env is None else env
    # Textual and rich believe these before the window itself; a shell that exports them says what it had once.
    env.pop("COLUMNS", None)
    env.pop("LINES", None)
    if not slow and "SSH_CONNECTION" not in env:
        env.setdefault("TEXTUAL_FPS", NEAR_FPS)
        return False
    env.setdefault("TEXTUAL_FPS", SLOW_FPS)
    env.setdefault("TEXTUAL_ANIMATIONS", "none")
    return True
