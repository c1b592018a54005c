"""The position of a replay: time, a bar with the markers, total length, and speed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from voicetrail.replay.library import clock
from voicetrail.ui.widgets.rows import Rows, Run


class PositionBar(Rows):
    """A row; a click jumps to that time.

    Args:
        duration_ms: length of the replay, in ms.
        markers: times of the markers, in ms.
    """

    DEFAULT_CSS = """
    PositionBar { height: 1; }
    """

    class Clicked(Message):
        """The bar was clicked at a time."""

        def __init__(self, at_ms: int) -> None:
            super().__init__()
            self.at_ms = at_ms

    def __init__(self, duration_ms: int, markers: Sequence[int], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._duration_ms = duration_ms
        self._markers = tuple(markers)
        self._at_ms = 0
        self._playing = False
        self._speed = 1.0
        self._bar = (0, 1)
        """First column and width of the bar."""

    def show(self, at_ms: int, *, playing: bool, speed: float) -> None:
        """Show a time, state and speed."""
        self._at_ms, self._playing, self._speed = at_ms, playing, speed
        self.rebuild()

    def extend(self, duration_ms: int, markers: Sequence[int]) -> None:
        """Set a new length and new markers, because the recording goes on."""
        self._duration_ms, self._markers = duration_ms, tuple(markers)
        self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the row; unchanged cells send nothing."""
        width, look, marks = self.size.width, self.look, self.look.marks
        if not width:
            return
        length = clock(self._duration_ms)
        before = f" {'playing' if self._playing else 'paused ':<7} {clock(self._at_ms):>{len(length)}} "
        after = f" {length} {speed_text(self._speed):>5} "
        room = max(1, width - len(before) - len(after))
        self._bar = (len(before), room)
        at = self._column(self._at_ms, room)
        cells: list[Run] = [(marks.full, look.accent)] * at + [(marks.empty, look.dim)] * (room - at)
        for marker in self._markers:
            cells[self._column(marker, room)] = (marks.tick, look.warn)
        cells[at] = (marks.heard, look.pen)
        self.put(0, [(before, look.text), *cells, (after, look.text)])

    def _column(self, at_ms: int, room: int) -> int:
        return min(room - 1, at_ms * (room - 1) // max(1, self._duration_ms))

    def on_click(self, event: events.Click) -> None:
        """Jump to the clicked time."""
        start, room = self._bar
        if start <= event.x < start + room:
            self.post_message(self.Clicked((event.x - start) * self._duration_ms // max(1, room - 1)))


def speed_text(speed: float) -> str:
    """Format a speed: ``2x``, ``1/4x``."""
    return f"{speed:g}x" if speed >= 1 else f"1/{1 / speed:g}x"
