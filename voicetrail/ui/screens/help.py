"""The help: what a screen is for, and every key."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from voicetrail.keys import Action, by_group, shown_keys


class HelpScreen(ModalScreen[None]):
    """Lies over the screen that it explains; any of its keys closes it.

    Args:
        text: what the screen is for.
        actions: its keys.
    """

    BINDINGS = [(key, "dismiss", "Close") for key in ("escape", "q", "f1", "question_mark", "enter", "space")]  # noqa: RUF012

    def __init__(self, text: str, actions: Sequence[Action]) -> None:
        super().__init__()
        self._text = text
        self._actions = tuple(actions)

    def compose(self) -> ComposeResult:
        """The text in a frame."""
        with VerticalScroll(id="help") as frame:
            frame.border_title = "help"
            frame.border_subtitle = "esc closes, arrows scroll"
            yield Static(self._text, markup=False)
            for group, actions in by_group(self._actions).items():
                if not actions:
                    continue
                table = Table.grid(padding=(0, 2))
                table.add_column(min_width=12, style="bold", no_wrap=True)
                table.add_column()
                for action in actions:
                    table.add_row(Text(shown_keys(action)), Text(action.help))
                if group == "Tune":
                    table.add_row(Text("1 to 9"), Text("Select the word with that number."))
                yield Static(Text(f"\n{group}", style="underline"))
                yield Static(table)

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one("#help").focus()
