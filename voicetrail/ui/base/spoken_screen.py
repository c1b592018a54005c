"""Screens that are led by the four words: up, down, left, right; keys and the mouse do the same."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from voicetrail.events import WordHeard
from voicetrail.game.inputs import Step
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.base.game_screen import GameScreen
from voicetrail.ui.host import host_of
from voicetrail.ui.widgets.listening.listen_line import ListenLine
from voicetrail.ui.widgets.too_small import SMALLEST, TooSmall

GRACE_S = 0.5
"""A word that was said before a screen opened, or so soon after, was not meant for it."""

DIRECTION_KEYS: tuple[Action, ...] = (
    Action("say_up", ("up",), "Up", "What the word up does.", "Screens", call="say('up')"),
    Action("say_down", ("down",), "Down", "What the word down does.", "Screens", call="say('down')"),
    Action("say_left", ("left",), "Left", "What the word left does.", "Screens", call="say('left')"),
    Action("say_right", ("right", "enter", "space"), "Right", "What the word right does.", "Screens", call="say('right')"),
)
BUNDLED_VOICE = "demo"
"""The name of the source that plays the recorded words that ship."""


class Grace:
    """Decides which words are meant for a screen: not those said before it opened, and not those of the bundled voice.

    The bundled voice plays rounds. It must not choose in menus or leave the program.

    Args:
        context: has the clock.
    """

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._opened = context.clock()

    def begin(self) -> None:
        """The screen opens now, or asks something else from now on."""
        self._opened = self._context.clock()

    def takes(self, heard: WordHeard) -> bool:
        """Whether a word is meant for the screen."""
        if self._context.source_name == BUNDLED_VOICE:
            return False
        # Over a slow connection a word arrives long after it was said.
        said = self._context.clock() if heard.captured is None else heard.captured
        return said - self._opened >= GRACE_S


def direction_of(context: SessionContext, heard: WordHeard) -> Direction | None:
    """The direction that a word stands for, whatever vocabulary it is from; ``None`` for another word."""
    item = context.input_of(heard.word)
    return item.direction if isinstance(item, Step) else None


class SpokenScreen(GameScreen):
    """The base of title, lists and results: it takes words while it lies on top, and shows below how listening stands.

    Args:
        context: the session.
        actions: keys beside the four directions.
    """

    def __init__(self, context: SessionContext, actions: Sequence[Action] = ()) -> None:
        super().__init__(context, (*DIRECTION_KEYS, *actions))
        self.grace = Grace(context)
        self.listen_line = ListenLine(context, id="listen")
        self.too_small = TooSmall(id="small")

    def on_mount(self) -> None:
        """Begin to take words."""
        host_of(self).updates.subscribe(self, self._take_updates)
        self.grace.begin()

    def on_screen_resume(self) -> None:
        """What lay over this screen is gone: words that were said to it are not for this one."""
        self.grace.begin()
        self.listen_line.rebuild()

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the layout."""
        self.set_class(event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1], "-small")
        self.set_class(event.size.width >= 80 and event.size.height >= 24, "-roomy")

    def _take_updates(self, updates: tuple[Update, ...]) -> None:
        if not self.is_active:
            return
        self.listen_line.show(updates)
        for item in updates:
            if isinstance(item, WordHeard) and self.grace.takes(item):
                direction = direction_of(self.context, item)
                if direction is not None:
                    self.on_direction(direction)
        self.paint_now()

    def action_say(self, direction: Direction) -> None:
        """A key was pressed that does what a word does."""
        self.on_direction(direction)

    def on_direction(self, direction: Direction) -> None:
        """Do what a word does here."""
        raise NotImplementedError
