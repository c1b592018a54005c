"""What a visitor's terminal says of itself, checked: its size, its type, its colors, and the visitor's name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from voicetrail.text import printable

COLUMNS, ROWS = (1, 400), (1, 200)
"""Bounds of a window: what is larger is drawn in its upper left part only."""
DEFAULT_COLUMNS, DEFAULT_ROWS = 80, 24
DEFAULT_TERM = "xterm-256color"
TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,39}")
"""Names of terminals. No slash: some libraries make a path of a name."""
COLORTERMS = ("truecolor", "24bit")
NAME_LENGTH = 20
"""Characters of a visitor's name."""
NAMELESS = "guest"


@dataclass(frozen=True, slots=True)
class TerminalSize:
    """The size of a window, in characters; within ``COLUMNS`` and ``ROWS``, whatever is asked for."""

    columns: int = DEFAULT_COLUMNS
    rows: int = DEFAULT_ROWS

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _bounded(self.columns, COLUMNS, DEFAULT_COLUMNS))
        object.__setattr__(self, "rows", _bounded(self.rows, ROWS, DEFAULT_ROWS))


def checked_term(term: object) -> str:
    """The type of a terminal, for ``TERM``; a usual one in place of what cannot be a name of one."""
    return term if isinstance(term, str) and TERM.fullmatch(term) else DEFAULT_TERM


def checked_colorterm(colorterm: object) -> str:
    """What goes into ``COLORTERM``: the two words that mean all colors, or nothing."""
    return colorterm if isinstance(colorterm, str) and colorterm in COLORTERMS else ""


def checked_name(name: object) -> str:
    """A visitor's name, safe to show, to log and to keep: one short line of letters, marks, digits and plain signs.

    Compatible forms of letters become one (NFKC), so that names that look the same are the same.
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
