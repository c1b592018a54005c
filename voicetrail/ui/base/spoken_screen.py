"""Screens that the four words control: up, down, left, right. Keys and the mouse do the same."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.events import WordHeard
from voicetrail.game.inputs import Move
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.game_screen import GameScreen
from voicetrail.ui.widgets.listening.listen_line import ListeningLine
from voicetrail.ui.widgets.too_small import TooSmall, is_too_small

GRACE_S = 0.5
"""GracePeriod period, in s: a word said before a screen opened, or within this time after, is not meant for it."""

DIRECTION_KEYS: tuple[Action, ...] = (
    Action("say_up", ("up",), "Up", "Does the same as the word up.", "Screens", call="say('up')"),
    Action("say_down", ("down",), "Down", "Does the same as the word down.", "Screens", call="say('down')"),
    Action("say_left", ("left",), "Left", "Does the same as the word left.", "Screens", call="say('left')"),
    Action(
        "say_right", ("right", "enter", "space"), "Right", "Does the same as the word right.", "Screens", call="say('right')"
    ),
)
BUNDLED_VOICE = "demo"
"""The source that plays the shipped recordings."""


class GracePeriod:
    """Decides which words are meant for a screen: not those said before it opened, and not those of the bundled voice.

    The bundled voice plays rounds. It must not choose in menus or quit the game.

    Args:
        context: the session, with its clock.
    """

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._opened = context.clock()

    def begin(self) -> None:
        """Start the grace period: the screen opens, or asks a new question."""
        self._opened = self._context.clock()

    def accepts(self, heard: WordHeard) -> bool:
        """Return whether a word is meant for the screen."""
        if self._context.source_name == BUNDLED_VOICE:
            return False
        # Over a slow connection a word arrives long after it was said.
        said = self._context.clock() if heard.captured is None else heard.captured
        return said - self._opened >= GRACE_S


def direction_of(context: SessionContext, heard: WordHeard) -> Direction | None:
    """Return the direction that a word of any vocabulary means; ``None`` for other words."""
    item = context.input_of(heard.word)
    return item.direction if isinstance(item, Move) else None


class SpokenScreen(GameScreen):
    """The base of title, lists and results. It takes words while it is on top, and shows the state of listening.

    Args:
        context: the session.
        actions: actions in addition to the four directions.
    """

    def __init__(self, context: SessionContext, actions: Sequence[Action] = ()) -> None:
        super().__init__(context, (*DIRECTION_KEYS, *actions))
        self.grace = GracePeriod(context)
        self.listen_line = ListeningLine(context, id="listen")
        self.too_small = TooSmall(id="small")

    def on_mount(self) -> None:
        """Start to take words."""
        game_app_of(self).updates.subscribe(self, self._take_updates)
        self.grace.begin()

    def on_screen_resume(self) -> None:
        """Start a grace period: words that were said to the closed screen are not meant for this one."""
        self.grace.begin()
        self.listen_line.rebuild()

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the layout."""
        self.set_class(is_too_small(event.size.width, event.size.height), "-small")
        self.set_class(event.size.width >= 80 and event.size.height >= 24, "-roomy")

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        if not self.is_active:
            return
        self.listen_line.show(updates)
        for item in updates:
            if isinstance(item, WordHeard) and self.grace.accepts(item):
                direction = direction_of(self.context, item)
                if direction is not None:
                    self.on_direction(direction)
        self.paint_now()

    def action_say(self, direction: Direction) -> None:
        """Handle a key that does the same as a word."""
        self.on_direction(direction)

    def on_direction(self, direction: Direction) -> None:
        """Do what a word means on this screen."""
        raise NotImplementedError
