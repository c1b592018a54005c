"""The list of the last words: detections, and near misses with their reasons."""

from __future__ import annotations

from collections import deque

from voicetrail.events import WordHeard, WordRejected
from voicetrail.ui.widgets.rows import Rows, Run

ROWS, ROWS_SLOW = 12, 4
"""Number of words in the list; the second value is for a slow connection."""
BRIGHT = 3
"""Number of words that are not dimmed."""


def reason_text(event: WordRejected) -> str:
    """Return in a few words why a word was not detected."""
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
    """Lists words, the newest on top, older ones dimmer.

    Every word moves all rows, and each row costs bytes. So the list is short, and even shorter over a slow connection.
    """

    DEFAULT_CSS = """
    WordList { height: 1fr; }
    """

    def __init__(self, *, rows: int = ROWS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._most = rows
        self._entries: deque[tuple[int, WordHeard | WordRejected]] = deque(maxlen=rows)

    def add(self, event: WordHeard | WordRejected, seconds: int) -> None:
        """Add an entry on top; ``seconds`` is its time in the round."""
        self._entries.appendleft((seconds, event))
        self.rebuild()

    def clear(self) -> None:
        """Clear the list."""
        self._entries.clear()
        self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the rows; unchanged cells send nothing."""
        shown = list(self._entries)[: self.size.height]
        for y, (seconds, event) in enumerate(shown):
            self.put(y, self._line(seconds, event, place=y))
        self.truncate(len(shown))

    def _line(self, seconds: int, event: WordHeard | WordRejected, *, place: int) -> list[Run]:
        look, marks, width = self.look, self.look.marks, self.size.width
        time = f"{seconds // 60}:{seconds % 60:02d} " if width >= 26 else ""
        score = f"{event.score:.2f}".removeprefix("0")
        if isinstance(event, WordRejected):
            reason = reason_text(event)
            short = reason.partition(" (")[0]
            texts = (
                f" {event.word} {score}, {reason}",
                f" {event.word}, {reason}",
                f" {event.word}, {short}",
                f" {event.word} {score}",
            )
            room = width - 2 - len(time)
            text = next((text for text in texts if len(text) <= room), texts[-1])
            return [(" ", look.dim), (time, look.dim), (marks.missed, look.dim), (text, look.dim)]
        word = look.good if place == 0 else look.text if place < BRIGHT else look.dim
        mark = look.good if place < BRIGHT else look.dim
        return [(" ", look.dim), (time, look.dim), (marks.heard, mark), (f" {event.word} ", word), (score, look.dim)]
