"""The setup of a round: with the inputs, everything that a replay needs to play the round again."""

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
"""Limits for the columns and the rows of a drawing."""
DELAY_RANGE = (0, 10_000)
TEXT_MAX = 40
"""Maximum length of a text to trace, in characters."""
LINE_MAX = 8_000
"""Maximum length of the description of a line to trace, in characters."""


@dataclass(frozen=True, slots=True)
class RoundSetup:
    """A mode with its options. A mode ignores the options of other modes.

    Raises:
        ValueError: a value is out of range; the message says which one.
    """

    mode: ModeName = "sketch"
    level: str = ""
    """Trace: the name of a level. Maze and snake: a size. Sketch: the drawing's name."""
    seed: int = 0
    """Determines everything random (maze, snake, echo)."""
    rules: int = 0
    """Version of the mode's rules; 0 is the newest."""

    width: int = WIDTH
    height: int = HEIGHT
    """Columns and rows of a drawing (sketch)."""
    step_length: int = 2
    """Step length: how far a word moves the pen, in steps (sketch). A step is one row, or two columns."""
    movement: Movement = "step"
    """How a word becomes motion (sketch)."""
    glide_speed: float = 6.0
    """Speed of a glide, in steps per second (sketch)."""
    glide_silence: float = 8.0
    """Time without a word after which a glide ends, in s (sketch); 0 means never."""
    pen: PenStyle = "light"
    color: ColorName = "default"
    """Pen and color at the start (sketch)."""

    text: str = ""
    """A text to trace instead of a level (trace)."""
    line: str = ""
    """The line to trace, see ``game.levels.line`` (trace); empty: the line of the level or text. Replays store it, so that levels can
    be changed later."""
    braided: bool = False
    """Whether the maze has loops instead of dead ends (maze)."""
    fog: bool = False
    """Whether only visited and neighboring rooms are visible (maze)."""
    day: str = ""
    """The UTC date of a daily maze, ``2026-11-25``; its seed and options follow from the date (``modes.maze.daily_setup``)."""
    delay_ms: int = 0
    """One-way delay of the connection that the words arrive on, in ms (snake)."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, tuple(MODES))
        check_choice("movement", self.movement, MOVEMENTS)
        check_choice("pen", self.pen, PEN_STYLES)
        check_choice("color", self.color, COLORS)
        for name in ("seed", "rules", "width", "height", "step_length", "delay_ms"):
            check_whole(name, getattr(self, name))
        check_range("seed", self.seed, SEED_RANGE)
        check_range("rules", self.rules, (0, 10_000))
        check_range("width", self.width, SIZE_RANGE)
        check_range("height", self.height, SIZE_RANGE)
        check_range("step_length", self.step_length, STEP_RANGE)
        check_range("glide_speed", self.glide_speed, SPEED_RANGE)
        check_range("glide_silence", self.glide_silence, SILENCE_RANGE)
        check_range("delay_ms", self.delay_ms, DELAY_RANGE)
        for name, longest in (("level", 40), ("text", TEXT_MAX), ("line", LINE_MAX), ("day", 10)):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > longest:
                raise ValueError(f"{name} must be a string of at most {longest} characters")
        for name in ("braided", "fog"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false")


_HEADER_FIELDS = ("rules", "width", "height", "step_length", "movement", "glide_speed", "glide_silence")
"""Fields that have keys of their own in a replay's header since format version 1."""
_ROUND_FIELDS = tuple(one for one in fields(RoundSetup) if one.name not in _HEADER_FIELDS)


def choices_to_json(setup: RoundSetup) -> dict[str, str | int | bool]:
    """Convert a setup to the value of ``"round"`` in a replay's header: the mode, and the options that differ from the defaults."""
    return {one.name: getattr(setup, one.name) for one in _ROUND_FIELDS if getattr(setup, one.name) != one.default}


def choices_from_json(data: object, **others: object) -> RoundSetup:
    """Read the setup from a replay's header.

    Args:
        data: the value of ``"round"``; ``{}`` for files of format version 1.
        others: the fields that have keys of their own in the header.

    Raises:
        ValueError: the data are not a setup; the message says what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the round must be an object")
    known = {one.name: data[one.name] for one in _ROUND_FIELDS if one.name in data}
    try:
        return RoundSetup(**known, **others)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError("the round has a value of the wrong type") from error
