"""Makes text from outside (file names, titles, device names, network messages) safe to print; counts things in words."""

from __future__ import annotations

import os.path
import unicodedata
from pathlib import Path

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that could control a terminal or change the reading direction: controls, formats, surrogates, private use,
unassigned, line and paragraph separators. Together with all spaces but the plain one, these are what ``str.isprintable`` refuses."""


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: it has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: object, limit: int | None = 200) -> str:
    """Return the text on one line, without control characters, shortened to ``limit`` characters (``None``: not shortened).

    Unsafe characters become the replacement character ``�``; tabs, line ends and all kinds of spaces become a plain space.
    """
    shown = str(text)[: None if limit is None else limit + 1]
    if not shown.isprintable():
        shown = "".join(map(_shown, shown))
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    space = character in "\t\n\r" or unicodedata.category(character) == "Zs"
    return " " if space else "\N{REPLACEMENT CHARACTER}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 stroke``, ``2 strokes``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def expanded_path(text: str) -> Path:
    """A path with ``~`` for the home folder."""
    # Not Path.expanduser: it raises RuntimeError where there is no such user.
    return Path(os.path.expanduser(text))


def typed_path(text: str) -> Path:
    """The path that somebody typed or pasted into a field, perhaps with quotes around it."""
    path = text.strip()
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        path = path[1:-1]
    return expanded_path(path)
