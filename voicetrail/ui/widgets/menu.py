"""A list to choose from by words, keys or mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.message import Message

from voicetrail.ui.widgets.rows import Rows, Run


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A row of a list."""

    name: str
    """Name in the program."""
    label: str
    about: str = ""
    """Description."""
    note: str = ""
    """State: the best score, what is new."""


class MenuList(Rows):
    """Rows, one of which is selected."""

    DEFAULT_CSS = """
    MenuList { height: 1fr; }
    """

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, item: MenuItem) -> None:
            super().__init__()
            self.item = item

    def __init__(self, items: Sequence[MenuItem] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.items = tuple(items)
        self.cursor = 0
        self._top = 0

    @property
    def item(self) -> MenuItem | None:
        """The selected row; ``None`` in an empty list."""
        return self.items[self.cursor] if self.items else None

    def set_items(self, items: Sequence[MenuItem]) -> None:
        """Set the rows; the selection stays at the row with the same name, if there is one."""
        before = self.item
        self.items = tuple(items)
        names = [item.name for item in self.items]
        if before is not None and before.name in names:
            self.cursor = names.index(before.name)
        self.cursor = min(self.cursor, max(0, len(self.items) - 1))
        self.rebuild()

    def choose(self, name: str) -> None:
        """Select a row by name."""
        names = [item.name for item in self.items]
        if name in names:
            self.cursor = names.index(name)
            self.rebuild()

    def move(self, by: int) -> None:
        """Move the selection; after one end it continues at the other."""
        if self.items:
            self.cursor = (self.cursor + by) % len(self.items)
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the visible rows; unchanged cells send nothing."""
        width, height = self.size
        if not width or not height:
            return
        self._top = max(0, min(self._top, self.cursor, len(self.items) - height), self.cursor - height + 1)
        longest = max((cell_len(item.label) for item in self.items), default=0)
        about = max((cell_len(item.about) for item in self.items), default=0)
        for y in range(height):
            index = self._top + y
            self.put(y, self._row(index, longest, about, width) if index < len(self.items) else ())

    def _row(self, index: int, longest: int, about: int, width: int) -> list[Run]:
        look, item, chosen = self.look, self.items[index], index == self.cursor
        mark = " "
        if chosen:
            mark = look.marks.selected
        elif index == self._top > 0:
            mark = look.marks.above_list
        elif index == self._top + self.size.height - 1 < len(self.items) - 1:
            mark = look.marks.below_list
        runs: list[Run] = [(f"{mark} ", look.warn if chosen else look.dim), (set_cell_size(item.label, longest), look.text)]
        if chosen:
            runs[-1] = (runs[-1][0], look.good)
        used = 2 + longest
        # A text that does not fit is left out completely, because half a sentence says nothing.
        if item.about and used + 2 + cell_len(item.about) <= width:
            runs.append((set_cell_size(f"  {item.about}", min(2 + about, width - used)), look.text if chosen else look.dim))
            used += min(2 + about, width - used)
        if item.note and used + 2 + cell_len(item.note) <= width:
            runs.append((f"  {item.note}", look.accent if chosen else look.dim))
        return runs

    def on_click(self, event: events.Click) -> None:
        """Select and activate the clicked row."""
        index = self._top + event.y
        if 0 <= index < len(self.items):
            self.cursor = index
            self.rebuild()
            self.post_message(self.Clicked(self.items[index]))

    def on_mouse_scroll_down(self) -> None:
        """Select the next row."""
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        """Select the previous row."""
        self.move(-1)
