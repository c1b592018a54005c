"""The ear: whether it listens, how loud it is, where the sound comes from, and how late the sound and a move are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from voicetrail.events import Level
from voicetrail.text import printable
from voicetrail.ui.widgets.rows import Rows, Run

State = Literal["loading", "listening", "muted", "talk", "lost", "ended", "deaf"]
SAYS: dict[State, str] = {
    "loading": "loading the ears…",
    "listening": "listening",
    "muted": "not listening",
    "talk": "space to talk",
    "lost": "no sound comes",
    "ended": "the sound is over",
    "deaf": "keyboard only",
}
QUIETEST, LOUDEST = -60.0, 0.0
"""The scale of the meter in dB below full scale."""
CLIP_SHOWN = 2.0
"""Seconds for which clipping stays marked."""


class Ear(Rows):
    """Three rows: state and delay of a move, level meter, source with the delay of its line.

    Args:
        clock: seconds, never falling.
    """

    DEFAULT_CSS = """
    Ear { height: 3; }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self.state: State = "loading"
        self.source = ""
        self.delay_ms: int | None = None
        self.line_ms: int | None = None
        self.lost = 0
        """Milliseconds of sound that were lost."""
        self._level = QUIETEST
        self._gain = 0
        self._clipped: float | None = None
        """When the sound was clipped last."""
        self._clipping = False
        """It is marked on the screen."""

    def set_state(self, state: State) -> None:
        """Say whether it listens."""
        self.state = state
        self.rebuild()

    def set_source(self, name: str) -> None:
        """Say where the sound comes from."""
        self.source = printable(name, 80)
        self.rebuild()

    def set_delay(self, milliseconds: int) -> None:
        """Say how long it took from the sound to the move."""
        self.delay_ms = milliseconds
        self.rebuild()

    def set_line(self, milliseconds: int | None) -> None:
        """Say how long the sound is on its way over the line; ``None`` for no line, or one that stands still."""
        if milliseconds != self.line_ms:
            self.line_ms = milliseconds
            self.rebuild()

    def set_lost(self, milliseconds: int) -> None:
        """Say how much sound was lost."""
        self.lost = milliseconds
        self.rebuild()

    def set_level(self, level: Level) -> None:
        """Show how loud it is. A change of less than half a cell is not shown, so that silence sends nothing."""
        shown = self._level, self._gain
        if level.clipped:
            self._clipped = self._clock()
        if abs(level.rms_db - self._level) >= (LOUDEST - QUIETEST) / max(8, self.size.width) * 1.5:
            self._level = level.rms_db
        self._gain = round(level.gain_db)
        if shown != (self._level, self._gain) or (level.clipped and not self._clipping):
            self.rebuild()

    def fade(self) -> None:
        """Let time pass: the mark of clipping goes away, also when no sound comes."""
        if self._clipping:
            self.rebuild()

    def rebuild(self) -> None:
        """Make the three rows anew; rows that look as before send nothing."""
        width = self.size.width
        if not width:
            return
        look, marks = self.look, self.look.marks
        mark, style = {
            "loading": (marks.loading, look.warn),
            "listening": (marks.listening, look.good),
            "muted": (marks.muted, look.bad),
            "talk": (marks.muted, look.warn),
            "lost": ("!", look.bad),
            "ended": (marks.muted, look.dim),
            "deaf": ("!", look.warn),
        }[self.state]
        says = SAYS[self.state]
        if marks.full == "=":
            says = says.replace("…", "...")
        delay = "" if self.delay_ms is None else f"{self.delay_ms} ms"
        self.put(0, [(f" {mark} ", style), (says.ljust(width - 4 - len(delay)), look.text), (delay, look.dim)])
        self.put(1, self._meter(width))
        notes = [f"{self._gain:+d} dB"] if self._gain else []
        notes += [f"line {self.line_ms} ms"] if self.line_ms is not None else []
        notes += [f"lost {self.lost} ms"] if self.lost else []
        while len(note := "  ".join(notes)) > width - 3:
            del notes[0]
        room = width - 3 - len(note)
        # A blank between the name and what is noted; the address of a line is longer than any panel.
        space = room - 1 if note else room
        name = self.source if len(self.source) <= space else self.source[: max(0, space - 1)] + "~" * (space > 0)
        self.put(2, [("   " + name.ljust(room), look.dim), (note, look.warn if self.lost else look.dim)])

    def _meter(self, width: int) -> list[Run]:
        look, marks = self.look, self.look.marks
        self._clipping = clipping = self._clipped is not None and self._clock() - self._clipped < CLIP_SHOWN
        text = "CLIP" if clipping else f"{max(-99, round(self._level)):d} dB"
        room = max(1, width - 5 - 7)
        filled = round(min(1.0, max(0.0, (self._level - QUIETEST) / (LOUDEST - QUIETEST))) * room)
        return [
            ("   " + marks.full * filled, look.bad if clipping else look.good),
            (marks.empty * (room - filled), look.dim),
            (f" {text:>7}", look.bad if clipping else look.dim),
        ]
