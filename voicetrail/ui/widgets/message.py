"""The message line: a message, and the counts of the round on the right."""

from __future__ import annotations

from typing import Literal

from rich.cells import cell_len, set_cell_size

from voicetrail.text import printable
from voicetrail.ui.widgets.rows import Rows
from voicetrail.ui.widgets.wrap import wrap_text

MOST_ROWS = 4
"""Maximum number of rows of a message."""
Weight = Literal["plain", "warn", "bad"]


class MessageLine(Rows):
    """Shows a message until the next one."""

    DEFAULT_CSS = """
    MessageLine { height: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.message = ""
        self._weight: Weight = "plain"
        self._right = ""
        self._recording = ""
        self._rows = 1

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a message; a warning or error has a sign too, because color alone must not carry meaning."""
        self.message = printable(message, 300)
        self._weight = weight
        self.rebuild()

    def set_right(self, text: str) -> None:
        """Set the text on the right: the counts of the round."""
        if text != self._right:
            self._right = text
            self.rebuild()

    def set_recording(self, text: str) -> None:
        """Set the text that shows a running recording with its length; empty without one."""
        if text != self._recording:
            self._recording = text
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the rows; unchanged cells send nothing. A long message is wrapped."""
        width, look = self.size.width, self.look
        if not width:
            return
        sign, style = {"plain": (" ", look.text), "warn": ("! ", look.warn), "bad": ("! ", look.bad)}[self._weight]
        recording = f"{look.marks.recording} {self._recording}  " if self._recording else ""
        right = self._right
        room = max(0, width - len(recording) - len(right) - 2)
        if cell_len(sign + self.message) > room:
            # A long message needs the whole row; the counts return with the next short message.
            right, room = "", max(0, width - len(recording) - 1)
        lines = wrap_text(self.message, max(10, room - len(sign))) or [""]
        if len(lines) > MOST_ROWS:
            last = set_cell_size(lines[MOST_ROWS - 1], room - len(sign) - 1).rstrip()
            lines = [*lines[: MOST_ROWS - 1], last + look.marks.dots]
        if len(lines) != self._rows:
            self._rows = len(lines)
            self.styles.height = len(lines)
        for y, line in enumerate(lines):
            text = (sign if y == 0 else " " * len(sign)) + line
            blanks = " " * max(0, room + 1 - cell_len(text))
            self.put(y, [(text + blanks, style), *([(recording, look.bad), (right, look.dim)] if y == 0 else [])])
        self.truncate(len(lines))
