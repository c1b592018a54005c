"""The headline above the field: what the player has to do now."""

from __future__ import annotations

from voicetrail.ui.widgets.rows import Rows
from voicetrail.ui.widgets.wrap import wrap_text


class Headline(Rows):
    """Shows a text; takes no room without one."""

    DEFAULT_CSS = """
    Headline { height: 1; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._said = ""
        self._rows = 1

    def say(self, text: str) -> None:
        """Set the text."""
        if text != self._said:
            self._said = text
            self.display = bool(text)
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the rows; unchanged cells send nothing."""
        width, look = self.size.width, self.look
        if not width:
            return
        lines = wrap_text(self._said, max(10, width - 1)) or [""]
        if len(lines) != self._rows:
            self._rows = len(lines)
            self.styles.height = len(lines)
        for y, line in enumerate(lines):
            self.put(y, [(f" {line}", look.accent)])
        self.truncate(len(lines))
