"""The drawing as the window shows it: the part around the pen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.reactive import reactive

from voicetrail.game.trail import Cell, Trail
from voicetrail.ui.widgets.rows import Rows, Run

MARGIN = 4
"""Rows kept between the pen and the window's edge, and twice as many columns, where the window is large enough."""


class Canvas(Rows):
    """Shows a trail. The drawing has its own size and coordinates; resizing the window moves no stroke.

    The view stays where it is while the pen is well inside it, and jumps to have the pen in its middle when it is not.
    """

    DEFAULT_CSS = """
    Canvas { height: 1fr; width: 1fr; }
    """

    origin: reactive[tuple[int, int]] = reactive((0, 0), repaint=False, init=False)
    """The drawing's cell in the top left corner."""

    def __init__(self, trail: Trail, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.trail = trail
        self._placed = False

    def show_trail(self, trail: Trail) -> None:
        """Show another drawing."""
        self.trail = trail
        self._placed = False
        self.rebuild()

    def update_cells(self, cells: Iterable[Cell]) -> None:
        """Show cells that changed, and follow the pen."""
        if self._follow():
            self.rebuild()
            return
        _, top = self.origin
        for y in sorted({y - top for _, y in cells}):
            if 0 <= y < self.size.height:
                self.put(y, self._row(y))

    def rebuild(self) -> None:
        """Make every row anew around the pen."""
        self._follow()
        self.truncate(self.size.height)
        for y in range(self.size.height):
            self.put(y, self._row(y))

    def _follow(self) -> bool:
        """Move the view where the pen would leave it; tell whether it moved."""
        width, height = self.size
        if not width or not height:
            return False
        pen, (left, top) = self.trail.pen, self.origin
        new_left = self._place(pen.x, left, width, min(2 * MARGIN, (width - 1) // 2), self.trail.width)
        new_top = self._place(pen.y, top, height, min(MARGIN, (height - 1) // 2), self.trail.height)
        self._placed = True
        moved = (new_left, new_top) != self.origin
        self.origin = (new_left, new_top)
        return moved

    def _place(self, pen: int, start: int, room: int, margin: int, size: int) -> int:
        """Where the view starts along one axis. One cell beyond the drawing is shown, so that its edge can be seen."""
        if size + 2 <= room:
            return -((room - size) // 2)
        if not self._placed or not start + margin <= pen < start + room - margin:
            start = pen - room // 2
        return min(max(start, -1), size + 1 - room)

    def _row(self, y: int) -> list[Run]:
        look, trail = self.look, self.trail
        left, top = self.origin
        row = top + y
        width = self.size.width
        if not 0 <= row < trail.height:
            within = range(max(0, -1 - left), min(width, trail.width + 1 - left)) if row in (-1, trail.height) else range(0)
            return [(" " * within.start, look.dim), (look.marks.edge * len(within), look.dim)] if within else []
        pen = trail.pen
        characters: list[Run] = []
        text = ""
        for x in range(left, left + width):
            if pen.x == x and pen.y == row:
                characters += [(text, look.trail), (look.glyphs.arrows[pen.direction], look.pen)]
                text = ""
            elif x in (-1, trail.width):
                characters += [(text, look.trail), (look.marks.edge, look.dim)]
                text = ""
            else:
                text += look.glyphs.cells[trail.cells.get((x, row), 0)]
        return [*characters, (text, look.trail)]
