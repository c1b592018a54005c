"""The last row of a screen that words control: what each word and key does there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.ui.widgets.rows import Rows, Run

Hint = tuple[str, str, str]
"""A word or key, what it does, and the screen's action for a click."""


class HintLine(Rows):
    """Hints from left to right; the last ones are left out if there is no room."""

    DEFAULT_CSS = """
    HintLine { height: 1; }
    """

    def __init__(self, hints: Sequence[Hint] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints = tuple(hints)
        self._spans: list[tuple[int, int, str]] = []

    def set_hints(self, hints: Sequence[Hint]) -> None:
        """Set the hints."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the row; unchanged cells send nothing."""
        width, look = self.size.width, self.look
        runs: list[Run] = [(" ", look.text)]
        self._spans = []
        x = 1
        for word, does, action in self._hints:
            length = len(word) + 1 + len(does)
            if x + length > width:
                break
            runs += [(word, look.accent), (f" {does}", look.dim), ("   ", look.text)]
            self._spans.append((x, x + length, action))
            x += length + 3
        self.put(0, runs)

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the clicked hint."""
        for start, end, action in self._spans:
            if start <= event.x < end and action:
                await self.screen.run_action(action)
