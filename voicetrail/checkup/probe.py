"""Measures how wide the terminal draws a character, and on a Linux console whether its font has the character."""

from __future__ import annotations

import contextlib
import os
import re
import select
import time
from collections.abc import Iterator, Mapping, Sequence

SIGNS = "─│╭╮╰╯━┃●○◌·…×▸▲▼◄►♦░▒▓█▏▌"
"""Characters of the game that some terminals draw two cells wide, or do not have."""
TIMEOUT_S = 0.5
"""Longest wait for the terminal's answer in s; over a network, the answer takes a round trip."""
WIDE_LANGUAGES = ("ja", "ko", "zh")
"""Languages whose locales make some terminals draw ambiguous characters two cells wide (Unicode Standard Annex 11)."""
REPORT = re.compile(rb"\x1b\[(\d+);(\d+)R")
"""A cursor position report (ECMA-48 CPR): row and column."""
GIO_UNIMAP = 0x4B66
"""On Linux: read a console's map from Unicode to its font (ioctl_console(2))."""
MOST_PAIRS = 65_535


def measure_widths(signs: Sequence[str], *, stdin: int = 0, stdout: int = 1, timeout_s: float = TIMEOUT_S) -> dict[str, int]:
    """Measure by how many cells a terminal moves its cursor for each character.

    Each character is written at the start of the line, followed by a request for the cursor position (DSR 6). The line is empty
    afterwards.

    Args:
        signs: the characters.
        stdin: descriptor of the terminal to read from.
        stdout: descriptor of the same terminal to write to.
        timeout_s: longest wait for all answers, in s.

    Returns:
        The width of each character; empty if the terminal does not answer.
    """
    text = "".join(f"\r{sign}\x1b[6n" for sign in signs) + "\r\x1b[K"
    with _raw(stdin):
        _write(stdout, text.encode("utf-8"))
        columns = [int(column) for _, column in _reports(stdin, len(signs), timeout_s)]
    if len(columns) != len(signs):
        return {}
    return {sign: column - 1 for sign, column in zip(signs, columns, strict=True)}


def needs_ascii(env: Mapping[str, str], *, stdin: int = 0, stdout: int = 1) -> bool:
    """Whether this terminal is known to show the game's characters wrongly: too wide, or missing in its font.

    Args:
        env: the environment.
        stdin: descriptor of the terminal to read from.
        stdout: descriptor of the same terminal to write to.
    """
    if env.get("TERM") == "linux" and console_lacks(SIGNS, stdout=stdout):
        return True
    return draws_wide(env, stdin=stdin, stdout=stdout)


def draws_wide(env: Mapping[str, str], *, stdin: int = 0, stdout: int = 1) -> bool:
    """Whether the terminal draws the game's characters two cells wide; measured only if the locale makes that likely.

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
    """The characters that are missing in the font of a Linux console; ``None`` if unknown (any other terminal)."""
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
    """Read the terminal byte by byte without echo. Earlier input and late answers are discarded."""
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
    """Read ``count`` cursor position reports, or fewer if the time runs out."""
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
