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

HOW_TO_PLAY = (
    "Say up, down, left or right: the pen draws a step. One word, then a moment of quiet.\n"
    "A bar shows the score of each word; the mark on it is the threshold that the word has to pass. "
    "If a word is not taken, the list of words says what was lacking: lower its threshold, or calibrate.\n"
    "At the edge of the canvas the pen stops."
)
HOW_TO_CHOOSE = (
    "Say up or down, or press the arrows, to move the mark; right takes what it stands at, left goes back.\n"
    "The last line of every screen says what the words do there. A word that was said before a screen opened is not taken.\n"
    "In a round the words are moves; when nothing is said for a while the round pauses by itself."
)
HOW_TO_REPLAY = (
    "A recorded round is played as it was: the drawing, the scores, and the words with their reasons.\n"
    "A click on the bar goes to that place. Nothing that you do here changes the recording."
)


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
