"""Everything that can be done to a round: small frozen records, each with a stable JSON form that a replay file keeps."""

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
"""Who did it: a word that was heard, or a key."""

MOVEMENTS: tuple[Movement, ...] = ("step", "glide")
STEP_RANGE = (1, 20)
"""Steps (rows, or pairs of columns) that a word draws."""
SPEED_RANGE = (1.0, 30.0)
"""Speed of a glide in cells a second up or down (sideways twice as many)."""
SILENCE_RANGE = (0.0, 60.0)
"""Seconds without a word after which a glide ends; 0 means never."""
BACKGROUND_MAX = 16_000
"""Longest text of a background, in characters: it is a line of a replay file."""


@dataclass(frozen=True, slots=True)
class Step:
    """A direction was said or pressed."""

    direction: Direction
    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, tuple(DELTAS))
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Go:
    """The last direction again ("go")."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Stop:
    """End a glide ("stop", space)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the last stroke, or the last clear, back."""


@dataclass(frozen=True, slots=True)
class Redo:
    """Do again what was undone last."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Take the whole drawing away."""


@dataclass(frozen=True, slots=True)
class PenUp:
    """Move without drawing from now on ("stop" while the pen rests)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class PenDown:
    """Draw again ("go" while the pen is up)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        check_choice("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class SetPen:
    """The shape of the lines that are drawn from now on."""

    pen: PenStyle

    def __post_init__(self) -> None:
        check_choice("pen", self.pen, PEN_STYLES)


@dataclass(frozen=True, slots=True)
class SetColor:
    """The color of the lines that are drawn from now on."""

    color: ColorName

    def __post_init__(self) -> None:
        check_choice("color", self.color, COLORS)


@dataclass(frozen=True, slots=True)
class SetBackground:
    """Box characters to draw over; an empty text takes the background away."""

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or len(self.text) > BACKGROUND_MAX:
            raise ValueError(f"text must be a text of at most {BACKGROUND_MAX} characters")


@dataclass(frozen=True, slots=True)
class SetStep:
    """How many steps a word draws."""

    length: int

    def __post_init__(self) -> None:
        check_whole("length", self.length)
        check_range("length", self.length, STEP_RANGE)


@dataclass(frozen=True, slots=True)
class SetMovement:
    """One step a word, or a glide."""

    movement: Movement

    def __post_init__(self) -> None:
        check_choice("movement", self.movement, MOVEMENTS)


@dataclass(frozen=True, slots=True)
class SetGlideSpeed:
    """Speed of a glide in cells a second up or down (sideways twice as many)."""

    speed: float

    def __post_init__(self) -> None:
        check_range("speed", self.speed, SPEED_RANGE)


@dataclass(frozen=True, slots=True)
class SetGlideSilence:
    """Seconds without a word after which a glide ends; 0 means never."""

    seconds: float

    def __post_init__(self) -> None:
        check_range("seconds", self.seconds, SILENCE_RANGE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock of the round."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the clock of the round go on."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End the round before its own end."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else happened. A round is the same with or without its ticks, so a replay need not keep them."""


Input = (
    Step
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
    | SetStep
    | SetMovement
    | SetGlideSpeed
    | SetGlideSilence
    | Pause
    | Resume
    | Leave
    | Tick
)
"""Whatever ``Rules.apply`` takes."""

NAMES: Mapping[str, type[Input]] = {
    "step": Step,
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
    "set_step": SetStep,
    "set_mode": SetMovement,
    "set_glide_speed": SetGlideSpeed,
    "set_glide_silence": SetGlideSilence,
    "pause": Pause,
    "resume": Resume,
    "leave": Leave,
    "tick": Tick,
}
"""The inputs by the name that their JSON form carries under ``"do"``."""
_NAME_OF = {kind: name for name, kind in NAMES.items()}
_OLD_KEYS: Mapping[type[Input], Mapping[str, str]] = {SetMovement: {"movement": "mode"}}
"""Fields whose key in the JSON form is the name that the first version gave them."""

Json = dict[str, str | int | float]


def is_input(item: object) -> TypeGuard[Input]:
    """Whether something is an input (and not an event)."""
    return type(item) in _NAME_OF


def to_json(item: Input) -> Json:
    """The JSON form: ``{"do": name, …}`` with the fields of the input."""
    keys = _OLD_KEYS.get(type(item), {})
    return {"do": _NAME_OF[type(item)], **{keys.get(name, name): value for name, value in asdict(item).items()}}


def from_json(data: object) -> Input:
    """Make an input of its JSON form.

    Raises:
        ValueError: the form is not that of an input, or a value is out of its range; the message says what is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("an input must be an object")
    name = data.get("do")
    kind = NAMES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"no input is called {str(name)[:40]!r}")
    keys = _OLD_KEYS.get(kind, {})
    known = [(field.name, keys.get(field.name, field.name)) for field in fields(kind)]
    try:
        # Fields that a later version may add are passed over.
        return kind(**{name: data[key] for name, key in known if key in data})
    except TypeError as error:
        raise ValueError(f"input {name!r} lacks a value or has one of a wrong kind") from error


def input_of(word: str) -> Input | None:
    """What a word means to a drawing in general; ``None`` for a word that moves nothing. See ``Rules.input_of`` for what it
    means now.
    """
    meaning = MEANINGS.get(word)
    if meaning is None:
        return None
    if meaning == "go":
        return Go()
    if meaning == "stop":
        return Stop()
    return Step(meaning)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ``ValueError`` unless the value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")


def check_whole(name: str, value: object) -> None:
    """Raise ``ValueError`` unless the value is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number")


def check_range(name: str, value: object, limits: tuple[float, float]) -> None:
    """Raise ``ValueError`` unless the value is a number between the limits, both inside."""
    low, high = limits
    # The comparison is also false for NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}")
