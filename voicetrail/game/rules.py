"""What every mode honors, so that one screen, one recorder and one replay player serve them all.

A mode is a pure function of its inputs and their times: it has no clock and draws no random number that a seed does not decide.
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
    "right",  # a part of that line that was covered
    "wrong",  # what was drawn beside it
    "wall",  # a wall of a maze, the edge of a field
    "fog",  # what has not been seen yet
    "goal",  # the way out, the start of the next part of a line
    "gem",
    "food",
    "body",  # the snake behind its head
    "asked",  # a direction that is shown to be said back (echo)
    "said",  # one that was said back
]
"""What a cell is. The look decides about its color, and about its character where it is no joined line."""
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
"""The order is part of the checksum of a round: new ones go to the end."""

Medal = Literal["", "bronze", "silver", "gold"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a cell looks, without the theme's colors."""

    role: Role = "empty"
    mask: int = 0
    """Arms of a joined line (``trail.UP`` …); 0 for a role with a character of its own (gem, food, goal, …)."""
    direction: str = ""
    """For ``asked`` and ``said``: the arrow that is shown; empty is a place that waits for one."""
    ink: Ink = DEFAULT_INK
    """For ``trail``: what it was drawn with."""


EMPTY = Mark()


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often a word was given out in a round, by voice only."""

    heard: int = 0
    wrong: int = 0
    """How often of these it was taken back, or not the word asked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a round ended."""

    mode: ModeName
    level: str
    """Name of the level, size or day; empty where a mode has none."""
    score: int
    """More is better; what it counts is the mode's own."""
    finished: bool
    """It was played to its end: only then it counts among the bests."""
    won: bool
    """The end was the good one (the way out, the whole line)."""
    time_ms: int
    """Time of the round without pauses, from the first word."""
    words: int
    """Words and presses that moved something."""
    presses: int = 0
    """How many of these were keys."""
    par: int | None = None
    """Words of the best way where it is known."""
    wrong: int = 0
    """Words and presses that were taken back, moved nothing, or were not the ones asked for."""
    medal: Medal = ""
    seed: int | None = None
    by_word: Mapping[str, WordCount] = field(default_factory=dict)
    """What was heard, by the word that was given out; echo, which knows what was meant, counts by the word asked for."""
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    """What the mode alone knows (gems, food, length of the row, line covered), by its label for people."""

    @property
    def accuracy(self) -> float | None:
        """Part of the words that were right; ``None`` without words."""
        said = self.words + self.wrong_beyond
        return None if not said else max(0.0, 1.0 - self.wrong / said)

    @property
    def wrong_beyond(self) -> int:
        """Wrong words that are not among ``words``: they moved nothing."""
        return int(self.details.get("moved nothing", 0))


@dataclass(frozen=True, slots=True)
class Changes:
    """What an input did."""

    cells: frozenset[Cell] = frozenset()
    """Exactly the cells that look different now."""
    message: str = ""
    """What to say to the player; empty when there is nothing to say."""
    edge: bool = False
    """Something stopped the pen: the edge of the drawing, a wall."""


class Rules(Protocol):
    """One round of a mode.

    ``apply`` takes every input with the time of the session; ``Pause`` and ``Resume`` are inputs too, and the time between them
    counts for nothing. ``game.make_rules`` makes one.
    """

    @property
    def mode_name(self) -> ModeName:
        """The mode."""
        ...

    @property
    def rules_version(self) -> int:
        """Grows when the same inputs would no longer give the same round; a replay carries it."""
        ...

    @property
    def setup(self) -> RoundSetup:
        """What the round began with: ``make_rules(setup)`` and the same inputs give the same round."""
        ...

    @property
    def level(self) -> str:
        """Name of the level, size or day; empty where a mode has none."""
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
        """The latest time that an input came with."""
        ...

    def apply(self, item: Input, at_ms: int) -> Changes:
        """Do one thing; a time before the last one counts as the last one."""
        ...

    def mark_at(self, cell: Cell) -> Mark:
        """What a cell shows (the pen apart)."""
        ...

    def marked(self) -> frozenset[Cell]:
        """Every cell that shows something."""
        ...

    @property
    def pen(self) -> Pen | None:
        """Where the pen (the head, the player) stands, and the view with it; ``None`` where a mode has none."""
        ...

    @property
    def moving(self) -> bool:
        """Time alone changes something now: the screen sends a ``Tick`` every 40 ms."""
        ...

    @property
    def paused(self) -> bool:
        """The clock of the round stands still; words and keys that move something do nothing."""
        ...

    @property
    def played_ms(self) -> int:
        """Time of the round so far, without pauses, from the first word."""
        ...

    @property
    def headline(self) -> str:
        """What to do now, in one line: ``Follow the gray line``, ``Say it back: 4 words``."""
        ...

    @property
    def status(self) -> str:
        """What the round amounts to, in at most 30 characters: ``3 strokes, 8 long``."""
        ...

    @property
    def surroundings(self) -> str:
        """What lies around the pen, in a line, for who does not see it; empty where there is nothing to say."""
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

    def hint(self) -> str:
        """What would have been a better way, in a line; empty where there is nothing to say. Shown after a round, on request."""
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
