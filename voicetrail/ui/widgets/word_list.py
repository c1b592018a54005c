"""The last words: what was heard, and what nearly was and why not."""

from __future__ import annotations

from voicetrail.events import WordHeard, WordRejected
from voicetrail.ui.widgets.rows import Rows, Run


def reason_text(event: WordRejected) -> str:
    """Why a word was not given out, in a few words."""
    match event.reason:
        case "threshold":
            return f"{event.lacking:.2f} short".removeprefix("0")
        case "refractory":
            return f"too soon ({event.lacking:.1f} s left)"
        case "margin":
            return f"beaten by {event.rival}" if event.rival else "beaten"
        case "muted":
            return "not listening"


class WordList(Rows):
    """A list that is written like a tape: a new line under the last one, after the bottom again from the top, with a blank line
    after the newest. So a word costs two lines over the line to the terminal, however long the list is.
    """

    DEFAULT_CSS = """
    WordList { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[tuple[int, WordHeard | WordRejected]] = []
        self._next = 0
        """The row for the next entry."""

    def add(self, event: WordHeard | WordRejected, seconds: int) -> None:
        """Write an entry that happened ``seconds`` into the session."""
        self._entries = [*self._entries[-199:], (seconds, event)]
        height = self.size.height
        if not height:
            return
        row = self._next % height
        if row > 0 or height == 1 or len(self._entries) > height:
            previous = (row - 1) % height
            if len(self._entries) > 1 and previous != row:
                self.put(previous, self._line(*self._entries[-2], newest=False))
        self.put(row, self._line(seconds, event, newest=True))
        self._next = (row + 1) % height
        if height > 2:
            self.put(self._next, ())

    def clear(self) -> None:
        """Empty the list."""
        self._entries = []
        self.rebuild()

    def rebuild(self) -> None:
        """Write what fits from the top."""
        height = self.size.height
        shown = self._entries[-max(0, height - 1) :] if height > 1 else self._entries[-height:] if height else []
        for y, (seconds, event) in enumerate(shown):
            self.put(y, self._line(seconds, event, newest=y == len(shown) - 1))
        self.truncate(len(shown))
        self._next = len(shown) % height if height else 0

    def _line(self, seconds: int, event: WordHeard | WordRejected, *, newest: bool) -> list[Run]:
        look, marks, width = self.look, self.look.marks, self.size.width
        heard = isinstance(event, WordHeard)
        time = f"{seconds // 60}:{seconds % 60:02d} " if width >= 26 else ""
        pointer = (marks.selected if newest else " ", look.warn)
        mark = (marks.heard if heard else marks.missed, look.good if heard else look.dim)
        word, score = event.word, f"{event.score:.2f}".removeprefix("0")
        if isinstance(event, WordRejected):
            return [pointer, (time, look.dim), mark, (f" {word} {score}, {reason_text(event)}", look.dim)]
        return [pointer, (time, look.dim), mark, (f" {word} ", look.text), (score, look.dim)]
