"""Creates the rules of a round. A mode is imported when it is first played, so that the first screen appears sooner."""

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
    """Create the rules of a new round.

    Args:
        setup: the mode and its options. ``rules.setup`` returns what a replay has to store.

    Raises:
        VoicetrailError: the level, size or day does not exist, or the line to trace is invalid.
    """
    if setup.mode == "sketch":
        return make_sketch(setup)
    return cast(Callable[[RoundSetup], Rules], _mode(setup.mode))(setup)


def latest_rules_version(mode: ModeName) -> int:
    """Return the version of the rules for new rounds of a mode."""
    return _mode(mode).rules_version


def _mode(mode: ModeName) -> type[BaseRules]:
    """Return the class of a mode: ``Maze`` in the module ``maze``."""
    return cast("type[BaseRules]", getattr(import_module(f"voicetrail.game.modes.{mode}"), mode.capitalize()))


def make_sketch(setup: RoundSetup) -> Sketch:
    """Create an empty drawing."""
    return Sketch(
        setup.width,
        setup.height,
        step_length=setup.step_length,
        movement=setup.movement,
        glide_speed=setup.glide_speed,
        glide_silence=setup.glide_silence,
        rules=setup.rules,
        ink=Ink(setup.pen, setup.color),
        name=setup.level,
    )
