"""The message line: what just happened, and on the right what the session amounts to."""

from __future__ import annotations

from typing import Literal

from voicetrail.text import printable
from voicetrail.ui.widgets.rows import Rows

Weight = Literal["plain", "warn", "bad"]


class MessageLine(Rows):
    """One line. A message stays until the next one."""

    DEFAULT_CSS = """
    MessageLine { height: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.message = ""
        self._weight: Weight = "plain"
        self._right = ""
        self._recording = ""

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a message; one that warns or tells of a fault is marked with a sign, not by its color alone."""
        self.message = printable(message, 300)
        self._weight = weight
        self.rebuild()

    def set_right(self, text: str) -> None:
        """Show the tally."""
        if text != self._right:
            self._right = text
            self.rebuild()

    def set_recording(self, text: str) -> None:
        """Show that the session is kept, with the time running; empty when it is not."""
        if text != self._recording:
            self._recording = text
            self.rebuild()

    def rebuild(self) -> None:
        """Make the row anew; cells that look as before send nothing."""
        width, look = self.size.width, self.look
        sign, style = {"plain": (" ", look.text), "warn": ("! ", look.warn), "bad": ("! ", look.bad)}[self._weight]
        recording = f"{look.marks.recording} {self._recording}  " if self._recording else ""
        right = self._right
        room = max(0, width - len(recording) - len(right) - 2)
        if len(sign + self.message) > room:
            # A long message needs the whole line; the tally comes back with the next short one.
            right, room = "", max(0, width - len(recording) - 1)
        message = sign + self.message
        if len(message) > room:
            message = message[: max(0, room - 1)] + ("~" if look.marks.full == "=" else "…")
        self.put(0, [(message.ljust(room + 1), style), (recording, look.bad), (right, look.dim)])
