"""The canvas: the visible part of the field, around the pen."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable

from rich.style import Style
from textual.reactive import reactive

from voicetrail.game.rules import Mark, Rules
from voicetrail.game.trail import Cell
from voicetrail.ui.style.look import AGES, Look
from voicetrail.ui.widgets.rows import Rows, Run

MARGIN = 4
"""Minimum distance of the pen from the window's edge, in rows, and twice that in columns, if the window is large enough."""
GRID = (4, 2)
"""Columns and rows between the dots of the grid."""


class Canvas(Rows):
    """Shows the field of a round. The field has its own size and coordinates, so resizing the window moves no stroke.

    The view stays in place while the pen is well inside it; otherwise it jumps to center the pen. A stroke fades from bright to calm
    with the strokes after it.

    Args:
        rules: the round.
        grid: show a faint grid of dots.
    """

    DEFAULT_CSS = """
    Canvas { height: 1fr; width: 1fr; }
    """

    origin: reactive[tuple[int, int]] = reactive((0, 0), repaint=False, init=False)
    """The cell of the field in the top left corner of the view."""

    def __init__(self, rules: Rules, *, grid: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rules = rules
        self.grid = grid
        self._placed = False
        self._stroke = 0
        self._drawn_in: dict[Cell, int] = {}
        """Number of the latest stroke over each cell; old strokes are removed."""
        self._strokes: deque[set[Cell]] = deque(maxlen=AGES[-1] + 1)
        """The cells of the last strokes; the newest comes last."""
        self._lit: frozenset[Cell] = frozenset()

    def show_rules(self, rules: Rules) -> None:
        """Show another round, or the same round at another time."""
        self.rules = rules
        self._placed = False
        self._drawn_in.clear()
        self._strokes.clear()
        self._lit = frozenset()
        self.rebuild()

    def show_grid(self, grid: bool) -> None:
        """Show or hide the grid."""
        self.grid = grid
        self.rebuild()

    def update_cells(self, cells: Iterable[Cell], *, stroke: bool = True) -> None:
        """Show cells that changed, and follow the pen.

        Args:
            cells: the cells that look different now.
            stroke: whether they are a new stroke, so that all earlier strokes age.
        """
        changed = set(cells)
        if changed and stroke:
            changed |= self._begin_stroke(changed)
        elif changed and self._strokes:
            self._draw(changed)
        if self._follow():
            self.rebuild()
            return
        self._show(changed)

    def light(self) -> None:
        """Light up the newest stroke."""
        if self._strokes:
            self._lit = frozenset(self._strokes[-1])
            self._show(self._lit)

    def unlight(self) -> None:
        """Stop lighting the newest stroke."""
        lit, self._lit = self._lit, frozenset()
        self._show(lit)

    def _begin_stroke(self, cells: set[Cell]) -> set[Cell]:
        """Number a new stroke; return the cells of older strokes that look different now."""
        self._stroke += 1
        full = len(self._strokes) == self._strokes.maxlen
        forgotten = self._strokes[0] if full else set[Cell]()
        self._strokes.append(set())
        self._draw(cells)
        older = set[Cell]()
        for age in AGES:
            if age < len(self._strokes):
                older |= self._strokes[-1 - age]
        for cell in forgotten:
            if self._drawn_in.get(cell, 0) <= self._stroke - AGES[-1]:
                self._drawn_in.pop(cell, None)
        return older - cells

    def _draw(self, cells: set[Cell]) -> None:
        self._strokes[-1] |= cells
        for cell in cells:
            self._drawn_in[cell] = self._stroke

    def _show(self, cells: Iterable[Cell]) -> None:
        _, top = self.origin
        for y in sorted({y - top for _, y in cells}):
            if 0 <= y < self.size.height:
                self.put(y, self._row(y))

    def rebuild(self) -> None:
        """Rebuild every row around the pen."""
        self._follow()
        self.truncate(self.size.height)
        for y in range(self.size.height):
            self.put(y, self._row(y))

    def _follow(self) -> bool:
        """Move the view if the pen would leave it; return whether it moved."""
        width, height = self.size
        if not width or not height:
            return False
        (x, y), (left, top) = self._center, self.origin
        new_left = self._place(x, left, width, min(2 * MARGIN, (width - 1) // 2), self.rules.width)
        new_top = self._place(y, top, height, min(MARGIN, (height - 1) // 2), self.rules.height)
        self._placed = True
        moved = (new_left, new_top) != self.origin
        self.origin = (new_left, new_top)
        return moved

    @property
    def _center(self) -> Cell:
        """Return the cell that the view follows: the pen, or the center of a field without one."""
        pen = self.rules.pen
        return pen.cell if pen is not None else (self.rules.width // 2, self.rules.height // 2)

    def _place(self, pen: int, start: int, room: int, margin: int, size: int) -> int:
        """Return the start of the view along one axis.

        In a sketch, it includes one cell beyond the field, so that the edge is visible; other fields have walls, or no edge.
        """
        edge = int(self.rules.mode_name == "sketch")
        if size + 2 * edge <= room:
            return -((room - size) // 2)
        if not self._placed or not start + margin <= pen < start + room - margin:
            start = pen - room // 2
        return min(max(start, -edge), size + edge - room)

    def _row(self, y: int) -> list[Run]:
        look, rules = self.look, self.rules
        left, top = self.origin
        row = top + y
        width = self.size.width
        edge = look.marks.edge if rules.mode_name == "sketch" else " "
        if not 0 <= row < rules.height:
            within = range(max(0, -1 - left), min(width, rules.width + 1 - left)) if row in (-1, rules.height) else range(0)
            return [(" " * within.start, look.dim), (edge * len(within), look.dim)] if within else []
        pen = rules.pen
        cells: list[Run] = []
        for x in range(left, left + width):
            if pen is not None and pen.x == x and pen.y == row:
                cells.append((look.glyphs.arrows[pen.direction], look.pen))
            elif x in (-1, rules.width):
                cells.append((edge, look.dim))
            elif not 0 <= x < rules.width:
                cells.append((" ", look.dim))
            else:
                cells.append(self._cell(look, x, row, rules.mark_at((x, row))))
        return _joined(cells)

    def _cell(self, look: Look, x: int, y: int, mark: Mark) -> Run:
        role = mark.role
        if role == "empty":
            dot = self.grid and self.rules.mode_name != "echo" and x % GRID[0] == 0 and y % GRID[1] == 0
            return (look.marks.grid, look.grid) if dot else (" ", look.grid)
        if role == "trail":
            pen = mark.ink.pen if self.rules.mode_name == "sketch" else "heavy"
            return look.glyphs.pens[pen][mark.mask], self._trail_style(look, (x, y), mark)
        style = look.roles.get(role, look.text)
        if role in ("asked", "said"):
            return _arrow(look, mark), style
        if mark.mask:
            pen = "light" if role in ("guide", "wall") else "heavy"
            return look.glyphs.pens[pen][mark.mask], style
        return look.marks.roles.get(role, look.marks.heard), style

    def _trail_style(self, look: Look, cell: Cell, mark: Mark) -> Style:
        if cell in self._lit:
            return look.lit
        if mark.ink.color != "default":
            return look.inks[mark.ink.color]
        drawn = self._drawn_in.get(cell)
        return look.ages[-1] if drawn is None else look.ages[bisect_right(AGES, self._stroke - drawn)]


def _arrow(look: Look, mark: Mark) -> str:
    for direction, arrow in look.glyphs.arrows.items():
        if direction is not None and direction == mark.direction:
            return arrow
    return look.marks.place


def _joined(cells: Iterable[Run]) -> list[Run]:
    """Join neighboring cells of the same style."""
    runs: list[Run] = []
    for text, style in cells:
        if runs and runs[-1][1] is style:
            runs[-1] = (runs[-1][0] + text, style)
        else:
            runs.append((text, style))
    return runs
