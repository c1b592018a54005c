"""What a window that is too small for the game shows."""

from __future__ import annotations

from voicetrail.ui.widgets.rows import Rows

SMALLEST = (60, 20)
"""Columns and rows that the game needs."""


class TooSmall(Rows):
    """Says how large the window must be; the game goes on behind it."""

    DEFAULT_CSS = """
    TooSmall { height: 1fr; width: 1fr; }
    """

    def rebuild(self) -> None:
        """Make the rows again."""
        width, height = self.app.size
        look = self.look
        by = "x" if look.marks.full == "=" else "×"
        self.put(0, [("The window is too small.", look.warn)])
        self.put(1, [(f"{SMALLEST[0]}{by}{SMALLEST[1]} is needed, this is {width}{by}{height}.", look.text)])
        self.put(2, [("The game goes on; q quits.", look.dim)])
