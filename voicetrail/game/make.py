"""Makes the rules of a round, by the name of its mode."""

from __future__ import annotations

from voicetrail.game.ink import Ink
from voicetrail.game.modes.sketch import Sketch
from voicetrail.game.rules import Rules
from voicetrail.game.setup import RoundSetup


def make_rules(setup: RoundSetup) -> Rules:
    """A round before anything was done to it.

    Args:
        setup: the mode and its choices. ``rules.setup`` gives back what a replay has to keep.

    Raises:
        VoicetrailError: there is no such level, size or day, or the line to trace is none.
    """
    return make_sketch(setup)


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
    )
