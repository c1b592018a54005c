"""Checks of data from a visitor's terminal: size, type, colors, and the visitor's name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from voicetrail.text import printable

COLUMNS, ROWS = (1, 400), (1, 200)
"""Bounds of a window; in a larger window only the upper left part is used."""
DEFAULT_COLUMNS, DEFAULT_ROWS = 80, 24
DEFAULT_TERM = "xterm-256color"
TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,39}")
"""Valid names of terminals, without slashes, because some libraries use the name in a path."""
COLORTERMS = ("truecolor", "24bit")
NAME_LENGTH = 20
"""Maximum length of a visitor's name, in characters."""
NAMELESS = "guest"


@dataclass(frozen=True, slots=True)
class TerminalSize:
    """The size of a window, in characters; values are limited to ``COLUMNS`` and ``ROWS``."""

    columns: int = DEFAULT_COLUMNS
    rows: int = DEFAULT_ROWS

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _bounded(self.columns, COLUMNS, DEFAULT_COLUMNS))
        object.__setattr__(self, "rows", _bounded(self.rows, ROWS, DEFAULT_ROWS))


def checked_term(term: object) -> str:
    """Return the type of a terminal for ``TERM``; a default for an invalid name."""
    return term if isinstance(term, str) and TERM.fullmatch(term) else DEFAULT_TERM


def checked_colorterm(colorterm: object) -> str:
    """Return the value for ``COLORTERM``: one of the two words for true color, or an empty text."""
    return colorterm if isinstance(colorterm, str) and colorterm in COLORTERMS else ""


def checked_name(name: object) -> str:
    """Return a visitor's name that is safe to show, log and store: one short line of letters, marks, digits and plain signs.

    Compatibility forms of letters are unified (NFKC), so that names that look the same are the same.
    """
    text = unicodedata.normalize("NFKC", str(name)[: 4 * NAME_LENGTH])
    text = "".join(
        letter for letter in text if letter.isalnum() or unicodedata.category(letter).startswith("M") or letter in " ._-"
    )
    text = " ".join(text.split())[:NAME_LENGTH].strip()
    return printable(text) if any(letter.isalnum() for letter in text) else NAMELESS


def _bounded(value: object, bounds: tuple[int, int], default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return default
    return min(max(value, bounds[0]), bounds[1])
