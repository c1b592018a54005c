"""The drawing: cells with arms, a pen, and what undo needs.

The drawing has a size and coordinates of its own, whatever the window shows of it: column ``x`` grows to the right, row ``y``
downwards, both from 0. At the edge the pen stops. A cell is a set of arms (a bit mask), so that lines join and cross by
themselves, and a stroke drawn twice is still one stroke.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

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
    """What undo needs: the pen before, and the masks of every touched cell before the first touch."""

    pen: Pen
    before: dict[Cell, int] = field(default_factory=dict)
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
        self.pen = self.home
        self._sum = 0
        self._touched: dict[Cell, int] = {}
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
        wanted = steps * per_step
        room = {"up": y, "down": self.height - 1 - y, "left": x, "right": self.width - 1 - x}[direction]
        count = min(wanted, room)
        out_arm, in_arm = ARMS[direction], ARMS[OPPOSITE[direction]]
        for _ in range(count):
            self._add((x, y), out_arm, stroke)
            x, y = x + dx, y + dy
            self._add((x, y), in_arm, stroke)
        self.pen = Pen(x, y, direction)
        stroke.length += -(-count // per_step)
        return count == wanted

    def clear(self, stroke: Stroke) -> None:
        """Take every stroke away and put the pen back into the middle; ``stroke`` brings it back."""
        for cell, mask in self.cells.items():
            stroke.before.setdefault(cell, mask)
            self._touched.setdefault(cell, mask)
        self.cells = {}
        self._sum = 0
        self.pen = self.home

    def take_back(self, stroke: Stroke) -> None:
        """Make every cell of the stroke, and the pen, what they were before it."""
        for cell, mask in stroke.before.items():
            self._put(cell, mask)
        self.pen = stroke.pen

    def watch(self) -> None:
        """Begin to note which cells change (see ``changed``)."""
        self._touched = {}
        self._watched_pen = self.pen

    def changed(self) -> frozenset[Cell]:
        """Exactly the cells that look different since ``watch``: other arms, or the pen came, went or turned."""
        changed = {cell for cell, mask in self._touched.items() if self.cells.get(cell, 0) != mask}
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
            value = _mix(value ^ part)
        return f"{value:016x}"

    def bounds(self) -> tuple[int, int, int, int]:
        """The smallest rectangle (left, top, right, bottom, all inside) that holds the drawing and the pen."""
        xs = [self.pen.x, *(x for x, _ in self.cells)]
        ys = [self.pen.y, *(y for _, y in self.cells)]
        return min(xs), min(ys), max(xs), max(ys)

    def copy(self) -> Trail:
        """A drawing of its own with the same cells."""
        other = Trail(self.width, self.height)
        other.cells, other.pen, other._sum = dict(self.cells), self.pen, self._sum
        return other

    def _add(self, cell: Cell, arm: int, stroke: Stroke) -> None:
        mask = self.cells.get(cell, 0)
        stroke.before.setdefault(cell, mask)
        if not mask & arm:
            self._put(cell, mask | arm)

    def _put(self, cell: Cell, mask: int) -> None:
        old = self.cells.get(cell, 0)
        self._touched.setdefault(cell, old)
        if mask:
            self.cells[cell] = mask
        else:
            self.cells.pop(cell, None)
        self._sum = (self._sum - _hash_cell(cell, old) + _hash_cell(cell, mask)) & _MASK64


def _hash_cell(cell: Cell, mask: int) -> int:
    return _mix((cell[0] << 36) | (cell[1] << 4) | mask) if mask else 0


def _mix(value: int) -> int:
    """The finaliser of splitmix64: spreads every bit of the input over 64 bits (Steele, Lea and Flood, OOPSLA 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK64
    return value ^ (value >> 31)
