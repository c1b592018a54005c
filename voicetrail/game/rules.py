"""The interface of every mode. One screen, one recorder and one replay player work with all of them.

A mode is a pure function of its inputs and their times: it reads no clock, and every random number comes from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from voicetrail.game.ink import DEFAULT_INK, Ink
from voicetrail.game.inputs import Input
from voicetrail.game.mode_list import ModeName
from voicetrail.game.setup import RoundSetup
from voicetrail.game.trail import Cell, Pen

Role = Literal[
    "empty",  # nothing, or the grid of the canvas
    "trail",  # what the pen drew
    "guide",  # the line to follow (trace), the background of a drawing
    "right",  # a part of that line that is covered
    "wrong",  # a step beside that line
    "wall",  # a wall of a maze, the edge of a field
    "fog",  # what has not been seen yet
    "goal",  # the exit, the start of the next part of a line
    "gem",
    "food",
    "body",  # the snake behind its head
    "asked",  # a direction to repeat (echo)
    "said",  # a direction that was repeated (echo)
]
"""What a cell shows. The look defines its color, and its character where it is not part of a line."""
ROLES: tuple[Role, ...] = (
    "empty",
    "trail",
    "guide",
    "right",
    "wrong",
    "wall",
    "fog",
    "goal",
    "gem",
    "food",
    "body",
    "asked",
    "said",
)
"""The order is part of the checksum of a round: add new roles at the end."""

Medal = Literal["", "bronze", "silver", "gold"]


@dataclass(frozen=True, slots=True)
class Mark:
    """The contents of a cell, without the colors of a theme."""

    role: Role = "empty"
    mask: int = 0
    """Arms of the line in this cell (``trail.UP`` …); 0 for a role with a character of its own (gem, food, goal, …)."""
    direction: str = ""
    """For ``asked`` and ``said``: direction of the arrow; empty for a place whose direction is not shown yet."""
    ink: Ink = DEFAULT_INK
    """For ``trail``: pen and color."""


EMPTY = Mark()


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often a word was detected in a round; keys do not count."""

    heard: int = 0
    wrong: int = 0
    """How many of these were undone, or were not the word asked for."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """The result of a round."""

    mode: ModeName
    level: str
    """Name of the level, size or day; empty in a mode without levels."""
    score: int
    """Higher is better; each mode defines what it counts."""
    finished: bool
    """The round was played to its end; only then can it become a best score."""
    won: bool
    """The player reached the goal (the exit, the whole line)."""
    time_ms: int
    """Time of the round from the first word, in ms, without pauses."""
    words: int
    """Words and key presses that moved something."""
    presses: int = 0
    """How many of ``words`` were key presses."""
    par: int | None = None
    """The fewest words that reach the goal, where this is known."""
    wrong: int = 0
    """Words and key presses that were undone, moved nothing, or were not the ones asked for."""
    medal: Medal = ""
    seed: int | None = None
    by_word: Mapping[str, WordCount] = field(default_factory=dict)
    """Counts by detected word; echo, which knows what the player had to say, counts by the word asked for."""
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    """Values of this mode only (gems, food, line covered), by their label on the result screen."""

    @property
    def accuracy(self) -> float | None:
        """Fraction of the words that were right, 0 to 1; ``None`` without words."""
        said = self.words + self.wrong_beyond
        return None if not said else max(0.0, 1.0 - self.wrong / said)

    @property
    def wrong_beyond(self) -> int:
        """Wrong words that moved nothing, so that ``words`` does not include them."""
        return int(self.details.get("moved nothing", 0))


@dataclass(frozen=True, slots=True)
class Changes:
    """What an input changed."""

    cells: frozenset[Cell] = frozenset()
    """Exactly the cells that look different now."""
    message: str = ""
    """A message to the player; empty without one."""
    edge: bool = False
    """Whether something stopped the pen: the edge of the drawing, a wall."""


class Rules(Protocol):
    """One round of a mode.

    ``apply`` takes every input with its session time. ``Pause`` and ``Resume`` are inputs too; the time between them is not part
    of the round's time. ``game.make_rules`` creates one.
    """

    @property
    def mode_name(self) -> ModeName:
        """Name of the mode."""
        ...

    @property
    def rules_version(self) -> int:
        """Increased when the same inputs would no longer give the same round; replays store it."""
        ...

    @property
    def setup(self) -> RoundSetup:
        """The setup of the round: ``make_rules(setup)`` and the same inputs give the same round."""
        ...

    @property
    def level(self) -> str:
        """Name of the level, size or day; empty in a mode without levels."""
        ...

    @property
    def width(self) -> int:
        """Columns of the field."""
        ...

    @property
    def height(self) -> int:
        """Rows of the field."""
        ...

    @property
    def now_ms(self) -> int:
        """Time of the latest input, in milliseconds of the session."""
        ...

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Apply an input. A time before the previous one counts as the previous one."""
        ...

    def mark_at(self, cell: Cell) -> Mark:
        """Return the mark in a cell, without the pen."""
        ...

    def marked(self) -> frozenset[Cell]:
        """Return the cells that are not empty."""
        ...

    @property
    def pen(self) -> Pen | None:
        """The position of the pen, the snake's head or the player, which the view follows; ``None`` in a mode without one."""
        ...

    @property
    def moving(self) -> bool:
        """Whether something moves without input: the screen then sends a ``Tick`` every 40 ms."""
        ...

    @property
    def paused(self) -> bool:
        """Whether the round is paused: its clock is stopped, and words and keys do not move anything."""
        ...

    @property
    def played_ms(self) -> int:
        """Time of the round so far, from the first word, in ms, without pauses."""
        ...

    @property
    def headline(self) -> str:
        """What the player has to do now, in one line: ``Follow the gray line``."""
        ...

    @property
    def status(self) -> str:
        """A summary of the round so far, in at most 30 characters: ``3 strokes, 8 steps long``."""
        ...

    @property
    def surroundings(self) -> str:
        """What is around the pen, in one line, for players who cannot see the screen; may be empty."""
        ...

    def input_of(self, word: str) -> Input | None:
        """Return the input for a detected word in the current state; ``None`` if the word does nothing."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the round is over: inputs have no effect any more."""
        ...

    def result(self) -> RoundResult:
        """Return the result so far; it is final once ``ended`` is true."""
        ...

    def hint(self) -> str:
        """Return a better way to play this round, in one line; may be empty. Shown after a round, on request."""
        ...

    def share_text(self, result: RoundResult) -> str:
        """Return three to eight lines of plain text that do not reveal the solution."""
        ...

    def checksum(self) -> str:
        """Return a stable hash of the visible state."""
        ...

    def copy(self) -> Self:
        """Return an independent copy of the round in the same state."""
        ...
