"""The board of the live game and the replay player: field, status of listening, score bars, spectrogram, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from voicetrail.game.rules import Rules
from voicetrail.ui.widgets.canvas import Canvas
from voicetrail.ui.widgets.headline import Headline
from voicetrail.ui.widgets.listening.bars import ScoreBars
from voicetrail.ui.widgets.listening.spectrogram import Spectrogram
from voicetrail.ui.widgets.listening.status import ListeningStatus
from voicetrail.ui.widgets.listening.word_list import ROWS, ROWS_SLOW, WordList
from voicetrail.ui.widgets.too_small import is_too_small

FEWEST_WORDS = 3
"""Minimum rows for the list of words if there are many bars."""
SPECTRUM_TALL, SPECTRUM_FLAT = 8, 4
"""Rows of the spectrogram in a large and in a small window."""
ROOMY = (80, 24)
"""Size of the window, in columns and rows, from which on the widgets have frames."""


class Board(Horizontal):
    """Lays out the widgets; the window's size sets the classes ``-roomy``, ``-wide`` and ``-small`` of the screen.

    Args:
        rules: the round.
        clock: monotonic, in s, for fading marks.
        title: title in the frame of the canvas.
        grid: show a faint grid of dots.
        slow: whether the screen is at the other end of a slow connection; then frequent changes are reduced.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float], title: str, *, grid: bool = True, slow: bool = False) -> None:
        super().__init__(id="board")
        self._title = title
        self.headline = Headline(id="headline")
        """The headline: what the player has to do now."""
        self.canvas = Canvas(rules, grid=grid, id="canvas")
        """The field."""
        self.status = ListeningStatus(clock, id="status")
        """State, level and source."""
        self.bars = ScoreBars(clock, fine=not slow, id="bars")
        """The score bars."""
        self.spectrogram = Spectrogram(slow=slow, id="spectrogram")
        """The spectrogram."""
        self.words = WordList(rows=ROWS_SLOW if slow else ROWS, id="words")
        """The last words."""

    def compose(self) -> ComposeResult:
        """The widgets."""
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
        titles = ((self.status, "source"), (self.bars, "word scores"), (self.spectrogram, "sound"), (self.words, "words"))
        for widget, title in titles:
            widget.border_title = title

    def show_labels(self, labels: Sequence[str]) -> None:
        """Show a bar for each label."""
        if tuple(labels) != self.bars.labels:
            self.bars.set_labels(labels)
            self.fit(*self.app.size)

    def show_spectrogram(self, shown: bool) -> None:
        """Show or hide the spectrogram."""
        self.spectrogram.display = shown
        self.fit(*self.app.size)

    def fit(self, width: int, height: int) -> None:
        """Adapt the layout to the window's size."""
        roomy = width >= ROOMY[0] and height >= ROOMY[1]
        self.screen.set_class(is_too_small(width, height), "-small")
        self.screen.set_class(roomy, "-roomy")
        self.screen.set_class(width >= 120, "-wide")
        frame = 3 if roomy else 2  # with the heading
        count = max(1, len(self.bars.labels))
        # If there are too many bars for the height, they get two columns.
        room = height - 2 - 3 - FEWEST_WORDS - (7 if roomy else 3)
        bars = (count if count <= room else min(room, -(-count // 2))) + frame
        self.bars.styles.height = bars
        edge = 2 if roomy else 0
        left = height - 2 - (5 if roomy else 4) - bars - edge
        tall = left - edge >= SPECTRUM_TALL + FEWEST_WORDS
        self.spectrogram.styles.height = (SPECTRUM_TALL if tall else SPECTRUM_FLAT) + edge
        # Without room for both, the words are hidden, because the player asked for the spectrogram.
        self.words.display = not self.spectrogram.display or left - edge >= SPECTRUM_FLAT + 2
