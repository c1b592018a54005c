"""The last row (or rows) of a screen that is led by words: what each of them does here, and the keys beside them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.ui.widgets.rows import Rows, Run

Hint = tuple[str, str, str]
"""A word or key, what it does, and the screen's action for a click."""


class HintLine(Rows):
    """Hints from left to right; those at the end give way where there is no room.

    Args:
        hints: what is shown.
        most_rows: rows that it may take where one is too short.
    """

    DEFAULT_CSS = """
    HintLine { height: 1; }
    """

    def __init__(self, hints: Sequence[Hint] = (), *, id: str | None = None, most_rows: int = 1) -> None:
        super().__init__(id=id)
        self._hints = tuple(hints)
        self._most_rows = most_rows
        self._spans: list[tuple[int, int, int, str]] = []

    def set_hints(self, hints: Sequence[Hint]) -> None:
        """Set the hints."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.rebuild()

    def rebuild(self) -> None:
        """Make the rows again; cells that look as before send nothing."""
        width, look = self.size.width, self.look
        rows: list[list[Run]] = [[(" ", look.text)]]
        self._spans = []
        x = 1
        for word, does, action in self._hints:
            length = len(word) + 1 + len(does)
            if x + length > width and x > 1:
                if len(rows) == self._most_rows:
                    break
                rows.append([(" ", look.text)])
                x = 1
            if x + length > width:
                break
            rows[-1] += [(word, look.accent), (f" {does}", look.dim), ("   ", look.text)]
            self._spans.append((len(rows) - 1, x, x + length, action))
            x += length + 3
        if self._most_rows > 1:
            self.styles.height = len(rows)
        for y, runs in enumerate(rows):
            self.put(y, runs)
        self.truncate(len(rows))

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for y, start, end, action in self._spans:
            if event.y == y and start <= event.x < end and action:
                await self.screen.run_action(action)
