"""A moment of the session as the rows of a terminal (canvas, bars, words and time), drawn without Textual."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.events import WordHeard, WordRejected
from voicetrail.game.rules import Rules
from voicetrail.game.trail import Cell
from voicetrail.replay.export.plain import colored_row
from voicetrail.replay.timeline import Timeline
from voicetrail.replay.transcript import near_miss_text, time_text
from voicetrail.spotting.talk import raise_threshold
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

SIDE = 28
"""Columns for the bars and words."""
SMALLEST = (50, 12)
LIT_MS = 900
GREEN, CYAN, DIM, BOLD, RESET = "\x1b[32m", "\x1b[36m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_NAMES = {NOISE: "noise", UNKNOWN: "other"}


@dataclass(slots=True)
class View:
    """The visible part of the drawing; it follows the pen when the pen comes near the border."""

    width: int
    height: int
    left: int | None = None
    top: int | None = None

    def follow(self, game: Rules) -> None:
        """Move so that the pen is well inside; a drawing that fits stays centered."""
        if game.width <= self.width and game.height <= self.height:
            self.left, self.top = (game.width - self.width) // 2, (game.height - self.height) // 2
            return
        x, y = game.pen.cell if game.pen is not None else (game.width // 2, game.height // 2)
        if self.left is None or not self.left + 4 <= x < self.left + self.width - 4:
            self.left = x - self.width // 2
        if self.top is None or not self.top + 2 <= y < self.top + self.height - 2:
            self.top = y - self.height // 2


class Painter:
    """Paints moments of a session.

    Args:
        timeline: the session.
        columns: of the terminal.
        rows: of the terminal.
        plain: ASCII characters only.
    """

    def __init__(self, timeline: Timeline, columns: int, rows: int, *, plain: bool) -> None:
        self._timeline = timeline
        self._plain = plain
        self._shown: list[str] = []
        self._full, self._empty, self._tick, self._wall = "=-||" if plain else "━─┃│"
        self._height = rows - 1
        self._width = columns
        self._view = View(columns - SIDE - 1, self._height)

    def paint(self, game: Rules, at_ms: int, changed: frozenset[Cell] | None) -> list[str]:
        """The rows of a moment in color, none longer than the terminal is wide.

        Args:
            game: the game at this moment.
            at_ms: the moment.
            changed: the cells that changed since the previous call; ``None`` where that is not known.
        """
        side = self._side(at_ms)
        wall = f"{DIM}{self._wall}{RESET}"
        canvas = self._canvas(game, changed)
        rows = [f"{left}{wall}{side[y] if y < len(side) else ''}" for y, left in enumerate(canvas)]
        left = self._ascii(f" {time_text(at_ms)}  {printable(self._timeline.header.title, 20)}".rstrip())
        right = f"{game.status} "
        return [*rows, f"{left:<{self._width - len(right)}}{DIM}{right}{RESET}"]

    def _canvas(self, game: Rules, changed: frozenset[Cell] | None) -> list[str]:
        view, before = self._view, (self._view.left, self._view.top)
        view.follow(game)
        top = view.top or 0
        if changed is None or before != (view.left, view.top):
            self._shown = [self._row(game, y) for y in range(top, top + view.height)]
        else:
            for y in {y for _, y in changed if top <= y < top + view.height}:
                self._shown[y - top] = self._row(game, y)
        # What lies to the right of a row's last cell is not written; the cursor is moved to the column instead.
        return [f"{row}\x1b[K\x1b[{view.width + 1}G" for row in self._shown]

    def _row(self, game: Rules, y: int) -> str:
        return colored_row(game, y, self._view.left or 0, self._view.width, plain=self._plain)

    def _side(self, at_ms: int) -> list[str]:
        timeline = self._timeline
        state = timeline.recognizer_at(at_ms)
        rows = []
        room = max(3, self._height // 2)
        if state is not None:
            rows.append(f" {CYAN}{'listening' if state.listening else 'not listening'}{RESET}")
            scores = timeline.scores_at(at_ms) or (0.0,) * len(state.labels)
            by = timeline.talk_shift_at(at_ms)
            last = {getattr(e.item, "word", ""): e.at_ms for e in timeline.detected_until(at_ms, 8) if _heard(e.item)}
            for label, score in zip(state.labels[:room], scores, strict=False):
                lit = at_ms - last.get(label, -LIT_MS) < LIT_MS
                rows.append(self._bar(label, score, raise_threshold(state.settings.threshold_of(label), by), lit))
            rows.append("")
        left = max(0, self._height - len(rows))
        for entry in timeline.detected_until(at_ms, left):
            item = entry.item
            if isinstance(item, WordHeard):
                rows.append(
                    f" {GREEN}{self._mark(True)}{RESET} {self._ascii(printable(item.word, 12))} {DIM}{item.score:.2f}{RESET}"
                )
            elif isinstance(item, WordRejected):
                text = printable(near_miss_text(item).removeprefix("nearly "), SIDE - 4)
                rows.append(f" {DIM}{self._mark(False)} {self._ascii(text)}{RESET}")
        return rows

    def _bar(self, label: str, score: float, threshold: float, lit: bool) -> str:
        name = self._ascii(f"{printable(_NAMES.get(label, label), 8):<8}")
        width = SIDE - 12
        filled = min(width, round(score * width))
        cells = list(self._full * filled + self._empty * (width - filled))
        style = BOLD + GREEN if lit else CYAN if is_word(label) else DIM
        if is_word(label):
            cells[min(width - 1, round(threshold * width))] = self._tick
        return f" {style}{name}{''.join(cells)}{RESET}"

    def _mark(self, heard: bool) -> str:
        return ("*" if heard else ".") if self._plain else ("●" if heard else "·")

    def _ascii(self, text: str) -> str:
        return text.encode("ascii", "replace").decode() if self._plain else text


def _heard(item: object) -> bool:
    return isinstance(item, WordHeard)
