"""One row above the field: what to do now."""

from __future__ import annotations

from voicetrail.ui.widgets.rows import Rows


class HeadLine(Rows):
    """Shows a text; without one it takes no room."""

    DEFAULT_CSS = """
    HeadLine { height: 1; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said = ""

    def say(self, text: str) -> None:
        """Show a text."""
        if text != self._said:
            self._said = text
            self.display = bool(text)
            self.rebuild()

    def rebuild(self) -> None:
        """Make the row again; cells that look as before send nothing."""
        width, look = self.size.width, self.look
        text = self._said if len(self._said) < width else self._said[: max(0, width - 2)] + look.marks.dots
        self.put(0, [(f" {text}", look.accent)])
