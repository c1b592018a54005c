"""The rules of the game: pure, with the clock passed in."""

from voicetrail.game.game import RULES_VERSION, Game
from voicetrail.game.inputs import (
    Clear,
    Go,
    Input,
    SetGlideSilence,
    SetGlideSpeed,
    SetMode,
    SetStep,
    Step,
    Stop,
    Tick,
    Undo,
    from_json,
    input_of,
    to_json,
)
from voicetrail.game.rules import Changes

__all__ = [
    "RULES_VERSION",
    "Changes",
    "Clear",
    "Game",
    "Go",
    "Input",
    "SetGlideSilence",
    "SetGlideSpeed",
    "SetMode",
    "SetStep",
    "Step",
    "Stop",
    "Tick",
    "Undo",
    "from_json",
    "input_of",
    "to_json",
]
