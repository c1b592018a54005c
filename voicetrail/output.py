"""Prints to the standard output and the standard error. All commands print through this module.

Control characters are removed from all text. In a locale other than UTF-8, characters that it lacks are replaced. If the output cannot
be written (a full disk), that is an error of one line; if its reader has closed it, it is not an error.
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
"""Replacements for the program's own symbols in encodings without them; anything else becomes a question mark."""
ERRORS = "voicetrail.substitute"


def prepare() -> None:
    """Prepare the standard streams; called once, before anything is written."""
    # NO_COLOR counts only if it is not empty (no-color.org); Textual only checks whether it is set.
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]
    for number in (0, 1, 2):
        # The caller closed the stream: its descriptor must not be reused for one of our files or sockets.
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


def write_line(text: str = "", *, end: str = "\n", flush: bool = False, wrap: bool = False) -> None:
    """Write lines to the standard output.

    Args:
        text: one or more lines; control characters are replaced.
        end: written after the text; empty leaves the line open.
        flush: flush the stream.
        wrap: in a terminal, wrap lines that are wider than the terminal between words.

    Raises:
        OutputError: the output cannot be written.
        BrokenPipeError: the reader has closed the output; the command line then ends without a message.
    """
    shown = safe(text)
    _write((_fitted(shown, _columns(sys.stdout)) if wrap else shown) + end, flush)


def write_json(value: object, *, flush: bool = False, indent: int | None = None) -> None:
    """Write a value as JSON, on one line unless ``indent`` is given. Raises as ``write_line`` does."""
    # json escapes control characters and everything beyond ASCII, except DEL, which is escaped here.
    _write(json.dumps(value, indent=indent).replace("\x7f", "\\u007f") + "\n", flush)


def write_error(text: str, *, end: str = "\n") -> None:
    """Write lines to the standard error, flushed. If that fails, nothing happens.

    In a terminal, lines that are wider than the terminal wrap between words. A file or a pipe gets them unchanged.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(_fitted(safe(text), _columns(sys.stderr)) + end)
        sys.stderr.flush()


def note(text: object) -> None:
    """Write a note to the user, on one line of the standard error."""
    write_error(f"note: {printable(text, 500)}")


def safe(text: str) -> str:
    """Replace control characters in a text of one or more lines."""
    return "\n".join(printable(line, None) for line in text.split("\n"))


def is_utf8(stream: TextIO | None = None) -> bool:
    """Whether a stream (by default, the standard output) is encoded in UTF-8."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "ascii"
    return "utf" in encoding.lower()


def finish() -> None:
    """Flush all output at the end of the program.

    Raises:
        OutputError: the output cannot be written.
        BrokenPipeError: the reader has closed the output.
    """
    _write("", True)


def abandon() -> None:
    """Discard the standard output, including its buffer, because it cannot be written or its reader has closed it."""
    with contextlib.suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def _columns(stream: TextIO) -> int:
    """The width of the terminal behind a stream; 0 if it is no terminal or its width is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def _fitted(text: str, columns: int) -> str:
    """Wrap the lines that are longer than ``columns`` at spaces; words are never split. With 0 columns, nothing changes."""
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
    """Error handler for ``codecs``: returns the replacement of characters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SUBSTITUTES.get(character, "?") for character in error.object[error.start : error.end]), error.end
