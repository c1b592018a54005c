"""Dialogs over other screens. What was opened by voice can be left by voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.screen import ModalScreen
from textual.widgets import Input

from voicetrail.events import WordHeard
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.base.spoken_screen import Grace, SpokenScreen, direction_of
from voicetrail.ui.host import host_of, look_of


class SpokenDialog(ModalScreen[None]):
    """A dialog: over a screen that is led by words, words press its keys; over a round they are held back.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    SpokenDialog { align: center middle; background: $background 60%; }
    SpokenDialog > #frame { border: round $primary; padding: 0 1; background: $surface; }
    SpokenDialog.-ascii > #frame { border: ascii $primary; }
    """
    HOLDS_WORDS: ClassVar[bool] = True
    """Over a round words do nothing while it is open."""
    SPOKEN_KEYS: ClassVar[Mapping[Direction, str]] = {"up": "up", "down": "down", "right": "enter", "left": "escape"}
    """The key that a word presses."""

    def __init__(self, context: SessionContext) -> None:
        super().__init__()
        self.context = context
        self.grace = Grace(context)
        self._holding = False

    def on_mount(self) -> None:
        """Begin to take words, or hold them back."""
        # A rule in DEFAULT_CSS does not see the app's classes.
        self.set_class(look_of(self).ascii_only, "-ascii")
        self._holding = self.HOLDS_WORDS and not self.led_by_words
        if self._holding:
            self.context.hold_words(True)
        self.grace.begin()
        if self.led_by_words:
            host_of(self).updates.subscribe(self, self._press)

    def on_unmount(self) -> None:
        """Let words through again."""
        if self._holding:
            self.context.hold_words(False)

    @property
    def led_by_words(self) -> bool:
        """Words press keys, as they lead the screen below, or the dialog below."""
        stack = self.app.screen_stack
        if self not in stack:
            return False
        below = stack[stack.index(self) - 1]
        return isinstance(below, SpokenScreen) or (isinstance(below, SpokenDialog) and below.led_by_words)

    @property
    def takes_words(self) -> bool:
        """Words are for this dialog at the moment."""
        return self.is_active

    def key_of(self, direction: Direction) -> str | None:
        """The key that a word presses now; where something is typed only the one that leaves the field."""
        if isinstance(self.app.focused, Input) and direction != "left":
            return None
        return self.SPOKEN_KEYS.get(direction)

    def _press(self, updates: tuple[Update, ...]) -> None:
        if not self.led_by_words or not self.takes_words:
            return
        for item in updates:
            if isinstance(item, WordHeard) and self.grace.takes(item):
                direction = direction_of(self.context, item)
                key = None if direction is None else self.key_of(direction)
                if key is not None:
                    # From the app: a key that a screen sends does not come back up to it from the focused widget.
                    self.app.call_later(self.app.simulate_key, key)
