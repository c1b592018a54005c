"""A moment of the session as rows of a terminal: canvas, bars, words and the time, drawn without Textual."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.events import WordHeard, WordRejected
from voicetrail.game import Sketch
from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS, Glyphs
from voicetrail.replay.story import miss, stamp
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.talk import raise_threshold
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

SIDE = 28
"""Columns of the bars and words."""
SMALLEST = (50, 12)
LIT_MS = 900
GREEN, YELLOW, CYAN, DIM, BOLD, RESET = "\x1b[32m", "\x1b[1;33m", "\x1b[36m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_NAMES = {NOISE: "noise", UNKNOWN: "other"}


@dataclass(slots=True)
class View:
    """The part of the drawing that is shown; it follows the pen when that comes near the border."""

    width: int
    height: int
    left: int | None = None
    top: int | None = None

    def follow(self, game: Sketch) -> None:
        """Move so that the pen is well inside."""
        pen = game.trail.pen
        if self.left is None or not self.left + 4 <= pen.x < self.left + self.width - 4:
            self.left = pen.x - self.width // 2
        if self.top is None or not self.top + 2 <= pen.y < self.top + self.height - 2:
            self.top = pen.y - self.height // 2


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
        self._glyphs: Glyphs = ASCII_GLYPHS if plain else BOX_GLYPHS
        self._full, self._empty, self._tick, self._wall = "=-||" if plain else "━─┃│"
        self._height = rows - 1
        self._width = columns
        self._view = View(columns - SIDE - 1, self._height)

    def paint(self, game: Sketch, at_ms: int) -> list[str]:
        """The rows of a moment, with colors, none longer than the terminal is wide."""
        side = self._side(at_ms)
        wall = f"{DIM}{self._wall}{RESET}"
        canvas = self._canvas(game)
        rows = [f"{left}{wall}{side[y] if y < len(side) else ''}" for y, left in enumerate(canvas)]
        tally = game.tally
        left = self._ascii(f" {stamp(at_ms)}  {printable(self._timeline.header.title, 20)}".rstrip())
        right = f"{tally.strokes} strokes  {tally.length} long "
        return [*rows, f"{left:<{self._width - len(right)}}{DIM}{right}{RESET}"]

    def _canvas(self, game: Sketch) -> list[str]:
        view, glyphs, trail = self._view, self._glyphs, game.trail
        view.follow(game)
        left, top = view.left or 0, view.top or 0
        pen, cells, characters = trail.pen, trail.cells, glyphs.cells
        rows = []
        for y in range(top, top + view.height):
            row = "".join([characters[cells.get((x, y), 0)] for x in range(left, left + view.width)])
            if y == pen.y:
                x = pen.x - left
                row = f"{row[:x]}{YELLOW}{glyphs.arrows[pen.direction]}{RESET}{GREEN}{row[x + 1 :]}"
            rows.append(f"{GREEN}{row}{RESET}")
        return rows

    def _side(self, at_ms: int) -> list[str]:
        timeline = self._timeline
        hearing = timeline.hearing_at(at_ms)
        rows = []
        room = max(3, self._height // 2)
        if hearing is not None:
            rows.append(f" {CYAN}{'listening' if hearing.listening else 'not listening'}{RESET}")
            scores = timeline.scores_at(at_ms) or (0.0,) * len(hearing.labels)
            by = timeline.threshold_shift_at(at_ms)
            last = {getattr(e.item, "word", ""): e.at_ms for e in timeline.detected_until(at_ms, 8) if _heard(e.item)}
            for label, score in zip(hearing.labels[:room], scores, strict=False):
                lit = at_ms - last.get(label, -LIT_MS) < LIT_MS
                rows.append(self._bar(label, score, raise_threshold(hearing.settings.threshold_of(label), by), lit))
            rows.append("")
        left = max(0, self._height - len(rows))
        for entry in timeline.detected_until(at_ms, left):
            item = entry.item
            if isinstance(item, WordHeard):
                rows.append(
                    f" {GREEN}{self._mark(True)}{RESET} {self._ascii(printable(item.word, 12))} {DIM}{item.score:.2f}{RESET}"
                )
            elif isinstance(item, WordRejected):
                text = printable(miss(item).removeprefix("nearly "), SIDE - 4)
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
