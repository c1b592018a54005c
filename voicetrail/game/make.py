"""Makes the rules of a round, by the name of its mode."""

from __future__ import annotations

from voicetrail.game.ink import Ink
from voicetrail.game.modes.base import BaseRules
from voicetrail.game.modes.echo import Echo
from voicetrail.game.modes.maze import Maze
from voicetrail.game.modes.sketch import Sketch
from voicetrail.game.modes.snake import Snake
from voicetrail.game.modes.trace import Trace
from voicetrail.game.rules import Rules
from voicetrail.game.setup import ModeName, RoundSetup


def make_rules(setup: RoundSetup) -> Rules:
    """A round before anything was done to it.

    Args:
        setup: the mode and its choices. ``rules.setup`` gives back what a replay has to keep.

    Raises:
        VoicetrailError: there is no such level, size or day, or the line to trace is none.
    """
    match setup.mode:
        case "sketch":
            return make_sketch(setup)
        case "trace":
            return Trace(setup)
        case "maze":
            return Maze(setup)
        case "snake":
            return Snake(setup)
        case "echo":
            return Echo(setup)


def newest_rules(mode: ModeName) -> int:
    """The version of the rules that new rounds of a mode are played by."""
    modes: dict[ModeName, type[BaseRules]] = {"sketch": Sketch, "trace": Trace, "maze": Maze, "snake": Snake, "echo": Echo}
    return modes[mode].rules_version


def make_sketch(setup: RoundSetup) -> Sketch:
    """A drawing before anything was drawn."""
    return Sketch(
        setup.width,
        setup.height,
        step=setup.step,
        movement=setup.movement,
        glide_speed=setup.glide_speed,
        glide_silence=setup.glide_silence,
        rules=setup.rules,
        ink=Ink(setup.pen, setup.color),
        name=setup.level,
    )
