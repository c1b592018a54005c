"""The status of listening: state, level, source, latency and delay."""

from __future__ import annotations

from collections.abc import Callable

from voicetrail.events import METER_BEGIN_DB, Level, meter_part
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
    "ended": "the sound has ended",
    "keyboard": "keyboard only",
}
CLIP_SHOWN_S = 2.0
"""Time for which clipping stays marked, in s."""


def state_mark(look: Look, state: State) -> Run:
    """Return the sign of a state."""
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
    """Return the text for a state."""
    return STATE_TEXT[state].replace("…", "..." if look.ascii_only else "…")


class ListeningStatus(Rows):
    """Three rows: state and latency of a move; level meter; source with the delay of its connection.

    Args:
        clock: monotonic, in s.
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
        """Length of the lost sound, in ms."""
        self._level = METER_BEGIN_DB
        self._gain = 0
        self._clipped: float | None = None
        """Time of the last clipping."""
        self._clipping = False
        """Whether clipping is marked on the screen."""

    def set_state(self, state: State) -> None:
        """Set the state of listening."""
        self.state = state
        self.rebuild()

    def set_source(self, name: str) -> None:
        """Set the name of the source."""
        self.source = printable(name, 80)
        self.rebuild()

    def set_latency(self, milliseconds: int) -> None:
        """Set the time from the end of the last word to its move, in ms."""
        self.latency_ms = milliseconds
        self.rebuild()

    def set_connection(self, milliseconds: int | None) -> None:
        """Set the one-way delay of the connection, in ms; ``None`` without one, or while it is stalled."""
        if milliseconds != self.connection_ms:
            self.connection_ms = milliseconds
            self.rebuild()

    def set_lost(self, milliseconds: int) -> None:
        """Set the length of the lost sound, in ms."""
        self.lost = milliseconds
        self.rebuild()

    def set_level(self, level: Level) -> None:
        """Set the level. Changes of less than half a cell are not shown, so that silence sends nothing."""
        shown = self._level, self._gain
        if level.clipped:
            self._clipped = self._clock()
        if abs(level.rms_db - self._level) >= -METER_BEGIN_DB / max(8, self.size.width) * 1.5:
            self._level = level.rms_db
        self._gain = round(level.gain_db)
        if shown != (self._level, self._gain) or (level.clipped and not self._clipping):
            self.rebuild()

    def fade(self) -> None:
        """Let time pass: the mark of clipping disappears, even without sound."""
        if self._clipping:
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the three rows; unchanged rows send nothing."""
        width = self.size.width
        if not width:
            return
        look = self.look
        mark, style = state_mark(look, self.state)
        says = state_text(look, self.state)
        self.put(0, [(f" {mark} ", style), (says, look.text), (self._latency(width - 3 - len(says)), look.dim)])
        self.put(1, self._meter(width))
        notes = [f"delay {self.connection_ms} ms"] if self.connection_ms is not None else []
        notes += [f"lost {self.lost} ms"] if self.lost else []
        if self._gain:
            # The gain gives up its label before the name of the source is shortened.
            gain = f"{self._gain:+d} dB"
            used = 3 + len(self.source) + sum(2 + len(note) for note in notes) + 1
            notes.insert(0, f"gain {gain}" if used + len(f"gain {gain}") <= width else gain)
        while len(note := "  ".join(notes)) > width - 3:
            del notes[0]
        room = width - 3 - len(note)
        # Leave a blank between name and notes, because the address of a connection is longer than any panel.
        space = room - 1 if note else room
        name = self.source if len(self.source) <= space else self.source[: max(0, space - 1)] + "~" * (space > 0)
        self.put(2, [("   " + name.ljust(room), look.dim), (note, look.warn if self.lost else look.dim)])

    def _latency(self, room: int) -> str:
        """Return the latency with the longest label that fits."""
        if self.latency_ms is None:
            return ""
        for name in ("word to move ", "move after "):
            # Leave a blank on both sides.
            if len(text := f"{name}{self.latency_ms} ms") <= room - 2:
                return text.rjust(room - 1)
        return ""

    def _meter(self, width: int) -> list[Run]:
        look, marks = self.look, self.look.marks
        self._clipping = clipping = self._clipped is not None and self._clock() - self._clipped < CLIP_SHOWN_S
        text = "CLIP" if clipping else f"{max(-99, round(self._level)):d} dB"
        room = max(1, width - 5 - 7)
        filled = round(meter_part(self._level) * room)
        return [
            ("   " + marks.full * filled, look.bad if clipping else look.good),
            (marks.empty * (room - filled), look.dim),
            (f" {text:>7}", look.bad if clipping else look.dim),
        ]
