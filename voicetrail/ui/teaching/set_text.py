"""What a list says of a set of words."""

from __future__ import annotations

from voicetrail.teaching.word_sets import SetInfo
from voicetrail.text import printable

SHOWN_WORDS = 26
"""Characters of a set's words that a row shows; of more it says how many there are."""


def words_of(info: SetInfo) -> str:
    """The words of a set, or how many there are."""
    shown = printable(", ".join(info.words))
    return shown if len(shown) <= SHOWN_WORDS else f"{len(info.words)} words"


def all_words(info: SetInfo) -> str:
    """Every word with what it does."""
    return printable(", ".join(f"{w} = {info.meanings[w]}" if w in info.meanings else w for w in info.words))


def figures_of(info: SetInfo) -> str:
    """How many takes there are, and how many held-out ones were right."""
    takes = sum(info.takes.values())
    return f"{takes} takes, {info.accuracy:.0%} right" if takes else f"{info.accuracy:.0%} right"
