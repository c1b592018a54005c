"""The footer with the most important keys, generated from the list of actions."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.keys import Action, shown_key
from voicetrail.ui.widgets.rows import Rows, Run

LEFT_OUT_FIRST = ("microphone", "settings", "record", "clear")
"""Actions that are left out first if the line is too short; then the others, the last one first."""
LEFT_OUT_LAST = ("help", "quit", "leave")
GAP = 2
"""Columns between two actions."""


class KeyBar(Rows):
    """A line of keys with their labels; a click on a key runs its action."""

    DEFAULT_CSS = """
    KeyBar { height: 1; }
    """

    def __init__(self, actions: Sequence[Action], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._actions = [action for action in actions if action.footer and action.keys]
        self._labels: dict[str, str] = {}
        """Labels that differ from those of the list, by action."""
        self._spans: list[tuple[int, int, str]] = []

    def set_label(self, name: str, label: str) -> None:
        """Label an action by what its key does at the moment."""
        if self._labels.get(name) != label:
            self._labels[name] = label
            self.rebuild()

    def rebuild(self) -> None:
        """Show as many keys as fit; the others are in the help."""
        width, look = self.size.width, self.look
        actions = list(self._actions)
        others = [action.name for action in reversed(actions) if action.name not in (*LEFT_OUT_FIRST, *LEFT_OUT_LAST)]
        for name in ("", *LEFT_OUT_FIRST, *others):
            actions = [action for action in actions if action.name != name]
            parts = [(shown_key(action.keys[0]), f" {self._labels.get(action.name, action.label)}") for action in actions]
            if sum(len(key) + len(label) + GAP for key, label in parts) - GAP < width:
                break
        runs: list[Run] = [(" ", look.text)]
        self._spans = []
        x = 1
        for action, (key, label) in zip(actions, parts, strict=True):
            runs += [(key, look.accent), (label + " " * GAP, look.dim)]
            self._spans.append((x, x + len(key) + len(label), action.runs))
            x += len(key) + len(label) + GAP
        self.put(0, runs)

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the clicked key."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                await self.screen.run_action(name)
