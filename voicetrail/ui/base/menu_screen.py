"""A screen with a list that the four words control."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.ui.base.spoken_screen import SpokenScreen
from voicetrail.ui.messages import LeaveRequested
from voicetrail.ui.widgets.hint_line import HintLine
from voicetrail.ui.widgets.menu import MenuItem, MenuList
from voicetrail.ui.widgets.message import MessageLine, Weight
from voicetrail.ui.widgets.rows import Rows

BACK_KEYS: tuple[Action, ...] = (Action("back", ("escape", "q", "ctrl+q"), "Back", "Go back.", "Screens"),)


class MenuScreen(SpokenScreen):
    """*Up* and *down* move the selection, *right* activates it, *left* goes back.

    Args:
        context: the session.
        heading: text above the list.
        items: the rows.
        takes: what *right* does, for the hints.
        leaves: what *left* does.
        actions: actions in addition to the four directions.
    """

    def __init__(
        self,
        context: SessionContext,
        heading: str = "",
        items: Sequence[MenuItem] = (),
        *,
        takes: str = "takes",
        leaves: str = "goes back",
        actions: Sequence[Action] = BACK_KEYS,
    ) -> None:
        super().__init__(context, actions)
        self.heading = heading
        self.menu = MenuList(items, id="menu")
        self.note = MessageLine(id="note")
        """What is to be said, in as many rows as it takes."""
        self.hints = HintLine(
            (
                ("up down", "choose", ""),
                ("right", takes, "say('right')"),
                ("left", leaves, "say('left')"),
                *((action.keys[0], action.label.lower(), action.runs) for action in actions if action.footer),
            ),
            id="hints",
        )

    def compose(self) -> ComposeResult:
        """Heading, list, state of listening, and hints."""
        with Vertical(id="page"):
            yield from self.head()
            yield self.menu
            yield self.note
        yield self.listen_line
        yield self.hints
        yield self.too_small

    def head(self) -> Sequence[Widget]:
        """The widgets above the list."""
        return [Heading(self.heading)]

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a line below the list."""
        self.note.say(message, weight)

    def on_direction(self, direction: Direction) -> None:
        """Move the selection, activate it, or go back."""
        match direction:
            case "up":
                self.menu.move(-1)
            case "down":
                self.menu.move(1)
            case "right":
                if (item := self.menu.item) is not None:
                    self.take(item)
            case "left":
                self.go_back()

    def on_menu_list_clicked(self, message: MenuList.Clicked) -> None:
        """Activate the clicked row."""
        self.take(message.item)

    def take(self, item: MenuItem) -> None:
        """Activate a row."""
        raise NotImplementedError

    def go_back(self) -> None:
        """Go back to the previous screen."""
        self.post_message(LeaveRequested())

    def action_back(self) -> None:
        """Go back."""
        self.go_back()


class Heading(Rows):
    """A row of text and a blank row."""

    DEFAULT_CSS = """
    Heading { height: 2; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(id="heading")
        self._text = text

    def rebuild(self) -> None:
        """Rebuild the row."""
        self.put(0, [(self._text, self.look.accent)])
