"""Makes the rules of a round, by the name of its mode. A mode is imported when it is first played: the first screen needs none."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from voicetrail.game.ink import Ink
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.sketch import Sketch
from voicetrail.game.rules import Rules
from voicetrail.game.setup import RoundSetup

if TYPE_CHECKING:
    from voicetrail.game.modes.base import BaseRules


def make_rules(setup: RoundSetup) -> Rules:
    """A round before anything was done to it.

    Args:
        setup: the mode and its choices. ``rules.setup`` gives back what a replay has to keep.

    Raises:
        VoicetrailError: there is no such level, size or day, or the line to trace is none.
    """
    if setup.mode == "sketch":
        return make_sketch(setup)
    return cast(Callable[[RoundSetup], Rules], _mode(setup.mode))(setup)


def newest_rules(mode: ModeName) -> int:
    """The version of the rules that new rounds of a mode are played by."""
    return _mode(mode).rules_version


def _mode(mode: ModeName) -> type[BaseRules]:
    """The rules of a mode: the class ``Maze`` of the module ``maze``."""
    return cast("type[BaseRules]", getattr(import_module(f"voicetrail.game.modes.{mode}"), mode.capitalize()))


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
