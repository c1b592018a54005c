"""A drawing beside how listening stands, the score bars and the words: what the live game and the replay player share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from voicetrail.game.rules import Rules
from voicetrail.ui.widgets.canvas import Canvas
from voicetrail.ui.widgets.headline import HeadLine
from voicetrail.ui.widgets.listening.bars import ScoreBars
from voicetrail.ui.widgets.listening.spectrogram import Spectrogram
from voicetrail.ui.widgets.listening.status import ListeningStatus
from voicetrail.ui.widgets.listening.word_list import ROWS, ROWS_SLOW, WordList
from voicetrail.ui.widgets.too_small import SMALLEST

FEWEST_WORDS = 3
"""Rows that the words keep when there are many bars."""
SPECTRUM_TALL, SPECTRUM_FLAT = 8, 4
"""Rows of the spectrogram, where there is much room and where there is little."""
ROOMY = (80, 24)
"""Columns and rows from which the parts have frames."""


class Board(Horizontal):
    """The parts in their places; the classes ``-roomy``, ``-wide`` and ``-small`` of the screen come from the window's size.

    Args:
        rules: the round.
        clock: seconds, never falling, by which marks fade.
        title: stands in the frame of the canvas.
        grid: show a faint grid of dots.
        slow: the screen lies at the other end of a slow connection: less is shown that changes often.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float], title: str, *, grid: bool = True, slow: bool = False) -> None:
        super().__init__(id="board")
        self._title = title
        self.headline = HeadLine(id="headline")
        """What to do now."""
        self.canvas = Canvas(rules, grid=grid, id="canvas")
        """The drawing."""
        self.status = ListeningStatus(clock, id="status")
        """State, level and source."""
        self.bars = ScoreBars(clock, fine=not slow, id="bars")
        """The score bars."""
        self.spectrogram = Spectrogram(slow=slow, id="spectrogram")
        """What the recognizer sees."""
        self.words = WordList(rows=ROWS_SLOW if slow else ROWS, id="words")
        """The last words."""

    def compose(self) -> ComposeResult:
        """The parts."""
        with Vertical(id="field") as field:
            field.border_title = self._title
            yield self.headline
            yield self.canvas
        with Vertical(id="side"):
            yield self.status
            yield self.bars
            yield self.spectrogram
            yield self.words

    def on_mount(self) -> None:
        """Give the frames their titles."""
        titles = ((self.status, "source"), (self.bars, "scores"), (self.spectrogram, "sound"), (self.words, "words"))
        for widget, title in titles:
            widget.border_title = title

    def show_labels(self, labels: Sequence[str]) -> None:
        """Show a bar for each label."""
        if tuple(labels) != self.bars.labels:
            self.bars.set_labels(labels)
            self.fit(*self.app.size)

    def show_spectrogram(self, shown: bool) -> None:
        """Show the spectrogram, or hide it."""
        self.spectrogram.display = shown
        self.fit(*self.app.size)

    def fit(self, width: int, height: int) -> None:
        """Adapt the layout to the window's size."""
        roomy = width >= ROOMY[0] and height >= ROOMY[1]
        self.screen.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-small")
        self.screen.set_class(roomy, "-roomy")
        self.screen.set_class(width >= 120, "-wide")
        frame = 3 if roomy else 2  # with the heading
        count = max(1, len(self.bars.labels))
        # Too many bars for the height stand in two columns.
        room = height - 2 - 3 - FEWEST_WORDS - (7 if roomy else 3)
        bars = (count if count <= room else min(room, -(-count // 2))) + frame
        self.bars.styles.height = bars
        edge = 2 if roomy else 0
        left = height - 2 - (5 if roomy else 4) - bars - edge
        tall = left - edge >= SPECTRUM_TALL + FEWEST_WORDS
        self.spectrogram.styles.height = (SPECTRUM_TALL if tall else SPECTRUM_FLAT) + edge
        # Where both cannot be had, the words give way to what was asked for.
        self.words.display = not self.spectrogram.display or left - edge >= SPECTRUM_FLAT + 2
