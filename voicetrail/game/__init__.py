"""The rules of the game: pure, with the clock passed in."""

from voicetrail.game.game import RULES_VERSION, Changes, Game
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
from voicetrail.game.session import Recorder, Session

__all__ = [
    "RULES_VERSION",
    "Changes",
    "Clear",
    "Game",
    "Go",
    "Input",
    "Recorder",
    "Session",
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
