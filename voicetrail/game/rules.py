"""What every mode honors, so that one screen, one recorder and one replay player serve them all.

A mode is a pure function of its inputs and their times: it has no clock and draws no random number that a seed does not decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from voicetrail.game.inputs import Input
from voicetrail.game.trail import Cell, Pen

ModeName = Literal["sketch", "trace", "maze", "snake", "echo"]
MODE_NAMES: tuple[ModeName, ...] = ("sketch", "trace", "maze", "snake", "echo")

Role = Literal[
    "empty",  # nothing, or the grid of the canvas
    "trail",  # what the pen drew
    "guide",  # the line to follow (trace)
    "right",  # a part of that line that was covered
    "wrong",  # what was drawn beside it
    "wall",  # a wall of a maze, the edge of a field
    "fog",  # what has not been seen yet
    "goal",  # the way out, the end of a line
    "gem",
    "food",
    "body",  # the snake behind its head
    "asked",  # a direction that is shown to be said back (echo)
    "said",  # one that was said back
]
"""What a cell is. The look decides about its color, and about its character where it is no joined line."""

Medal = Literal["", "bronze", "silver", "gold"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a cell looks, without colors."""

    role: Role = "empty"
    mask: int = 0
    """Arms of a joined line (``trail.UP`` …); 0 for a role with a character of its own (gem, food, goal, …)."""
    direction: str = ""
    """For ``asked`` and ``said``: the arrow that is shown."""


EMPTY = Mark()


@dataclass(frozen=True, slots=True)
class Result:
    """How a round ended."""

    mode: ModeName
    level: str
    """Name of the level, size or day; empty where a mode has none."""
    score: int
    finished: bool
    """It was played to its end: only then it counts among the bests."""
    won: bool
    """The end was the good one (the way out, the whole line)."""
    time_ms: int
    """Time of the round without pauses."""
    words: int
    """Words and presses that moved something."""
    par: int | None = None
    """Words of the best way where it is known."""
    wrong: int = 0
    """Words that were taken back, or were not the ones asked for."""
    medal: Medal = ""
    seed: int | None = None
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    """What the mode alone knows (gems, food, length of the row, line covered), by its label for people."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an input did."""

    cells: frozenset[Cell] = frozenset()
    """Exactly the cells that look different now."""
    message: str = ""
    """What to say to the player; empty when there is nothing to say."""
    edge: bool = False
    """The edge of the drawing stopped the pen."""


class Rules(Protocol):
    """One round of a mode.

    ``apply`` takes every input with the time of the session; ``Pause`` and ``Resume`` are inputs too, and the time between them
    counts for nothing.
    """

    mode_name: ModeName
    level: str
    """Name of the level, size or day; empty where a mode has none."""
    width: int
    height: int
    """Columns and rows of the field."""
    now_ms: int
    """The latest time that an input came with."""

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Do one thing; a time before the last one counts as the last one."""
        ...

    def mark_at(self, cell: Cell) -> Mark:
        """What a cell shows (the pen apart)."""
        ...

    @property
    def pen(self) -> Pen:
        """Where the pen (the head, the player) stands; the view follows it."""
        ...

    @property
    def moving(self) -> bool:
        """Time alone changes something now: the screen sends a ``Tick`` every 40 ms."""
        ...

    @property
    def paused(self) -> bool:
        """The clock of the round stands still."""
        ...

    @property
    def played_ms(self) -> int:
        """Time of the round so far, without pauses."""
        ...

    @property
    def headline(self) -> str:
        """What to do now, in one line: ``Follow the grey line``, ``Say it back: 4 words``."""
        ...

    @property
    def status(self) -> str:
        """What the round amounts to, in at most 30 characters: ``3 strokes, 8 long``."""
        ...

    def input_of(self, word: str) -> Input | None:
        """What a word that was heard means now; ``None`` for nothing."""
        ...

    @property
    def ended(self) -> bool:
        """The round is over; inputs change nothing any more."""
        ...

    def result(self) -> Result:
        """The result so far; the final one once ``ended``."""
        ...

    def share_text(self, result: Result) -> str:
        """Three to eight lines of plain text that give no solution away."""
        ...

    def checksum(self) -> str:
        """A stable hash of the state that can be seen."""
        ...

    def copy(self) -> Self:
        """A round of its own in the same state."""
        ...
