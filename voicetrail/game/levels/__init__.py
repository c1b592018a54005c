"""The levels of trace: shapes from data files, and levels made from any text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from voicetrail.errors import VoicetrailError, reason_of
from voicetrail.game.levels.line import SIDE_MAX, Figure, read_line, write_line
from voicetrail.text import printable

GROUPS = ("easy", "medium", "hard", "expert")
"""The level files without their suffix, in order of difficulty."""
LETTER_GAP = 4
"""Steps from the start of a letter to the start of the next one; a letter is at most two steps wide."""


class LevelError(VoicetrailError):
    """A level does not exist, or a level file is damaged."""


@dataclass(frozen=True)
class TraceLevel:
    """A line to trace.

    Attributes:
        name: name on the screen.
        figures: its figures, in the order in which they are traced.
        group: easy, medium, hard or expert; empty for a level from a text.
    """

    name: str
    figures: tuple[Figure, ...]
    group: str = ""

    @cached_property
    def par(self) -> int:
        """The fewest words that cover the whole line."""
        return sum(figure.par for figure in self.figures)

    @property
    def line(self) -> str:
        """The line as text, for a replay file."""
        return write_line(self.figures)


def read_levels(text: str, source: str, group: str = "") -> tuple[TraceLevel, ...]:
    """Parse a level file.

    Args:
        text: TOML with a ``[[level]]`` table for each level: ``name`` and ``line`` (see ``levels.line``).
        source: file name for messages.
        group: difficulty of these levels.

    Raises:
        LevelError: a level is invalid; the message is one line with the file, the level and the reason.
    """
    where = printable(source, 100)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LevelError(f"{where}: the file is not valid TOML: {printable(error, 100)}") from error
    entries = data.get("level")
    if not isinstance(entries, list) or not entries:
        raise LevelError(f"{where}: the file has no levels; a level begins with [[level]]")
    levels: list[TraceLevel] = []
    for number, entry in enumerate(entries, 1):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not 1 <= len(name) <= 20 or printable(name) != name:
            raise LevelError(f"{where}: level {number} needs a name of at most 20 characters")
        if any(name == level.name for level in levels):
            raise LevelError(f"{where}: there are two levels {name!r}")
        line = entry.get("line")
        if not isinstance(line, str):
            raise LevelError(f'{where}: level {name!r} needs a line, as in line = "u4 r3"')
        try:
            levels.append(TraceLevel(name, read_line(line), group))
        except ValueError as error:
            raise LevelError(f"{where}: level {name!r}: {printable(error, 100)}") from error
    return tuple(levels)


def load_levels(folder: Traversable) -> tuple[TraceLevel, ...]:
    """Load every level of a folder, from the easiest to the hardest.

    Raises:
        LevelError: a file cannot be read, or is damaged.
    """
    levels: list[TraceLevel] = []
    for group in GROUPS:
        file = folder / f"{group}.toml"
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LevelError(f"{group}.toml: the file cannot be read: {reason_of(error)}") from error
        levels += read_levels(text, f"{group}.toml", group)
    return tuple(levels)


@cache
def all_levels() -> tuple[TraceLevel, ...]:
    """Return the levels that ship with the game, from the easiest to the hardest."""
    return load_levels(files("voicetrail.game.levels"))


def find_level(name: str) -> TraceLevel:
    """Return the level with a name.

    Raises:
        LevelError: there is no such level.
    """
    for level in all_levels():
        if level.name == name.strip().lower():
            return level
    raise LevelError(f"there is no level {printable(name, 40)!r}; there are {', '.join(one.name for one in all_levels())}")


@cache
def _letters() -> Mapping[str, tuple[Figure, ...]]:
    data = tomllib.loads((files("voicetrail.game.levels") / "letters.toml").read_text("utf-8"))
    return {letter: _placed(line) for letter, line in data["letters"].items()}


def _placed(line: str) -> tuple[Figure, ...]:
    """Parse a letter without moving it: ``read_line`` would shift a narrow letter to the left."""
    from voicetrail.game.levels.line import _figure

    return tuple(_figure(part) for part in line.split("/"))


def text_level(text: str) -> TraceLevel:
    """Make a level from a text: each letter is a figure, and the pen jumps to the next one when a letter is complete.

    Raises:
        LevelError: the text has a letter that cannot be drawn, or no letters.
    """
    figures: list[Figure] = []
    for place, letter in enumerate(text.strip().upper()):
        if letter == " ":
            continue
        if letter not in _letters():
            raise LevelError(f"{printable(letter)!r} cannot be traced; use the letters a to z, digits and . - ! ? + =")
        figures += [Figure((one.start[0] + place * LETTER_GAP, one.start[1]), one.moves) for one in _letters()[letter]]
    if not figures:
        raise LevelError("a text to trace needs at least one letter")
    if len(text.strip()) * LETTER_GAP > SIDE_MAX:
        raise LevelError("the text is too long to trace")
    return TraceLevel(text.strip(), read_line(write_line(tuple(figures))))
