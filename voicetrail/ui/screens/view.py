"""What a drawing with its ear, bars and words looks like: the part that the live game and the replay player share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget

from voicetrail.game.trail import Trail
from voicetrail.keys import Action
from voicetrail.ui.textual_private.diff_compositor import DiffCompositor
from voicetrail.ui.widgets.bars import ScoreBars
from voicetrail.ui.widgets.canvas import Canvas
from voicetrail.ui.widgets.ear import Ear
from voicetrail.ui.widgets.keybar import KeyBar
from voicetrail.ui.widgets.message import MessageLine, Weight
from voicetrail.ui.widgets.toosmall import SMALLEST, TooSmall
from voicetrail.ui.widgets.words import LastWords

FEWEST_WORDS = 3
"""Rows that the last words keep when there are many bars."""
ROOMY = (80, 24)
"""Columns and rows from which the parts have frames."""


class GameView(Screen[None], inherit_bindings=False):
    """The canvas beside the ear, the bars and the words; below them the message and the keys.

    Args:
        trail: the drawing.
        clock: seconds, never falling, by which marks fade.
        actions: what keys do; a subclass has an ``action_<name>`` for each.
        title: stands in the frame of the canvas.
    """

    def __init__(self, trail: Trail, clock: Callable[[], float], actions: Sequence[Action], title: str = "voicetrail") -> None:
        super().__init__()
        self._compositor = DiffCompositor()
        self.actions = actions
        self._title = title
        self.canvas = Canvas(trail, id="canvas")
        """The drawing."""
        self.ear = Ear(clock, id="ear")
        """Level and state."""
        self.bars = ScoreBars(clock, id="bars")
        """The score bars."""
        self.words = LastWords(id="words")
        """The last words."""
        self.message = MessageLine(id="message")
        """The message line."""
        self._bindings = BindingsMap(
            [Binding(key, action.runs, action.label, show=False) for action in actions for key in action.keys]
        )

    def compose(self) -> ComposeResult:
        """The parts."""
        with Horizontal(id="main"):
            yield self.canvas
            with Vertical(id="side"):
                yield self.ear
                yield self.bars
                yield self.words
        yield self.message
        yield KeyBar(self.actions, id="keys")
        yield TooSmall(id="small")

    def on_mount(self) -> None:
        """Give the frames their titles."""
        titles = ((self.canvas, self._title), (self.ear, "ear"), (self.bars, "scores"), (self.words, "words"))
        for widget, title in titles:
            widget.border_title = title

    def paint_soon(self, widget: Widget) -> None:
        """Paint what changed in a widget with the next frame."""
        self._dirty_widgets.add(widget)
        if self.is_current:
            self._update_timer.resume()

    def paint_now(self) -> None:
        """Paint what changed at once, for what does not come faster than frames."""
        self._on_timer_update()

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a message."""
        self.message.say(message, weight)

    def show_labels(self, labels: Sequence[str]) -> None:
        """Show a bar for each label."""
        if tuple(labels) != self.bars.labels:
            self.bars.set_labels(labels)
            self._fit(self.size.width, self.size.height)

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the layout."""
        self._fit(event.size.width, event.size.height)

    def _fit(self, width: int, height: int) -> None:
        roomy = width >= ROOMY[0] and height >= ROOMY[1]
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-small")
        self.set_class(roomy, "-roomy")
        self.set_class(width >= 120, "-wide")
        frame = 2 if roomy else 1
        count = max(1, len(self.bars.labels))
        # Too many bars for the height stand in two columns.
        room = height - 2 - 3 - FEWEST_WORDS - (3 * frame if roomy else 2)
        self.bars.styles.height = (count if count <= room else min(room, -(-count // 2))) + frame
