"""The list of modes: names, descriptions for screens and commands, and options.

The rules of a mode are the class with its name in the module with its name: ``Maze`` in ``modes/maze.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModeName = Literal["sketch", "trace", "maze", "snake", "echo"]
Option = Literal["level", "seed", "text", "braided", "fog"]
"""An option of a round that a command can set; the name is that of the field of ``RoundSetup``."""


@dataclass(frozen=True, slots=True)
class Mode:
    """The description of a mode for lists, commands and the help."""

    title: str
    summary: str
    """A few words beside the title."""
    help: str
    """How to play the mode."""
    options: frozenset[Option]
    default_level: str = ""
    """The level if a command names none."""
    can_undo: bool = False
    """Whether strokes can be undone."""
    has_best: bool = True
    """Whether the title shows the best score."""


MODES: dict[ModeName, Mode] = {
    "sketch": Mode(
        "Sketch",
        "draw what you like",
        "Say up, down, left or right to draw a stroke in that direction. The pen stops at the edge of the canvas.",
        frozenset({"level"}),
        can_undo=True,
        has_best=False,
    ),
    "trace": Mode(
        "Trace",
        "follow the gray line",
        "Follow the gray line with up, down, left and right. Strokes on the line turn bright, strokes beside it turn red. "
        "The fewer words and the less time you need, the higher is your score. Par is the fewest words with which it can be done.",
        frozenset({"level", "text"}),
        default_level="corner",
        can_undo=True,
    ),
    "maze": Mode(
        "Maze",
        "find the exit",
        "Find the exit, at the bottom right. A word moves you along the corridor to the next junction, corner or gem. "
        "The fewer words you need, the higher is your score; par is the fewest that lead to the exit. "
        "Gems give points too, so a detour can pay off.",
        frozenset({"level", "seed", "braided", "fog"}),
        default_level="medium",
    ),
    "snake": Mode(
        "Snake",
        "eat and grow",
        "The first word starts the snake; then it keeps moving. Turn it toward the food. "
        "The round ends when the snake runs into a wall or bites itself.",
        frozenset({"level", "seed"}),
        default_level="medium",
    ),
    "echo": Mode(
        "Echo",
        "repeat what you see",
        "The game shows a sequence of directions. Repeat it when it is your turn. Each time it gets one direction longer.",
        frozenset({"seed"}),
    ),
}
"""Every mode, in the order of lists."""
