"""A row for screens without a board: state of listening, level, and the word with the highest score."""

from __future__ import annotations

from voicetrail.events import METER_BEGIN_DB, Level, Scores, WordHeard, meter_part
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.text import printable
from voicetrail.ui.widgets.listening.status import state_mark, state_text
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import is_word

METER_CELLS = 10
SCORE_CELLS = 8
MIN_SHOWN_SCORE = 0.15
"""Words below this score are not shown."""


class ListeningLine(Rows):
    """Shows state, source, level and best score.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    ListeningLine { height: 1; }
    """

    def __init__(self, context: SessionContext, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = context
        self._level = 0
        """Number of filled cells of the meter."""
        self._db = METER_BEGIN_DB
        self._best = ("", 0)
        """The word with the highest score, and the number of filled cells of its bar."""
        self._heard = ""

    def show(self, updates: tuple[Update, ...]) -> None:
        """Show a batch of updates."""
        for item in updates:
            if isinstance(item, Level):
                level = round(meter_part(item.rms_db) * METER_CELLS)
                if level != self._level:
                    self._level, self._db = level, item.rms_db
            elif isinstance(item, Scores):
                self._best = self._best_word(item)
            elif isinstance(item, WordHeard):
                self._heard = item.word
        self.rebuild()

    def _best_word(self, scores: Scores) -> tuple[str, int]:
        words = [(score, label) for score, label in zip(scores.smoothed, self._session.labels, strict=False) if is_word(label)]
        score, label = max(words, default=(0.0, ""))
        return (label, round(score * SCORE_CELLS)) if score >= MIN_SHOWN_SCORE else ("", 0)

    def rebuild(self) -> None:
        """Rebuild the row; unchanged cells send nothing."""
        width, look, context = self.size.width, self.look, self._session
        if not width:
            return
        marks = look.marks
        mark, style = state_mark(look, context.state)
        said = state_text(look, context.state)
        if context.state == "listening" and context.source_name:
            said = f"listening to {printable(context.source_name, 80)}"
        meter: list[Run] = [
            (marks.full * self._level, look.good),
            (marks.empty * (METER_CELLS - self._level), look.dim),
            (f" {max(-99, round(self._db)):d} dB".rjust(7), look.dim),
        ]
        word, filled = self._best
        # Without a word there is no bar either, which would say nothing.
        empty = marks.empty if word else " "
        score: list[Run] = [
            (f"  {word[:8]:>8} ", look.text),
            (marks.full * filled, look.accent),
            (empty * (SCORE_CELLS - filled), look.dim),
        ]
        room = width - 4 - METER_CELLS - 7 - 2
        if room - 11 - SCORE_CELLS >= 24:
            room -= 11 + SCORE_CELLS
        else:
            score = []
        if len(said) > room:
            said = said[: max(0, room - len(marks.dots))] + marks.dots
        self.put(0, [(f" {mark} ", style), (said.ljust(room), look.text), ("  ", look.text), *meter, *score])
