"""The text to share: a few lines that do not reveal the solution. On request, a better way is shown below it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.rounds.outcome import Outcome
from voicetrail.ui.base.spoken_screen import SpokenScreen
from voicetrail.ui.messages import LeaveRequested
from voicetrail.ui.widgets.hint_line import Hint, HintLine
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrapped

KEYS: tuple[Action, ...] = (
    Action("leave", ("escape", "q", "ctrl+q"), "Back", "Go back.", "Screens"),
    Action("copy", ("c", "y"), "Copy", "Copy the text again.", "Screens"),
)


class ShareScreen(SpokenScreen):
    """Shows the text, and copies it to the clipboard if the terminal allows it (OSC 52).

    Args:
        context: the session.
        outcome: the outcome of the round to share.
    """

    DEFAULT_CSS = """
    ShareScreen #text { height: 1fr; }
    """

    def __init__(self, context: SessionContext, outcome: Outcome) -> None:
        super().__init__(context, KEYS)
        self.shared = outcome.rules.share_text(outcome.result)
        self.better = outcome.rules.hint()
        """A better way to play the round; empty if there is none."""
        self._shows_better = False
        self.text_rows = Rows(id="text")
        up: tuple[Hint, ...] = (("up", "shows a better way", "say('up')"),) if self.better else ()
        self.hints = HintLine(
            (("right", "copies again", "say('right')"), *up, ("left", "goes back", "say('left')")), id="hints"
        )

    def compose(self) -> ComposeResult:
        """The text and the last lines."""
        with Vertical(id="page"):
            yield self.text_rows
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Show and copy the text."""
        self.call_after_refresh(self.copy)

    def copy(self) -> None:
        """Send the text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self.shared)
        self._show()

    def _show(self) -> None:
        look = self.text_rows.look
        rows: list[list[Run]] = [[(line, look.text)] for line in self.shared.splitlines()]
        note = "The text is in the clipboard if your terminal allows it. Otherwise select it with the mouse."
        rows += [[], [(note, look.dim)]]
        if self._shows_better:
            rows += [[], [(self.better, look.accent)]]
        for y, runs in enumerate(wrapped(rows, self.text_rows.size.width or 80)):
            self.text_rows.put(y, runs)

    def on_direction(self, direction: Direction) -> None:
        """Copy again, show a better way, or go back."""
        if direction == "right":
            self.copy()
        elif direction == "up" and self.better:
            self._shows_better = True
            self._show()
        elif direction == "left":
            self.action_leave()

    def action_copy(self) -> None:
        """Copy the text again."""
        self.copy()

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(LeaveRequested())
