"""Asks the terminal itself: how wide it draws a character, and on a Linux console whether the font has it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import time
from collections.abc import Iterator, Mapping, Sequence

SIGNS = "─│╭╮╰╯━┃●○◌·…×▸▲▼◄►♦░▒▓█▏▌"
"""Characters that the game draws and that some terminals draw two cells wide, or not at all."""
TIMEOUT_S = 0.5
"""Longest wait for the terminal's answer; over a slow line it takes a round trip."""
WIDE_LANGUAGES = ("ja", "ko", "zh")
"""Languages of locales in which terminals may draw ambiguous characters two cells wide (Unicode Standard Annex 11)."""
REPORT = re.compile(rb"\x1b\[(\d+);(\d+)R")
"""A cursor position report (ECMA-48 CPR): row and column."""
GIO_UNIMAP = 0x4B66
"""Linux: read a console's map from Unicode to its font (ioctl_console(2))."""
MOST_PAIRS = 65_535


def measure_widths(signs: Sequence[str], *, stdin: int = 0, stdout: int = 1, timeout_s: float = TIMEOUT_S) -> dict[str, int]:
    """How many cells a terminal moves its cursor for each character.

    Each is written at the begin of the line, followed by the question where the cursor is (DSR 6). The line is empty afterwards.

    Args:
        signs: the characters.
        stdin: descriptor of the terminal to read from.
        stdout: descriptor of the same terminal to write to.
        timeout_s: how long to wait for all the answers.

    Returns:
        The width of each; empty where the terminal does not answer.
    """
    text = "".join(f"\r{sign}\x1b[6n" for sign in signs) + "\r\x1b[K"
    with _raw(stdin):
        _write(stdout, text.encode("utf-8"))
        columns = [int(column) for _, column in _reports(stdin, len(signs), timeout_s)]
    if len(columns) != len(signs):
        return {}
    return {sign: column - 1 for sign, column in zip(signs, columns, strict=True)}


def needs_ascii(env: Mapping[str, str], *, stdin: int = 0, stdout: int = 1) -> bool:
    """Whether it is known that this terminal cannot show the game's signs as they are meant: too wide, or not in its font.

    Args:
        env: the environment.
        stdin: descriptor of the terminal to read from.
        stdout: descriptor of the same terminal to write to.
    """
    if env.get("TERM") == "linux" and console_lacks(SIGNS, stdout=stdout):
        return True
    return draws_wide(env, stdin=stdin, stdout=stdout)


def draws_wide(env: Mapping[str, str], *, stdin: int = 0, stdout: int = 1) -> bool:
    """Whether the terminal draws the game's signs two cells wide; asked only where the locale makes that likely.

    Args:
        env: the environment.
        stdin: descriptor of the terminal to read from.
        stdout: descriptor of the same terminal to write to.
    """
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if not locale.startswith(WIDE_LANGUAGES) and not env.get("VTE_CJK_WIDTH", "").startswith("wide"):
        return False
    try:
        return any(width > 1 for width in measure_widths("●─", stdin=stdin, stdout=stdout).values())
    except OSError:
        return False


def console_lacks(signs: Sequence[str], *, stdout: int = 1) -> tuple[str, ...] | None:
    """The characters that the font of a Linux console lacks; ``None`` where that cannot be known (any other terminal)."""
    import ctypes
    import fcntl

    class Pair(ctypes.Structure):
        _fields_ = (("character", ctypes.c_ushort), ("position", ctypes.c_ushort))

    class Map(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("pairs", ctypes.POINTER(Pair)))

    pairs = (Pair * MOST_PAIRS)()
    request = Map(MOST_PAIRS, ctypes.cast(pairs, ctypes.POINTER(Pair)))
    try:
        fcntl.ioctl(stdout, GIO_UNIMAP, request)
    except OSError:
        return None
    there = {pairs[index].character for index in range(request.count)}
    return tuple(sign for sign in signs if ord(sign) not in there)


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Read the terminal byte by byte and without an echo; what was typed before is dropped, as is an answer that comes late."""
    import termios

    try:
        before = termios.tcgetattr(terminal)
    except termios.error as error:  # which is no OSError
        raise OSError(*error.args) from None
    changed = termios.tcgetattr(terminal)
    changed[3] &= ~(termios.ICANON | termios.ECHO)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSAFLUSH, changed)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _write(terminal: int, data: bytes) -> None:
    while data:
        data = data[os.write(terminal, data) :]


def _reports(terminal: int, count: int, timeout_s: float) -> list[tuple[bytes, bytes]]:
    """Read cursor position reports until there are so many, or the time is over."""
    received, end = b"", time.monotonic() + timeout_s
    while (left := end - time.monotonic()) > 0:
        if not select.select([terminal], [], [], left)[0]:
            break
        part = os.read(terminal, 4096)
        if not part:
            break
        received += part
        found = REPORT.findall(received)
        if len(found) >= count:
            return found[:count]
    return REPORT.findall(received)
