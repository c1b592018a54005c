"""The display of a window that is too small for the game."""

from __future__ import annotations

from voicetrail.output import SMALLEST_WINDOW
from voicetrail.ui.widgets.rows import Rows
from voicetrail.ui.widgets.wrap import wrapped


def is_too_small(width: int, height: int) -> bool:
    """Whether the game has no room in a window of so many columns and rows."""
    return width < SMALLEST_WINDOW[0] or height < SMALLEST_WINDOW[1]


class TooSmall(Rows):
    """Shows how large the window must be; the game goes on in the background."""

    DEFAULT_CSS = """
    TooSmall { height: 1fr; width: 1fr; }
    """

    def rebuild(self) -> None:
        """Rebuild the rows."""
        width, height = self.app.size
        look = self.look
        columns, rows = SMALLEST_WINDOW
        by = "x" if look.marks.full == "=" else "×"
        message = [
            [("The window is too small.", look.warn)],
            [(f"{columns}{by}{rows} is needed, but it has {width}{by}{height}.", look.text)],
            [("Make it larger, or press q to quit.", look.dim)],
        ]
        lines = wrapped(message, width)
        for y, runs in enumerate(lines):
            self.put(y, runs)
        self.truncate(len(lines))
