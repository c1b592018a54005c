"""The style of a line: its pen and its color."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")

PenStyle = Literal["light", "heavy", "double", "dotted", "block"]
PEN_STYLES: tuple[PenStyle, ...] = ("light", "heavy", "double", "dotted", "block")
"""The order is part of the checksum of a drawing: add new pens at the end."""

ColorName = Literal["default", "red", "orange", "yellow", "green", "blue", "purple", "white"]
COLORS: tuple[ColorName, ...] = ("default", "red", "orange", "yellow", "green", "blue", "purple", "white")
"""``default`` is the theme's color for the trail. The order is part of the checksum too: add new colors at the end."""

_COLOR_BITS = 4


@dataclass(frozen=True, slots=True)
class Ink:
    """Pen and color of a line."""

    pen: PenStyle = "light"
    color: ColorName = "default"

    @property
    def code(self) -> int:
        """A small number for the checksum; 0 for the light pen in the default color."""
        return PEN_STYLES.index(self.pen) << _COLOR_BITS | COLORS.index(self.color)


DEFAULT_INK = Ink()
INKS: dict[int, Ink] = {ink.code: ink for ink in (Ink(pen, color) for pen in PEN_STYLES for color in COLORS)}
"""Every ink by its code."""


def next_item(item: T, items: tuple[T, ...]) -> T:
    """Return the item after ``item``; after the last one comes the first."""
    return items[(items.index(item) + 1) % len(items)]
