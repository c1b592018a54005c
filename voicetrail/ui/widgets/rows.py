"""A widget of text rows that sends only the cells that changed.

Over a slow connection every byte adds delay. So rows are stored cell by cell, a new row is compared with the old one, and only the
spans that differ are refreshed (``voicetrail.ui.textual_private.diff_compositor`` then sends only those).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from voicetrail.ui.app_protocol import look_of
from voicetrail.ui.style.look import Look

Run = tuple[str, Style]
"""Text in one style."""
_Cell = tuple[str, Style]
"""A character with its combining marks, and its style; the second cell of a wide character is empty text."""

JOIN = 12
"""Gaps of up to this many equal cells are sent again, because this is shorter than moving the cursor."""


class Rows(Widget):
    """Rows of styled text, set one by one with ``put``."""

    DEFAULT_CSS = """
    Rows { height: auto; }
    """
    can_focus = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._base: Style | None = None
        """Cache of the widget's style, because computing it takes longer than painting a line."""
        self._inner_room: tuple[Region, Color] | None = None
        """Cache of the content region inside the frame, and of the background."""
        self._paint: Callable[[Widget, Iterable[Region]], None] | None = None
        """Schedules regions of this widget for painting, without Textual's messages."""
        self._runs: list[list[Run]] = []
        self._cells: list[list[_Cell]] = []

    @property
    def look(self) -> Look:
        """The current colors and characters; the app must have a ``look``."""
        return look_of(self)

    @property
    def text_rows(self) -> list[str]:
        """The text of the rows, without styles."""
        return ["".join(character for character, _ in cells).rstrip() for cells in self._cells]

    def put(self, y: int, runs: Iterable[Run]) -> None:
        """Set a row; only the cells that differ are sent to the terminal."""
        new = list(runs)
        while len(self._cells) <= y:
            self._cells.append([])
            self._runs.append([])
        if self._runs[y] == new:
            return
        self._runs[y] = new
        cells: list[_Cell] = []
        for text, style in new:
            if text.isascii() or all(cell_len(character) == 1 for character in text):
                cells += [(character, style) for character in text]
            else:
                _add_cells(cells, text, style)
        old, self._cells[y] = self._cells[y], cells
        changed = [Region(start, y, end - start, 1) for start, end in _differences(old, cells)]
        if changed and self._paint is not None:
            self._paint(self, changed)
        elif changed:
            self.refresh(*changed)

    def truncate(self, count: int) -> None:
        """Remove all rows but the first ``count``."""
        for y in range(count, len(self._cells)):
            self.put(y, ())
        del self._cells[count:]
        del self._runs[count:]

    def rebuild(self) -> None:
        """Rebuild every row, after a resize or a change of the look."""

    def on_mount(self) -> None:
        """Paint through the screen directly if it supports it."""
        self._paint = getattr(self.screen, "paint_soon", None)

    def on_resize(self) -> None:
        """Fit the new size."""
        self._inner_room = None
        self.rebuild()

    def notify_style_update(self) -> None:
        """Reset the cached styles."""
        self._base = self._inner_room = None
        super().notify_style_update()

    def restyle(self) -> None:
        """Rebuild and repaint every row after a change of the look."""
        self._base = self._inner_room = None
        self.rebuild()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Render a line, with neighboring cells of the same style merged into runs."""
        return self._strip(y, 0, self.size.width)

    def _strip(self, y: int, start: int, end: int) -> Strip:
        base = self._base or self.rich_style
        self._base = base
        cells = self._cells[y][start:end] if y < len(self._cells) else []
        segments = [
            Segment("".join([character for character, _ in group]), base + style)
            for style, group in groupby(cells, key=lambda cell: cell[1])
        ]
        if len(cells) < end - start:
            segments.append(Segment(" " * (end - start - len(cells)), base))
        return Strip(segments, end - start)

    def render_span(self, span: Region) -> Strip:
        """Render a part of a line of the widget, including its frame: the result of ``render_lines``, in less time.

        Args:
            span: region of one line, in the widget's coordinates.
        """
        if self._inner_room is None:
            self._inner_room = Region.from_offset(self.content_offset, self.size), self.background_colors[1]
        room, background = self._inner_room
        if not room.contains_region(span):
            return self.render_lines(span)[0]
        strip = self._strip(span.y - room.y, span.x - room.x, span.right - room.x)
        for each in self.get_line_filters():
            strip = strip.apply_filter(each, background)
        return strip


def _add_cells(cells: list[_Cell], text: str, style: Style) -> None:
    """Add the cells of a text with wide characters, or with marks that take no cell of their own, such as vowels in Hindi."""
    for character in text:
        width = cell_len(character)
        if width:
            cells += [(character, style), *[("", style)] * (width - 1)]
            continue
        last = next((at for at in range(len(cells) - 1, -1, -1) if cells[at][0]), None)
        if last is not None:
            cells[last] = (cells[last][0] + character, cells[last][1])


def _differences(old: list[_Cell], new: list[_Cell]) -> list[tuple[int, int]]:
    """Return the spans in which two rows differ, as (start, end) with the end excluded. After its end a row counts as blank."""
    blank: _Cell = (" ", Style())
    spans: list[tuple[int, int]] = []
    for x in range(max(len(old), len(new))):
        before = old[x] if x < len(old) else blank
        after = new[x] if x < len(new) else blank
        if before == after or (before[0] == after[0] == " " and not (before[1].bgcolor or after[1].bgcolor)):
            continue
        if spans and x - spans[-1][1] <= JOIN:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return [_whole(start, end, old, new) for start, end in spans]


def _whole(start: int, end: int, *rows: list[_Cell]) -> tuple[int, int]:
    """Extend a span so that it does not cut a wide character in any of the rows."""
    for row in rows:
        while 0 < start < len(row) and not row[start][0]:
            start -= 1
        while end < len(row) and not row[end][0]:
            end += 1
    return start, end
