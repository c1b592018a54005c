"""The help: the purpose of a screen, and all its keys."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from voicetrail.events import WordHeard
from voicetrail.keys import Action, by_group, shown_keys
from voicetrail.play.listening.updates import Update
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.game_screen import GameScreen
from voicetrail.ui.base.spoken_screen import GracePeriod, direction_of


class HelpScreen(ModalScreen[None]):
    """The help of another screen. Words control it if they control that screen.

    Args:
        text: the purpose of the screen.
        actions: the actions of the screen with their keys.
    """

    BINDINGS = [(key, "dismiss", "Close") for key in ("escape", "q", "f1", "question_mark", "enter", "space")]  # noqa: RUF012

    def __init__(self, text: str, actions: Sequence[Action]) -> None:
        super().__init__()
        self._text = text
        self._actions = tuple(actions)
        self._grace: GracePeriod | None = None
        """Decides whether a word was meant for this screen; ``None`` where words do not control it."""

    def compose(self) -> ComposeResult:
        """The text in a frame."""
        with VerticalScroll(id="help") as frame:
            frame.border_title = "help"
            frame.border_subtitle = "esc: close   arrow keys: scroll"
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
                    table.add_row(Text("1 to 9"), Text("Select the word with this number."))
                yield Static(Text(f"\n{group}", style="underline"))
                yield Static(table)

    def on_mount(self) -> None:
        """Let arrow keys and words scroll."""
        self.query_one("#help").focus()
        context = getattr(self.app, "context", None)
        below = [screen for screen in self.app.screen_stack if isinstance(screen, GameScreen)]
        if context is not None and not any(screen.words_are_moves for screen in below):
            self.query_one("#help").border_title = "help · words: up and down scroll, left closes"
            self._grace = GracePeriod(context)
            game_app_of(self).updates.subscribe(self, self._take_updates)

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        if self._grace is None or not self.is_active:
            return
        for item in updates:
            if isinstance(item, WordHeard) and self._grace.accepts(item):
                match direction_of(game_app_of(self).context, item):
                    case "up":
                        self.query_one("#help").scroll_page_up(animate=False)
                    case "down":
                        self.query_one("#help").scroll_page_down(animate=False)
                    case "left" | "right":
                        self.dismiss()
                        return
