"""The kinds of values in a replay file, each with bounds that apply in both directions.

A field *reads* a value that anyone may have written: it accepts the value only within the bounds, and raises ``ValueError`` for
anything else. The same field *writes* a value of the program: a value outside the bounds is moved to the nearest bound. So
whatever is written can be read again; ``tests/replay/test_bounds.py`` tests that for every field and every line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from voicetrail.text import is_unicode

TIME_MAX = 2**53
"""Latest time in samples or milliseconds: the largest integer that every JSON reader represents exactly."""


TEXT_MAX = 200
"""Longest text in characters, unless a field says otherwise."""


class FieldType(Protocol):
    """A kind of value."""

    def read(self, value: object) -> Any:
        """Read a value from a file.

        Raises:
            ValueError: it is not within the bounds.
        """
        ...

    def write(self, value: Any) -> Any:
        """Convert a value of the program to what is written to the file."""
        ...

    @property
    def about(self) -> str:
        """The bounds, for the docs."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string of at most ``longest`` characters that can be written as UTF-8."""

    longest: int = TEXT_MAX

    def read(self, value: object) -> str:
        """See ``FieldType``."""
        if not isinstance(value, str) or len(value) > self.longest or not is_unicode(value):
            raise ValueError("not a short text")
        return value

    def write(self, value: str) -> str:
        """See ``FieldType``."""
        return value[: self.longest].encode("utf-8", "replace").decode()

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return "text" if self.longest == TEXT_MAX else f"text up to {self.longest}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; both bounds are included."""

    low: int = 0
    high: int = TIME_MAX

    def read(self, value: object) -> int:
        """See ``FieldType``."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise ValueError("not a whole number in its range")
        return value

    def write(self, value: int) -> int:
        """See ``FieldType``."""
        return min(self.high, max(self.low, value))

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return "whole" if (self.low, self.high) == (0, TIME_MAX) else f"whole, {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number; both bounds are included; never NaN."""

    low: float
    high: float

    def read(self, value: object) -> float:
        """See ``FieldType``."""
        # The comparison is false for NaN.
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ValueError("not a number in its range")
        return value

    def write(self, value: float) -> float:
        """See ``FieldType``; NaN becomes the lower bound."""
        return self.low if math.isnan(value) else min(self.high, max(self.low, value))

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def read(self, value: object) -> bool:
        """See ``FieldType``."""
        if not isinstance(value, bool):
            raise ValueError("neither true nor false")
        return value

    def write(self, value: bool) -> bool:
        """See ``FieldType``."""
        return bool(value)

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: Sequence[str]

    def read(self, value: object) -> str:
        """See ``FieldType``."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(f"none of {', '.join(self.words)}")
        return value

    def write(self, value: str) -> str:
        """See ``FieldType``; any other word is a programming error."""
        return self.read(value)

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return " or ".join(f'"{word}"' for word in self.words)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value or null."""

    field: FieldType

    def read(self, value: object) -> Any:
        """See ``FieldType``."""
        return None if value is None else self.field.read(value)

    def write(self, value: Any) -> Any:
        """See ``FieldType``."""
        return None if value is None else self.field.write(value)

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"{self.field.about} or null"


