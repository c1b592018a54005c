"""The drawing: cells with arms, a pen, and the data for undo.

The size and the coordinates of the drawing do not depend on the window: column ``x`` increases to the right, row ``y`` downward, both
from 0. The pen stops at the edge. A cell is a set of arms (a bit mask), so lines join and cross automatically, and a stroke over an
existing one changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from voicetrail.game.ink import DEFAULT_INK, INKS, Ink

Direction = Literal["up", "down", "left", "right"]
Cell = tuple[int, int]
"""Column and row."""

WIDTH, HEIGHT = 513, 257
"""Size of a drawing in cells. Both are odd, so that there is a center cell, with the same number of steps to opposite edges."""
SIDEWAYS = 2
"""Cells per step sideways; a step up or down is one cell. A cell is about twice as high as it is wide."""

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
"""The arms of a cell, as bits of its mask."""
ARMS: MappingProxyType[Direction, int] = MappingProxyType({"up": UP, "down": DOWN, "left": LEFT, "right": RIGHT})
DELTAS: MappingProxyType[Direction, Cell] = MappingProxyType({"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)})
EDGES: MappingProxyType[Direction, str] = MappingProxyType({"up": "top", "down": "bottom", "left": "left", "right": "right"})
"""The name of the edge in each direction."""
OPPOSITE: MappingProxyType[Direction, Direction] = MappingProxyType(
    {"up": "down", "down": "up", "left": "right", "right": "left"}
)

_MASK64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Pen:
    """Position of the pen, and its last direction (``None`` before the first step)."""

    x: int
    y: int
    direction: Direction | None = None

    @property
    def cell(self) -> Cell:
        """The cell of the pen."""
        return (self.x, self.y)


@dataclass(slots=True)
class Stroke:
    """The data to undo a stroke: the pen before it, and the original contents of every cell that it changed."""

    pen: Pen
    before: dict[Cell, int] = field(default_factory=dict)
    """Original contents by cell: mask and ink in one number, see ``_packed``."""
    length: int = 0
    """Length in steps (rows, or pairs of columns); rounded up where the edge cut a step short."""


class Trail:
    """A drawing with its pen.

    Args:
        width: columns.
        height: rows.
    """

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width = width
        self.height = height
        self.cells: dict[Cell, int] = {}
        """The mask of every cell that is not empty."""
        self.inks: dict[Cell, int] = {}
        """The ink code of every cell that is not in the default ink; the last stroke over a cell sets it."""
        self.background: dict[Cell, int] = {}
        """The masks of the background."""
        self.pen = self.home
        self.ink = DEFAULT_INK
        """The ink for the next strokes."""
        self.pen_up = False
        """Whether the pen is lifted: it moves without drawing."""
        self._sum = 0
        self._background_sum = 0
        self._touched: dict[Cell, int] = {}
        self._uncovered: set[Cell] = set()
        self._watched_pen = self.pen

    @property
    def home(self) -> Pen:
        """The pen in the center, where a drawing begins."""
        return Pen(self.width // 2, self.height // 2)

    def move(self, direction: Direction, steps: int, stroke: Stroke) -> bool:
        """Draw ``steps`` steps from the pen, and add to ``stroke`` what undo needs.

        Returns:
            Whether the pen moved all steps; ``False`` if the edge stopped it.
        """
        dx, dy = DELTAS[direction]
        per_step = SIDEWAYS if dx else 1
        x, y = self.pen.cell
        requested = steps * per_step
        room = {"up": y, "down": self.height - 1 - y, "left": x, "right": self.width - 1 - x}[direction]
        count = min(requested, room)
        out_arm, in_arm = ARMS[direction], ARMS[OPPOSITE[direction]]
        if self.pen_up:
            x, y = x + count * dx, y + count * dy
        else:
            ink = self.ink.code
            for _ in range(count):
                self._add((x, y), out_arm, ink, stroke)
                x, y = x + dx, y + dy
                self._add((x, y), in_arm, ink, stroke)
        self.pen = Pen(x, y, direction)
        stroke.length += -(-count // per_step)
        return count == requested

    def clear(self, stroke: Stroke) -> None:
        """Clear the drawing and move the pen to the center; ``stroke`` gets what undo needs."""
        for cell in self.cells:
            packed = self._packed(cell)
            stroke.before.setdefault(cell, packed)
            self._touched.setdefault(cell, packed)
        self.cells, self.inks = {}, {}
        self._sum = 0
        self.pen = self.home

    def take_back(self, stroke: Stroke) -> Stroke:
        """Undo a stroke: restore the pen and every cell that it changed.

        Returns:
            The data to undo this undo, which is to redo the stroke.
        """
        inverse = Stroke(self.pen, {cell: self._packed(cell) for cell in stroke.before}, stroke.length)
        for cell, packed in stroke.before.items():
            self._put(cell, packed)
        self.pen = stroke.pen
        return inverse

    def ink_at(self, cell: Cell) -> Ink:
        """Return the ink of a cell."""
        return INKS[self.inks.get(cell, 0)]

    def set_background(self, masks: dict[Cell, int]) -> None:
        """Set the background, as masks by cell."""
        for cell in self.background.keys() | masks.keys():
            if self.background.get(cell) != masks.get(cell):
                self._uncovered.add(cell)
        self.background = masks
        self._background_sum = sum(_hash_cell(cell, mask) for cell, mask in masks.items()) & _MASK64

    def watch(self) -> None:
        """Start to record which cells change (see ``changed``)."""
        self._touched, self._uncovered = {}, set()
        self._watched_pen = self.pen

    def changed(self) -> frozenset[Cell]:
        """Return exactly the cells that look different since ``watch``: the arms changed, or the pen arrived, left or turned."""
        changed = {cell for cell, packed in self._touched.items() if self._packed(cell) != packed} | self._uncovered
        if self.pen != self._watched_pen:
            changed.update((self.pen.cell, self._watched_pen.cell))
        return frozenset(changed)

    def checksum(self) -> str:
        """Return a stable hash of the drawing, its size and its pen: 16 hexadecimal digits, the same on every machine.

        It is updated with each cell (a sum of the cells' hashes, modulo 2⁶⁴), so that calling this costs nothing.
        """
        facing = 0 if self.pen.direction is None else ARMS[self.pen.direction]
        value = self._sum
        for part in (self.width, self.height, self.pen.x, self.pen.y, facing):
            value = mix(value ^ part)
        # Features that came later count only where they are used, so that drawings of format version 1 keep their checksums.
        if self.background:
            value = mix(value ^ self._background_sum)
        return f"{mix(~value & _MASK64) if self.pen_up else value:016x}"

    def bounds(self) -> tuple[int, int, int, int]:
        """Return the smallest rectangle with the drawing and the pen: (left, top, right, bottom), all inclusive."""
        xs = [self.pen.x, *(x for x, _ in self.cells), *(x for x, _ in self.background)]
        ys = [self.pen.y, *(y for _, y in self.cells), *(y for _, y in self.background)]
        return min(xs), min(ys), max(xs), max(ys)

    def copy(self) -> Trail:
        """Return an independent copy."""
        other = Trail(self.width, self.height)
        other.cells, other.pen, other._sum = dict(self.cells), self.pen, self._sum
        other.inks, other.ink, other.pen_up = dict(self.inks), self.ink, self.pen_up
        # A background is never changed in place.
        other.background, other._background_sum = self.background, self._background_sum
        return other

    def _packed(self, cell: Cell) -> int:
        """Return mask and ink of a cell in one number."""
        return self.cells.get(cell, 0) | self.inks.get(cell, 0) << 4

    def _add(self, cell: Cell, arm: int, ink: int, stroke: Stroke) -> None:
        packed = self._packed(cell)
        stroke.before.setdefault(cell, packed)
        drawn = (packed & 15 | arm) | ink << 4
        if drawn != packed:
            self._put(cell, drawn)

    def _put(self, cell: Cell, packed: int) -> None:
        old = self._packed(cell)
        self._touched.setdefault(cell, old)
        if packed & 15:
            self.cells[cell] = packed & 15
        else:
            self.cells.pop(cell, None)
        if packed >> 4:
            self.inks[cell] = packed >> 4
        else:
            self.inks.pop(cell, None)
        self._sum = (self._sum - _hash_cell(cell, old) + _hash_cell(cell, packed)) & _MASK64


def _hash_cell(cell: Cell, packed: int) -> int:
    if not packed:
        return 0
    value = mix((cell[0] << 36) | (cell[1] << 4) | packed & 15)
    return mix(value ^ packed >> 4) if packed >> 4 else value


def mix(value: int) -> int:
    """The finalizer of splitmix64: spreads every bit of the input over 64 bits (Steele, Lea and Flood, OOPSLA 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK64
    return value ^ (value >> 31)
