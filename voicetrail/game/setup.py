"""What a round begins with: together with its inputs, all that a replay needs to play it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from voicetrail.game.ink import COLORS, PEN_STYLES, ColorName, PenStyle
from voicetrail.game.inputs import (
    MOVEMENTS,
    SILENCE_RANGE,
    SPEED_RANGE,
    STEP_RANGE,
    Movement,
    check_choice,
    check_range,
    check_whole,
)
from voicetrail.game.mode_list import MODES, ModeName
from voicetrail.game.trail import HEIGHT, WIDTH

SEED_RANGE = (0, 2**53)
SIZE_RANGE = (1, 1024)
"""Columns or rows of a drawing."""
DELAY_RANGE = (0, 10_000)
TEXT_MAX = 40
"""Most characters of a text that is to be traced."""
LINE_MAX = 8_000
"""Longest description of a line to trace."""


@dataclass(frozen=True, slots=True)
class RoundSetup:
    """A mode with its choices; a mode passes over what it does not know.

    Raises:
        ValueError: a value is out of its range; the message says which.
    """

    mode: ModeName = "sketch"
    level: str = ""
    """Trace: the name of a level. Maze and snake: a size. Sketch: the drawing's name."""
    seed: int = 0
    """Decides everything random (maze, snake, echo)."""
    rules: int = 0
    """Version of the mode's rules; 0 is the newest."""

    width: int = WIDTH
    height: int = HEIGHT
    """Columns and rows of a drawing (sketch)."""
    step: int = 2
    """Steps that a word draws (sketch)."""
    movement: Movement = "step"
    """How a word becomes motion (sketch)."""
    glide_speed: float = 6.0
    """Speed of a glide in cells a second up or down, in the sketch (sideways twice as many)."""
    glide_silence: float = 8.0
    """Seconds without a word after which a glide ends (sketch); 0 means never."""
    pen: PenStyle = "light"
    color: ColorName = "default"
    """What the drawing begins with (sketch)."""

    text: str = ""
    """A text to trace, in place of a level (trace)."""
    line: str = ""
    """The line to trace, see ``game.levels`` (trace); empty takes that of the level or text. Replays carry it, so that a level may
    be changed later."""
    braided: bool = False
    """No dead ends (maze)."""
    fog: bool = False
    """Only what has been near is seen (maze)."""
    day: str = ""
    """The UTC date of a daily maze, ``2026-11-25``; its seed and choices come from the date (``modes.maze.daily_setup``)."""
    delay_ms: int = 0
    """One-way time of the connection that words come over (snake)."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, tuple(MODES))
        check_choice("movement", self.movement, MOVEMENTS)
        check_choice("pen", self.pen, PEN_STYLES)
        check_choice("color", self.color, COLORS)
        for name in ("seed", "rules", "width", "height", "step", "delay_ms"):
            check_whole(name, getattr(self, name))
        check_range("seed", self.seed, SEED_RANGE)
        check_range("rules", self.rules, (0, 10_000))
        check_range("width", self.width, SIZE_RANGE)
        check_range("height", self.height, SIZE_RANGE)
        check_range("step", self.step, STEP_RANGE)
        check_range("glide_speed", self.glide_speed, SPEED_RANGE)
        check_range("glide_silence", self.glide_silence, SILENCE_RANGE)
        check_range("delay_ms", self.delay_ms, DELAY_RANGE)
        for name, longest in (("level", 40), ("text", TEXT_MAX), ("line", LINE_MAX), ("day", 10)):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > longest:
                raise ValueError(f"{name} must be a text of at most {longest} characters")
        for name in ("braided", "fog"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false")


_OF_SKETCH = ("rules", "width", "height", "step", "movement", "glide_speed", "glide_silence")
"""What a replay's header has had fields of its own for from the first version on."""
_ROUND = tuple(one for one in fields(RoundSetup) if one.name not in _OF_SKETCH)


def choices_to_json(setup: RoundSetup) -> dict[str, str | int | bool]:
    """What a replay's header keeps under ``"round"``: the mode and its choices, without what is as it comes anyway."""
    return {one.name: getattr(setup, one.name) for one in _ROUND if getattr(setup, one.name) != one.default}


def choices_from_json(data: object, **others: object) -> RoundSetup:
    """The setup that a replay's header describes.

    Args:
        data: what stands under ``"round"``; ``{}`` for the files of the first version.
        others: the fields that the header keeps itself.

    Raises:
        ValueError: it describes none; the message says what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the round must be an object")
    known = {one.name: data[one.name] for one in _ROUND if one.name in data}
    try:
        return RoundSetup(**known, **others)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError("the round has a value of a wrong kind") from error