@dataclass(frozen=True, slots=True)
class Either:
    """A list of values of one kind, or a single value of another."""

    plain: FieldType
    listed: FieldType

    def read(self, value: object) -> Any:
        """See ``FieldType``."""
        return (self.listed if isinstance(value, list) else self.plain).read(value)

    def write(self, value: Any) -> Any:
        """See ``FieldType``."""
        return (self.listed if isinstance(value, list | tuple) else self.plain).write(value)

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"{self.plain.about} or {self.listed.about}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """The value of a setting: a short text, a number, true, false or null."""

    _text = Text()
    _whole = Whole(-TIME_MAX)
    _number = Number(-1e15, 1e15)

    def read(self, value: object) -> str | int | float | bool | None:
        """See ``FieldType``."""
        if value is None or isinstance(value, bool):
            return value
        return self._kind(value).read(value)  # type: ignore[no-any-return]

    def write(self, value: str | int | float | bool | None) -> str | int | float | bool | None:
        """See ``FieldType``."""
        if value is None or isinstance(value, bool):
            return value
        return self._kind(value).write(value)  # type: ignore[no-any-return]

    def _kind(self, value: object) -> FieldType:
        return self._text if isinstance(value, str) else self._whole if isinstance(value, int) else self._number

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return "a text, number, true, false or null"


@dataclass(frozen=True, slots=True)
class ListOf:
    """At most ``longest`` values of one kind; if there are more, the last ones are written."""

    field: FieldType
    longest: int = 256

    def read(self, value: object) -> list[Any]:
        """See ``FieldType``."""
        if not isinstance(value, list) or len(value) > self.longest:
            raise ValueError("not a short list")
        return [self.field.read(one) for one in value]

    def write(self, value: Sequence[Any]) -> list[Any]:
        """See ``FieldType``."""
        return [self.field.write(one) for one in value[-self.longest :]]

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"up to {self.longest} × ({self.field.about})"


@dataclass(frozen=True, slots=True)
class MapOf:
    """Values of one kind by short names, at most ``longest``."""

    field: FieldType
    longest: int = 256
    _name = Text()

    def read(self, value: object) -> dict[str, Any]:
        """See ``FieldType``."""
        if not isinstance(value, dict) or len(value) > self.longest:
            raise ValueError("not a small object")
        return {self._name.read(name): self.field.read(one) for name, one in value.items()}

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """See ``FieldType``."""
        return {self._name.write(name): self.field.write(one) for name, one in list(value.items())[: self.longest]}

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"up to {self.longest} by name: {self.field.about}"


class Row:
    """A list of values of different kinds, in a fixed order.

    Args:
        fields: the kinds in order, by the names that the docs give them.
    """

    def __init__(self, **fields: FieldType) -> None:
        self._fields = fields
        self._kinds = tuple(fields.values())

    def read(self, value: object) -> list[Any]:
        """See ``FieldType``."""
        if not isinstance(value, list) or len(value) != len(self._kinds):
            raise ValueError("not a list of the right length")
        return [kind.read(one) for kind, one in zip(self._kinds, value, strict=True)]

    def write(self, value: Sequence[Any]) -> list[Any]:
        """See ``FieldType``."""
        return [kind.write(one) for kind, one in zip(self._kinds, value, strict=True)]

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return f"[{', '.join(f'{name}: {kind.about}' for name, kind in self._fields.items())}]"


class Object:
    """An object with named values. Names that are not known are passed over: a later version may have added them.

    Args:
        fields: the values by name.
        defaults: used for values that are missing in files of earlier versions.
    """

    def __init__(self, fields: Mapping[str, FieldType], defaults: Mapping[str, object] | None = None) -> None:
        self._fields = fields
        self._defaults = defaults or {}

    def read(self, value: object) -> dict[str, Any]:
        """See ``FieldType``."""
        if not isinstance(value, dict):
            raise ValueError("not an object")
        return {name: self._one(name, kind, value) for name, kind in self._fields.items()}

    def _one(self, name: str, kind: FieldType, value: Mapping[str, object]) -> Any:
        if name not in value and name in self._defaults:
            return self._defaults[name]
        try:
            return kind.read(value.get(name))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """See ``FieldType``."""
        return {name: kind.write(value[name]) for name, kind in self._fields.items()}

    def about_each(self) -> list[tuple[str, str]]:
        """The names and the bounds of their values, for the docs."""
        return [(name, kind.about) for name, kind in self._fields.items()]

    @property
    def about(self) -> str:
        """See ``FieldType``."""
        return "{" + ", ".join(f'"{name}": {about}' for name, about in self.about_each()) + "}"


FLAG = Flag()
TEXT = Text()
"""A name, message or label."""
TIME = Whole()
"""Samples of the stream, or milliseconds."""
SCORE = Number(0, 1)
"""A posterior, score or threshold."""
SCALAR = Scalar()
