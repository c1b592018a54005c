"""Everything that can be done to a game: small frozen records, each with a stable JSON form that a replay file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypeGuard

from voicetrail.game.trail import DELTAS, Direction
from voicetrail.vocabulary import MEANINGS

Mode = Literal["step", "glide"]
By = Literal["voice", "key"]
"""Who did it: a word that was heard, or a key."""

MODES: tuple[Mode, ...] = ("step", "glide")
STEP_RANGE = (1, 20)
"""Steps (rows, or pairs of columns) that a word draws."""
SPEED_RANGE = (1.0, 30.0)
"""Steps a second of a glide."""
SILENCE_RANGE = (0.0, 60.0)
"""Seconds without a word after which a glide ends; 0 is never."""


@dataclass(frozen=True, slots=True)
class Step:
    """A direction was said or pressed."""

    direction: Direction
    by: By = "voice"

    def __post_init__(self) -> None:
        _among("direction", self.direction, tuple(DELTAS))
        _among("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Go:
    """The last direction again ("go")."""

    by: By = "voice"

    def __post_init__(self) -> None:
        _among("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Stop:
    """End a glide ("stop", space)."""

    by: By = "voice"

    def __post_init__(self) -> None:
        _among("by", self.by, ("voice", "key"))


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the last stroke, or the last clear, back."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Take the whole drawing away."""


@dataclass(frozen=True, slots=True)
class SetStep:
    """How many steps a word draws."""

    length: int

    def __post_init__(self) -> None:
        _whole("length", self.length)
        _within("length", self.length, STEP_RANGE)


@dataclass(frozen=True, slots=True)
class SetMode:
    """One step a word, or a glide."""

    mode: Mode

    def __post_init__(self) -> None:
        _among("mode", self.mode, MODES)


@dataclass(frozen=True, slots=True)
class SetGlideSpeed:
    """Steps a second of a glide."""

    speed: float

    def __post_init__(self) -> None:
        _within("speed", self.speed, SPEED_RANGE)


@dataclass(frozen=True, slots=True)
class SetGlideSilence:
    """Seconds without a word after which a glide ends; 0 is never."""

    seconds: float

    def __post_init__(self) -> None:
        _within("seconds", self.seconds, SILENCE_RANGE)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and nothing else happened. A game is the same with or without its ticks, so a replay need not keep them."""


Input = Step | Go | Stop | Undo | Clear | SetStep | SetMode | SetGlideSpeed | SetGlideSilence | Tick
"""Whatever ``Game.apply`` takes."""

NAMES: Mapping[str, type[Input]] = {
    "step": Step,
    "go": Go,
    "stop": Stop,
    "undo": Undo,
    "clear": Clear,
    "set_step": SetStep,
    "set_mode": SetMode,
    "set_glide_speed": SetGlideSpeed,
    "set_glide_silence": SetGlideSilence,
    "tick": Tick,
}
"""The inputs by the name that their JSON form carries under ``"do"``."""
_NAME_OF = {kind: name for name, kind in NAMES.items()}

Json = dict[str, str | int | float]


def is_input(item: object) -> TypeGuard[Input]:
    """Whether something is an input (and not an event)."""
    return type(item) in _NAME_OF


def to_json(item: Input) -> Json:
    """The JSON form: ``{"do": name, …}`` with the fields of the input."""
    return {"do": _NAME_OF[type(item)], **asdict(item)}


def from_json(data: object) -> Input:
    """Make an input of its JSON form.

    Raises:
        ValueError: the form is not that of an input, or a value is out of its range; the message says what is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("an input must be an object")
    rest = dict(data)
    name = rest.pop("do", None)
    kind = NAMES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"no input is called {str(name)[:40]!r}")
    known = {field.name for field in fields(kind)}
    try:
        # Fields that a later version may add are passed over.
        return kind(**{key: value for key, value in rest.items() if key in known})
    except TypeError as error:
        raise ValueError(f"input {name!r} lacks a value or has one of a wrong kind") from error


def input_of(word: str) -> Input | None:
    """What a heard word does to the game; ``None`` for a word that moves nothing."""
    meaning = MEANINGS.get(word)
    if meaning is None:
        return None
    if meaning == "go":
        return Go()
    if meaning == "stop":
        return Stop()
    return Step(meaning)


def _among(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")


def _whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number")


def _within(name: str, value: object, limits: tuple[float, float]) -> None:
    low, high = limits
    # The comparison is also false for NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}")
