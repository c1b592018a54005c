"""The cells of every mode but the sketch: the mark in each cell, which cells changed, and a checksum."""

from __future__ import annotations

from collections.abc import Iterable

from voicetrail.game.rules import EMPTY, ROLES, Mark
from voicetrail.game.trail import ARMS, Cell, Pen, mix

_MASK64 = (1 << 64) - 1


class Field:
    """A grid of cells with marks.

    Args:
        width: columns.
        height: rows.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.marks: dict[Cell, Mark] = {}
        """The cells that are not empty."""
        self._sum = 0
        self._before: dict[Cell, Mark] = {}
        self._pen_before: Pen | None = None

    def at(self, cell: Cell) -> Mark:
        """Return the mark in a cell."""
        return self.marks.get(cell, EMPTY)

    def put(self, cell: Cell, mark: Mark) -> None:
        """Set the mark in a cell."""
        old = self.at(cell)
        if old == mark:
            return
        self._before.setdefault(cell, old)
        if mark == EMPTY:
            del self.marks[cell]
        else:
            self.marks[cell] = mark
        self._sum = (self._sum - _hash(cell, old) + _hash(cell, mark)) & _MASK64

    def watch(self, pen: Pen | None) -> None:
        """Start to record which cells change."""
        self._before = {}
        self._pen_before = pen

    def changed(self, pen: Pen | None) -> frozenset[Cell]:
        """Return exactly the cells that look different since ``watch``: the mark changed, or the pen arrived, left or turned."""
        cells = {cell for cell, mark in self._before.items() if self.at(cell) != mark}
        if pen != self._pen_before:
            cells.update(one.cell for one in (pen, self._pen_before) if one is not None)
        return frozenset(cells)

    def checksum(self, pen: Pen | None, others: Iterable[int]) -> str:
        """Return a stable hash of the marks, the pen and other numbers: 16 hexadecimal digits."""
        facing = 0 if pen is None or pen.direction is None else ARMS[pen.direction]
        value = self._sum
        for part in (self.width, self.height, pen.x if pen else 0, pen.y if pen else 0, facing, *others):
            value = mix(value ^ part & _MASK64)
        return f"{value:016x}"

    def copy(self) -> Field:
        """Return an independent copy with the same marks."""
        other = Field(self.width, self.height)
        other.marks, other._sum = dict(self.marks), self._sum
        return other


def _hash(cell: Cell, mark: Mark) -> int:
    if mark == EMPTY:
        return 0
    facing = ARMS.get(mark.direction, 0)  # type: ignore[call-overload]
    looks = ROLES.index(mark.role) | mark.mask << 8 | facing << 12 | mark.ink.code << 16
    return mix(mix(cell[0] << 32 | cell[1]) ^ looks)
