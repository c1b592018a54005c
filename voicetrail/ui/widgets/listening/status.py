"""How listening stands: whether words are taken, how loud it is, where the sound comes from, how late sound and moves are."""

from __future__ import annotations

from collections.abc import Callable

from voicetrail.events import Level
from voicetrail.play.listening.state import State
from voicetrail.text import printable
from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Rows, Run

STATE_TEXT: dict[State, str] = {
    "loading": "loading recognizer…",
    "listening": "listening",
    "muted": "not listening",
    "talk": "space to talk",
    "lost": "no sound",
    "ended": "the sound is over",
    "keyboard": "keyboard only",
}
QUIETEST, LOUDEST = -60.0, 0.0
"""The scale of the meter in dB below full scale."""
CLIP_SHOWN = 2.0
"""Seconds for which clipping stays marked."""


def state_mark(look: Look, state: State) -> Run:
    """The sign of a state."""
    marks = look.marks
    return {
        "loading": (marks.loading, look.warn),
        "listening": (marks.listening, look.good),
        "muted": (marks.muted, look.bad),
        "talk": (marks.muted, look.warn),
        "lost": ("!", look.bad),
        "ended": (marks.muted, look.dim),
        "keyboard": ("!", look.warn),
    }[state]


def state_text(look: Look, state: State) -> str:
    """The words for a state."""
    return STATE_TEXT[state].replace("…", "..." if look.ascii_only else "…")


class ListeningStatus(Rows):
    """Three rows: state and latency of a move, level meter, source with the delay of its connection.

    Args:
        clock: seconds, never falling.
    """

    DEFAULT_CSS = """
    ListeningStatus { height: 3; }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self.state: State = "loading"
        self.source = ""
        self.latency_ms: int | None = None
        self.connection_ms: int | None = None
        self.lost = 0
        """Milliseconds of sound that were lost."""
        self._level = QUIETEST
        self._gain = 0
        self._clipped: float | None = None
        """When the sound was clipped last."""
        self._clipping = False
        """It is marked on the screen."""

    def set_state(self, state: State) -> None:
        """Show whether it listens."""
        self.state = state
        self.rebuild()

    def set_source(self, name: str) -> None:
        """Show where the sound comes from."""
        self.source = printable(name, 80)
        self.rebuild()

    def set_latency(self, milliseconds: int) -> None:
        """Show how long it took from the end of the last word to its move."""
        self.latency_ms = milliseconds
        self.rebuild()

    def set_connection(self, milliseconds: int | None) -> None:
        """Show how long the sound is on its way over the connection; ``None`` without one, or while it stands still."""
        if milliseconds != self.connection_ms:
            self.connection_ms = milliseconds
            self.rebuild()

    def set_lost(self, milliseconds: int) -> None:
        """Show how much sound was lost."""
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
        """Make the three rows again; rows that look as before send nothing."""
        width = self.size.width
        if not width:
            return
        look = self.look
        mark, style = state_mark(look, self.state)
        says = state_text(look, self.state)
        self.put(0, [(f" {mark} ", style), (says, look.text), (self._latency(width - 3 - len(says)), look.dim)])
        self.put(1, self._meter(width))
        notes = [f"{self._gain:+d} dB"] if self._gain else []
        notes += [f"delay {self.connection_ms} ms"] if self.connection_ms is not None else []
        notes += [f"lost {self.lost} ms"] if self.lost else []
        while len(note := "  ".join(notes)) > width - 3:
            del notes[0]
        room = width - 3 - len(note)
        # A blank between the name and what is noted; the address of a connection is longer than any panel.
        space = room - 1 if note else room
        name = self.source if len(self.source) <= space else self.source[: max(0, space - 1)] + "~" * (space > 0)
        self.put(2, [("   " + name.ljust(room), look.dim), (note, look.warn if self.lost else look.dim)])

    def _latency(self, room: int) -> str:
        """The time from a word to its move, with its name as long as there is room for it."""
        if self.latency_ms is None:
            return ""
        for name in ("word to move ", "move +"):
            # A blank on either side of it.
            if len(text := f"{name}{self.latency_ms} ms") <= room - 2:
                return text.rjust(room - 1)
        return ""

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
