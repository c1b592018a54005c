"""One row for screens without a board: whether it listens, how loud it is, and the word that scores highest."""

from __future__ import annotations

from voicetrail.events import Level, Scores, WordHeard
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import Update
from voicetrail.text import printable
from voicetrail.ui.widgets.listening.status import QUIETEST, state_mark, state_text
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.vocabulary import is_word

METER = 10
SCORE = 8
"""Cells of the two bars."""
WORST = 0.15
"""A word below this score is not shown."""


class ListenLine(Rows):
    """State and source, level, and the best score.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    ListenLine { height: 1; }
    """

    def __init__(self, context: SessionContext, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = context
        self._level = 0
        """Filled cells of the meter."""
        self._db = QUIETEST
        self._best = ("", 0)
        """The word with the best score, and the filled cells of its bar."""
        self._heard = ""

    def show(self, updates: tuple[Update, ...]) -> None:
        """Show a batch of updates."""
        for item in updates:
            if isinstance(item, Level):
                level = round(min(1.0, max(0.0, 1 - item.rms_db / QUIETEST)) * METER)
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
        return (label, round(score * SCORE)) if score >= WORST else ("", 0)

    def rebuild(self) -> None:
        """Make the row again; cells that look as before send nothing."""
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
            (marks.empty * (METER - self._level), look.dim),
            (f" {max(-99, round(self._db)):d} dB".rjust(7), look.dim),
        ]
        word, filled = self._best
        score: list[Run] = [
            (f"  {word[:8]:>8} ", look.text),
            (marks.full * filled, look.accent),
            (marks.empty * (SCORE - filled), look.dim),
        ]
        room = width - 4 - METER - 7 - 2
        if room - 11 - SCORE >= 24:
            room -= 11 + SCORE
        else:
            score = []
        if len(said) > room:
            said = said[: max(0, room - len(marks.dots))] + marks.dots
        self.put(0, [(f" {mark} ", style), (said.ljust(room), look.text), ("  ", look.text), *meter, *score])
