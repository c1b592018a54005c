"""The drawing: cells with arms, a pen, and what undo needs.

The drawing has a size and coordinates of its own, whatever the window shows of it: column ``x`` grows to the right, row ``y``
downwards, both from 0. At the edge the pen stops. A cell is a set of arms (a bit mask), so that lines join and cross by
themselves, and a stroke drawn twice is still one stroke.
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
"""Cells of a drawing: odd, so that there is a middle, and the same number of steps to every edge."""
SIDEWAYS = 2
"""Cells of one step to a side, where a step up or down is one cell: a cell is about twice as high as it is wide."""

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
"""The arms of a cell, as bits of its mask."""
ARMS: MappingProxyType[Direction, int] = MappingProxyType({"up": UP, "down": DOWN, "left": LEFT, "right": RIGHT})
DELTAS: MappingProxyType[Direction, Cell] = MappingProxyType({"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)})
OPPOSITE: MappingProxyType[Direction, Direction] = MappingProxyType(
    {"up": "down", "down": "up", "left": "right", "right": "left"}
)

_MASK64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Pen:
    """Where the pen is and which way it went last (``None`` before the first step)."""

    x: int
    y: int
    direction: Direction | None = None

    @property
    def cell(self) -> Cell:
        """The cell that the pen stands on."""
        return (self.x, self.y)


@dataclass(slots=True)
class Stroke:
    """What undo needs: the pen before, and every touched cell before the first touch."""

    pen: Pen
    before: dict[Cell, int] = field(default_factory=dict)
    """Mask and ink of a cell in one number, see ``_packed``."""
    length: int = 0
    """Steps (rows, or pairs of columns) that the pen went, rounded up where the edge cut one short."""


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
        """The mask of every cell that has an arm."""
        self.inks: dict[Cell, int] = {}
        """The code of the ink of every cell that is not drawn in the default ink; the last stroke decides."""
        self.background: dict[Cell, int] = {}
        """The masks of what lies under the drawing."""
        self.pen = self.home
        self.ink = DEFAULT_INK
        """What is drawn with from now on."""
        self.pen_up = False
        """The pen moves without drawing."""
        self._sum = 0
        self._background_sum = 0
        self._touched: dict[Cell, int] = {}
        self._uncovered: set[Cell] = set()
        self._watched_pen = self.pen

    @property
    def home(self) -> Pen:
        """The pen in the middle, where a drawing begins."""
        return Pen(self.width // 2, self.height // 2)

    def move(self, direction: Direction, steps: int, stroke: Stroke) -> bool:
        """Draw ``steps`` steps from the pen, and note in ``stroke`` how to take them back.

        Returns:
            Whether the pen went all the way; ``False`` when the edge stopped it.
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
        """Take every stroke away and put the pen back into the middle; ``stroke`` brings it back."""
        for cell in self.cells:
            packed = self._packed(cell)
            stroke.before.setdefault(cell, packed)
            self._touched.setdefault(cell, packed)
        self.cells, self.inks = {}, {}
        self._sum = 0
        self.pen = self.home

    def take_back(self, stroke: Stroke) -> Stroke:
        """Make every cell of the stroke, and the pen, what they were before it.

        Returns:
            What takes this back in turn: to take it back is to do the stroke again.
        """
        inverse = Stroke(self.pen, {cell: self._packed(cell) for cell in stroke.before}, stroke.length)
        for cell, packed in stroke.before.items():
            self._put(cell, packed)
        self.pen = stroke.pen
        return inverse

    def ink_at(self, cell: Cell) -> Ink:
        """What a cell was drawn with."""
        return INKS[self.inks.get(cell, 0)]

    def set_background(self, masks: dict[Cell, int]) -> None:
        """Lay other lines under the drawing."""
        for cell in self.background.keys() | masks.keys():
            if self.background.get(cell) != masks.get(cell):
                self._uncovered.add(cell)
        self.background = masks
        self._background_sum = sum(_hash_cell(cell, mask) for cell, mask in masks.items()) & _MASK64

    def watch(self) -> None:
        """Begin to note which cells change (see ``changed``)."""
        self._touched, self._uncovered = {}, set()
        self._watched_pen = self.pen

    def changed(self) -> frozenset[Cell]:
        """Exactly the cells that look different since ``watch``: other arms, or the pen came, went or turned."""
        changed = {cell for cell, packed in self._touched.items() if self._packed(cell) != packed} | self._uncovered
        if self.pen != self._watched_pen:
            changed.update((self.pen.cell, self._watched_pen.cell))
        return frozenset(changed)

    def checksum(self) -> str:
        """A stable hash of the drawing, its size and its pen: 16 hexadecimal digits, the same on every machine.

        It is kept up to date cell by cell (the sum, modulo 2⁶⁴, of a hash of each), so that asking costs nothing.
        """
        facing = 0 if self.pen.direction is None else ARMS[self.pen.direction]
        value = self._sum
        for part in (self.width, self.height, self.pen.x, self.pen.y, facing):
            value = mix(value ^ part)
        # What the first version did not have counts only where it is used, so that its drawings keep their checksums.
        if self.background:
            value = mix(value ^ self._background_sum)
        return f"{mix(~value & _MASK64) if self.pen_up else value:016x}"

    def bounds(self) -> tuple[int, int, int, int]:
        """The smallest rectangle (left, top, right, bottom, all inside) that holds the drawing and the pen."""
        xs = [self.pen.x, *(x for x, _ in self.cells), *(x for x, _ in self.background)]
        ys = [self.pen.y, *(y for _, y in self.cells), *(y for _, y in self.background)]
        return min(xs), min(ys), max(xs), max(ys)

    def copy(self) -> Trail:
        """A drawing of its own with the same cells."""
        other = Trail(self.width, self.height)
        other.cells, other.pen, other._sum = dict(self.cells), self.pen, self._sum
        other.inks, other.ink, other.pen_up = dict(self.inks), self.ink, self.pen_up
        # A background is never changed in place.
        other.background, other._background_sum = self.background, self._background_sum
        return other

    def _packed(self, cell: Cell) -> int:
        """Mask and ink of a cell in one number."""
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
