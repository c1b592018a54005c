"""The footer: the keys that are needed most, made from the one list of keys."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.keys import Action, shown_key
from voicetrail.ui.widgets.rows import Rows, Run

GO_FIRST = ("microphone", "settings", "record", "clear")
"""Actions that leave the line first when it is too short for all."""


class KeyBar(Rows):
    """One line of keys with their labels; a click on one does what the key does."""

    DEFAULT_CSS = """
    KeyBar { height: 1; }
    """

    def __init__(self, actions: Sequence[Action], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._actions = [action for action in actions if action.footer and action.keys]
        self._spans: list[tuple[int, int, str]] = []

    def rebuild(self) -> None:
        """Show as many keys as fit; those that can be found in the help go first."""
        width, look = self.size.width, self.look
        actions = list(self._actions)
        for name in ("", *GO_FIRST):
            actions = [action for action in actions if action.name != name]
            parts = [(shown_key(action.keys[0]), f" {action.label}") for action in actions]
            if sum(len(key) + len(label) + 2 for key, label in parts) <= width:
                break
        runs: list[Run] = [(" ", look.text)]
        self._spans = []
        x = 1
        for action, (key, label) in zip(actions, parts, strict=True):
            runs += [(key, look.accent), (label + "  ", look.dim)]
            self._spans.append((x, x + len(key) + len(label), action.runs))
            x += len(key) + len(label) + 2
        self.put(0, runs)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                await self.screen.run_action(name)
