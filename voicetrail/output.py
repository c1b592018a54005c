"""The one way to print: what every command writes to the standard output and the standard error.

Text goes out line by line with nothing in it that a terminal would act on. A locale that is not UTF-8 gets a replacement for what it
cannot show. An output that cannot be written (a full disk) is an error of one line; one that nobody reads any more is none.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
import textwrap
from typing import TextIO

from voicetrail.errors import OutputError
from voicetrail.text import printable

SMALLEST_WINDOW = (60, 20)
"""Columns and rows that the game needs."""

SUBSTITUTES = {
    "…": "...",
    "–": "-",
    "—": "-",
    "×": "x",
    "→": "->",
    "←": "<-",
    "↑": "up",
    "↓": "down",
    "·": ".",
    "•": "*",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "±": "+-",
    "≥": ">=",
    "≤": "<=",
}
"""What our own signs become in an encoding that lacks them; anything else becomes a question mark."""
ERRORS = "voicetrail.substitute"


def prepare() -> None:
    """Make the standard streams safe to write to; called once, before anything is written."""
    # NO_COLOR counts where it is not empty (no-color.org); Textual only looks whether it is there.
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]
    for number in (0, 1, 2):
        # A stream that was closed by the caller: its number must not become that of a file or socket of ours.
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    codecs.register_error(ERRORS, _substitute)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def write_line(text: str = "", *, end: str = "\n", flush: bool = False) -> None:
    """Write lines to the standard output.

    Args:
        text: one line or several; whatever a terminal would act on is replaced.
        end: what comes after it; empty leaves the line open.
        flush: have it read at once.

    Raises:
        OutputError: the output cannot be written.
        BrokenPipeError: nobody reads it any more; the command line ends quietly then.
    """
    _write(safe(text) + end, flush)


def write_json(value: object, *, flush: bool = False, indent: int | None = None) -> None:
    """Write a value as JSON, on one line unless ``indent`` is given. Raises as ``write_line`` does."""
    # Every character beyond ASCII is escaped by json, and DEL by hand: nothing is left for a terminal to act on.
    _write(json.dumps(value, indent=indent).replace("\x7f", "\\u007f") + "\n", flush)


def write_error(text: str, *, end: str = "\n") -> None:
    """Write lines to the standard error, at once. Where that cannot be written, nothing happens.

    A terminal shows a line that is longer than it is wide on several, broken between words; anything else gets it whole.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(_fitted(safe(text), _columns(sys.stderr)) + end)
        sys.stderr.flush()


def note(text: object) -> None:
    """Write something that the user should know, on one line of the standard error."""
    write_error(f"note: {printable(text, 500)}")


def safe(text: str) -> str:
    """The text, of one line or several, with nothing in it that a terminal would act on."""
    return "\n".join(printable(line, None) for line in text.split("\n"))


def is_utf8(stream: TextIO | None = None) -> bool:
    """Whether a stream (the standard output) can take more than the locale's own letters."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "ascii"
    return "utf" in encoding.lower()


def finish() -> None:
    """Have everything written, before the program ends.

    Raises:
        OutputError: the output cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    _write("", True)


def abandon() -> None:
    """Write no more to the standard output, also not what waits in its buffer: it cannot be written, or nobody reads it."""
    with contextlib.suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def _columns(stream: TextIO) -> int:
    """How wide the terminal is that a stream is written to; 0 where it is none, or does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def _fitted(text: str, columns: int) -> str:
    """The text with every line that is longer than ``columns`` broken at spaces; what has none stays whole. 0 changes nothing."""
    if not columns:
        return text
    wrapper = textwrap.TextWrapper(columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(line) if len(line) > columns else line for line in text.split("\n"))


def _write(text: str, flush: bool) -> None:
    try:
        if text:
            sys.stdout.write(text)
        if flush:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the output cannot be written: {error.strerror or error}") from None


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """An error handler of ``codecs``: takes what an encoding lacks, gives what is written in its place."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SUBSTITUTES.get(character, "?") for character in error.object[error.start : error.end]), error.end
