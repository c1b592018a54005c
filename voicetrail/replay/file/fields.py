"""Values out of a file that anyone may have written: each is taken only if it is what it has to be.

Every function raises ``ValueError`` for anything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

TEXT_MAX = 200
"""Longest name, message or label."""
TABLE_MAX = 256
"""Most entries of a table."""
TIME_MAX = 2**53
"""Latest time in samples or milliseconds: what any JSON reader keeps exactly."""


def text(value: object, limit: int = TEXT_MAX) -> str:
    """A string of at most ``limit`` characters that can be written as UTF-8 again."""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError("not a short text")
    value.encode()
    return value


def whole(value: object, low: int = 0, high: int = TIME_MAX) -> int:
    """A whole number between two bounds, both inside."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError("not a whole number in its range")
    return value


def number(value: object, low: float, high: float) -> float:
    """A number between two bounds, both inside; never NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or math.isnan(value):
        raise ValueError("not a number in its range")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def row(value: object, *lengths: int) -> list[object]:
    """A list of one of these lengths."""
    if not isinstance(value, list) or len(value) not in lengths:
        raise ValueError("not a list of the right length")
    return value


def some(value: object, limit: int = TABLE_MAX) -> list[object]:
    """A list of at most ``limit`` entries."""
    if not isinstance(value, list) or len(value) > limit:
        raise ValueError("not a short list")
    return value


def table(value: object, limit: int = TABLE_MAX) -> Mapping[str, object]:
    """An object with at most ``limit`` short names."""
    if not isinstance(value, dict) or len(value) > limit:
        raise ValueError("not a small object")
    for name in value:
        text(name)
    return value


def plain(value: object) -> str | int | float | bool | None:
    """The value of a setting: a short text, a number, true, false or nothing."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return whole(value, -TIME_MAX)
    return number(value, -1e15, 1e15)
