"""Descriptions of a word set for lists."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from voicetrail.teaching.word_sets import SUFFIX, SetInfo
from voicetrail.text import printable

SHOWN_WORDS = 26
"""Maximum length of the list of words in a row, in characters; a longer list is replaced by its count."""


def words_of(info: SetInfo) -> str:
    """Return the words of a set, or their number."""
    shown = printable(", ".join(info.words))
    return shown if len(shown) <= SHOWN_WORDS else f"{len(info.words)} words"


def all_words(info: SetInfo) -> str:
    """Return every word with its meaning."""
    return printable(", ".join(f"{w} = {info.meanings[w]}" if w in info.meanings else w for w in info.words))


def figures_of(info: SetInfo) -> str:
    """Return the number of takes and the accuracy on held-out ones."""
    takes = sum(info.takes.values())
    return f"{takes} takes, {info.accuracy:.0%} right" if takes else f"{info.accuracy:.0%} right"


def free_path(folder: Path, name: str) -> Path:
    """A file of a folder, named after a set, that is not there yet."""
    paths = (folder / f"{name}{'' if number == 1 else f' {number}'}{SUFFIX}" for number in count(1))
    return next(path for path in paths if not path.exists())
