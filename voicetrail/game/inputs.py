"""The inputs of a round: small frozen records, each with a stable JSON form for replay files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypeGuard

from voicetrail.game.ink import COLORS, PEN_STYLES, ColorName, PenStyle
from voicetrail.game.trail import DELTAS, Direction
from voicetrail.vocabulary import MEANINGS

Movement = Literal["step", "glide"]
"""How a word becomes motion of the pen."""
By = Literal["voice", "key"]
"""Where an input comes from: a detected word, or a key."""

MOVEMENTS: tuple[Movement, ...] = ("step", "glide")
STEP_RANGE = (1, 20)
"""Step length: how far a word moves the pen, in steps. A step is one row, or two columns."""
SPEED_RANGE = (1.0, 30.0)
"""Speed of a glide, in steps per second."""
SILENCE_RANGE = (0.0, 60.0)
"""Time without a word after which a glide ends, in s; 0 means never."""
BACKGROUND_MAX = 16_000
"""Maximum length of a background, in characters: it has to fit in one line of a replay file."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move in a direction: its word was detected, or its key pressed."""

    direction: Direction
    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, tuple(DELTAS))
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Go:
    """Repeat the last direction (the word "go")."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Stop:
    """End a glide (the word "stop", or space)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo the last stroke or clear."""


@dataclass(frozen=True, slots=True)
class Redo:
    """Redo what was undone last."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Clear the whole drawing."""


@dataclass(frozen=True, slots=True)
class PenUp:
    """Lift the pen: move without drawing (the word "stop" while the pen does not move)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class PenDown:
    """Put the pen down: draw again (the word "go" while the pen is up)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class SetPen:
    """Choose the pen for the next strokes."""

    pen: PenStyle

    def __post_init__(self) -> None:
        check_choice("pen", self.pen, PEN_STYLES)


@dataclass(frozen=True, slots=True)
class SetColor:
    """Choose the color for the next strokes."""

    color: ColorName

    def __post_init__(self) -> None:
        check_choice("color", self.color, COLORS)


@dataclass(frozen=True, slots=True)
class SetBackground:
    """Show box-drawing characters as a background to draw over; an empty text removes it."""

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or len(self.text) > BACKGROUND_MAX:
            raise ValueError(f"text must be a string of at most {BACKGROUND_MAX} characters")


@dataclass(frozen=True, slots=True)
class SetStepLength:
    """Set the step length."""

    length: int

    def __post_init__(self) -> None:
        check_whole("length", self.length)
        check_range("length", self.length, STEP_RANGE)


@dataclass(frozen=True, slots=True)
class SetMovement:
    """Choose between one step per word and a glide."""

    movement: Movement

    def __post_init__(self) -> None:
        check_choice("movement", self.movement, MOVEMENTS)


@dataclass(frozen=True, slots=True)
class SetGlideSpeed:
    """Speed of a glide, in steps per second."""

    speed: float

    def __post_init__(self) -> None:
        check_range("speed", self.speed, SPEED_RANGE)


@dataclass(frozen=True, slots=True)
class SetGlideSilence:
    """Time without a word after which a glide ends, in s; 0 means never."""

    seconds: float

    def __post_init__(self) -> None:
        check_range("seconds", self.seconds, SILENCE_RANGE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Pause the round: its clock stops."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Continue the round: its clock runs again."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave the round before it is over."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else happened. Ticks do not change the outcome of a round, so replays do not store them."""


Input = (
    Move
    | Go
    | Stop
    | Undo
    | Redo
    | Clear
    | PenUp
    | PenDown
    | SetPen
    | SetColor
    | SetBackground
    | SetStepLength
    | SetMovement
    | SetGlideSpeed
    | SetGlideSilence
    | Pause
    | Resume
    | Leave
    | Tick
)
"""Every input that ``Rules.apply`` accepts."""

NAMES: Mapping[str, type[Input]] = {
    "step": Move,
    "go": Go,
    "stop": Stop,
    "undo": Undo,
    "redo": Redo,
    "clear": Clear,
    "pen_up": PenUp,
    "pen_down": PenDown,
    "set_pen": SetPen,
    "set_color": SetColor,
    "set_background": SetBackground,
    "set_step": SetStepLength,
    "set_mode": SetMovement,
    "set_glide_speed": SetGlideSpeed,
    "set_glide_silence": SetGlideSilence,
    "pause": Pause,
    "resume": Resume,
    "leave": Leave,
    "tick": Tick,
}
"""The inputs by their name in JSON, the value of ``"do"``."""
_NAME_OF = {kind: name for name, kind in NAMES.items()}
_OLD_KEYS: Mapping[type[Input], Mapping[str, str]] = {SetMovement: {"movement": "mode"}}
"""Fields that keep the JSON key of format version 1."""

Json = dict[str, str | int | float]


def is_input(item: object) -> TypeGuard[Input]:
    """Return whether an object is an input (and not an event)."""
    return type(item) in _NAME_OF


def to_json(item: Input) -> Json:
    """Convert an input to JSON: ``{"do": name, …}`` with its fields."""
    keys = _OLD_KEYS.get(type(item), {})
    return {"do": _NAME_OF[type(item)], **{keys.get(name, name): value for name, value in asdict(item).items()}}


def from_json(data: object) -> Input:
    """Convert JSON to an input.

    Raises:
        ValueError: the data are not an input, or a value is out of range; the message says what is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("an input must be an object")
    name = data.get("do")
    kind = NAMES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"there is no input named {str(name)[:40]!r}")
    keys = _OLD_KEYS.get(kind, {})
    known = [(field.name, keys.get(field.name, field.name)) for field in fields(kind)]
    try:
        # Fields that a later version may add are ignored.
        return kind(**{name: data[key] for name, key in known if key in data})
    except TypeError as error:
        raise ValueError(f"input {name!r} has a missing value, or one of the wrong type") from error


def input_of(word: str) -> Input | None:
    """Return the input for a word in general; ``None`` for a word without one. ``Rules.input_of`` also looks at the state."""
    meaning = MEANINGS.get(word)
    if meaning is None:
        return None
    if meaning == "go":
        return Go()
    if meaning == "stop":
        return Stop()
    return Move(meaning)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ``ValueError`` unless the value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")


def check_whole(name: str, value: object) -> None:
    """Raise ``ValueError`` unless the value is an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number")


def check_range(name: str, value: object, limits: tuple[float, float]) -> None:
    """Raise ``ValueError`` unless the value is a number between the limits, which are allowed too."""
    low, high = limits
    # The comparison is also false for NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}")
