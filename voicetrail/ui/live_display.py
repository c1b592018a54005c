"""Shows the updates of the listening worker on a board and a message line."""

from __future__ import annotations

from collections.abc import Sequence

from voicetrail.events import (
    Level,
    Ready,
    SamplesLost,
    Scores,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.state import State
from voicetrail.play.listening.updates import Problem, SourceOpened, Spectrum, Update
from voicetrail.spotting.talk import raise_threshold
from voicetrail.ui.widgets.board import Board
from voicetrail.ui.widgets.keybar import KeyBar
from voicetrail.ui.widgets.message import MessageLine

CAN_BE_MUTED: tuple[State, ...] = ("loading", "listening", "lost")
"""States in which the key of listening turns it off."""


class LiveDisplay:
    """The display of listening during a round.

    Args:
        context: the session.
        board: for status, bars and words.
        message: for messages to the player.
        keys: the footer.
    """

    def __init__(self, context: SessionContext, board: Board, message: MessageLine, keys: KeyBar) -> None:
        self._context = context
        self._board = board
        self._message = message
        self._keys = keys
        self._talk_shift = 0.0

    def show_all(self) -> None:
        """Fill a new board with the current state."""
        context, status = self._context, self._board.status
        if context.labels:
            self._board.show_labels(context.labels)
        status.set_source(context.source_name)
        status.set_lost(context.lost_ms)
        self.show_state()
        self.show_thresholds()

    def show(self, updates: Sequence[Update]) -> None:
        """Show a batch of updates. Only the last of several scores or levels is shown."""
        scores: Scores | None = None
        level: Level | None = None
        for item in updates:
            if isinstance(item, Scores):
                scores = item
            elif isinstance(item, Spectrum):
                self._board.spectrogram.add(item.bands)
            elif isinstance(item, Level):
                level = item if level is None or item.clipped or not level.clipped else level
            else:
                self._show_one(item)
        if level is not None:
            self._board.status.set_level(level)
        if scores is not None:
            self._board.bars.set_scores(scores.time, scores.smoothed)
            if self._talk_shift != self._context.talk_shift:
                self.show_thresholds()

    def _show_one(self, item: Update) -> None:
        status, say = self._board.status, self._message.say
        match item:
            case Ready():
                self._board.show_labels(item.labels)
                self.show_thresholds()
            case SourceOpened(name):
                status.set_source(name)
            case SourceLost(_, text):
                say(text, "bad")
            case SourceDelayed(_, text):
                say(text, "warn")
            case SourceBack(_, name):
                status.set_source(name)
                say(f"{name} is connected again")
            case SourceEnded():
                say("the sound has ended; use the arrow keys")
            case SamplesLost():
                status.set_lost(self._context.lost_ms)
            case Problem(text, fatal):
                say(text, "bad" if fatal else "warn")
            case _:
                pass
        self.show_state()

    def add_word(self, event: WordHeard | WordRejected, seconds: int) -> None:
        """Add a word to the list; a detected word also lights its bar."""
        self._board.words.add(event, seconds)
        if isinstance(event, WordHeard):
            self._board.bars.light(event.word)
            self._board.spectrogram.mark_word()

    def show_moved(self, heard: WordHeard) -> None:
        """Show the time from a word to its move, which has just been drawn."""
        latency = self._context.latency.measure(heard, self._context.clock())
        if latency is not None:
            self._board.status.set_latency(latency)

    def show_state(self) -> None:
        """Show the state of listening, and what its key does now."""
        state = self._context.state
        self._board.status.set_state(state)
        self._keys.set_label("listening", "Mute" if state in CAN_BE_MUTED else "Listen")

    def show_thresholds(self) -> None:
        """Show the current thresholds as ticks on the bars."""
        detector, shift = self._context.tuner.detector, self._context.talk_shift
        self._talk_shift = shift
        if detector is not None:
            thresholds = {word: detector.threshold_of(word) for word in self._context.tuner.words}
            self._board.bars.set_thresholds({word: raise_threshold(value, shift) for word, value in thresholds.items()})

    def fade(self) -> None:
        """Let time pass: lit marks go out, and values that are not sent as updates are read again."""
        board, context = self._board, self._context
        board.bars.fade()
        board.status.fade()
        board.status.set_connection(context.delay_ms())
        fired = context.word_rates.counts()
        if fired is not None:
            board.bars.set_fired(fired)
        round_ = context.round
        if round_ is not None:
            self._message.set_recording(context.recording.clock(round_.now_ms))
