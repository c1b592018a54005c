"""Dialogs over other screens. A dialog that was opened by voice can also be closed by voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.screen import ModalScreen
from textual.widgets import Input

from voicetrail.events import WordHeard
from voicetrail.game.trail import Direction
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.ui.app_protocol import game_app_of, look_of
from voicetrail.ui.base.spoken_screen import GracePeriod, SpokenScreen, direction_of


class SpokenDialog(ModalScreen[None]):
    """A dialog. Over a screen that words control, words press the dialog's keys; over a round, they are ignored.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    SpokenDialog { align: center middle; background: $background 60%; }
    SpokenDialog > #frame { border: round $primary; padding: 0 1; background: $surface; }
    SpokenDialog.-ascii > #frame { border: ascii $primary; }
    """
    HOLDS_WORDS: ClassVar[bool] = True
    """Whether words do nothing while the dialog is open over a round."""
    SPOKEN_KEYS: ClassVar[Mapping[Direction, str]] = {"up": "up", "down": "down", "right": "enter", "left": "escape"}
    """The key that each word presses."""

    def __init__(self, context: SessionContext) -> None:
        super().__init__()
        self.context = context
        self.grace = GracePeriod(context)
        self._holding = False

    def on_mount(self) -> None:
        """Start to take words, or to ignore them."""
        # A rule in DEFAULT_CSS does not match the classes of the app.
        self.set_class(look_of(self).ascii_only, "-ascii")
        self._holding = self.HOLDS_WORDS and not self.controlled_by_words
        if self._holding:
            self.context.hold_words(True)
        self.grace.begin()
        if self.controlled_by_words:
            game_app_of(self).updates.subscribe(self, self._press)

    def on_unmount(self) -> None:
        """Stop ignoring words."""
        if self._holding:
            self.context.hold_words(False)

    @property
    def controlled_by_words(self) -> bool:
        """Whether words press keys: they control the screen or the dialog below."""
        stack = self.app.screen_stack
        if self not in stack:
            return False
        below = stack[stack.index(self) - 1]
        return isinstance(below, SpokenScreen) or (isinstance(below, SpokenDialog) and below.controlled_by_words)

    @property
    def accepts_words(self) -> bool:
        """Whether the dialog takes words in its current state."""
        return self.is_active

    def key_of(self, direction: Direction) -> str | None:
        """Return the key that a word presses now. While the player types, a word can only leave the field."""
        if isinstance(self.app.focused, Input) and direction != "left":
            return None
        return self.SPOKEN_KEYS.get(direction)

    def _press(self, updates: tuple[Update, ...]) -> None:
        if not self.controlled_by_words or not self.accepts_words:
            return
        for item in updates:
            if isinstance(item, WordHeard) and self.grace.accepts(item):
                direction = direction_of(self.context, item)
                key = None if direction is None else self.key_of(direction)
                if key is not None:
                    # Sent by the app: a key sent by a screen would not bubble up from the focused widget.
                    self.app.call_later(self.app.simulate_key, key)
