"""Text from outside (file names, titles, device names, messages over a line) made safe to show."""

from __future__ import annotations

import unicodedata

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal may act on, or that turn the reading direction: controls, formats, surrogates, private use,
unassigned, line and paragraph separators."""


def printable(text: object, limit: int | None = 200) -> str:
    """Return the text on one line with nothing in it that a terminal would act on, cut to ``limit`` characters (``None``: whole).

    What is unsafe becomes the replacement character ``�``; tabs and line ends become a space.
    """
    shown = "".join(
        " "
        if character in "\t\n\r"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in UNSAFE
        else character
        for character in str(text)[: None if limit is None else limit + 1]
    )
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"
