"""The list of modes: the name of each, what screens and commands say of it, and what can be chosen.

The rules of a mode are the class of its name in the module of its name, ``Maze`` in ``modes/maze.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModeName = Literal["sketch", "trace", "maze", "snake", "echo"]
Choice = Literal["level", "seed", "text", "braided", "fog"]
"""What a command may choose of a round, as ``RoundSetup`` names it."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode, as lists, commands and the help show it."""

    title: str
    summary: str
    """A few words beside the title."""
    help: str
    """What a round is about."""
    choices: frozenset[Choice]
    default_level: str = ""
    """What is played where nothing names a level."""
    can_undo: bool = False
    """Strokes can be taken back."""
    has_best: bool = True
    """The title shows the best score."""


MODES: dict[ModeName, Mode] = {
    "sketch": Mode(
        "Sketch",
        "draw what you like",
        "Say up, down, left or right: the pen draws a step. At the edge of the canvas it stops.",
        frozenset({"level"}),
        can_undo=True,
        has_best=False,
    ),
    "trace": Mode(
        "Trace",
        "follow the gray line",
        "Follow the gray line with up, down, left and right. What is on the line turns bright, what is beside it turns red. "
        "Few words and little time make the score.",
        frozenset({"level", "text"}),
        default_level="corner",
        can_undo=True,
    ),
    "maze": Mode(
        "Maze",
        "find the way out",
        "Find the way out, at the bottom right. A word runs along the corridor to the next junction, corner or gem. "
        "Few words make the score, and a gem is worth a detour.",
        frozenset({"level", "seed", "braided", "fog"}),
        default_level="medium",
    ),
    "snake": Mode(
        "Snake",
        "eat, grow, do not bite",
        "The first word starts the snake, and it goes on by itself. Turn it to the food. "
        "The round ends when it runs into the wall or bites itself.",
        frozenset({"level", "seed"}),
        default_level="medium",
    ),
    "echo": Mode(
        "Echo",
        "say it back",
        "A row of words is shown. Say it back when it is your turn; each round it is one word longer.",
        frozenset({"seed"}),
    ),
}
"""Every mode, in the order in which lists show them."""
