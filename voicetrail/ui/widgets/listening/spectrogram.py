"""The spectrogram of the recognizer's input: the last second, low frequencies at the bottom, the newest on the right."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.color import Color

from voicetrail.ui.style.look import Look
from voicetrail.ui.widgets.rows import Rows, Run

FRAME_S, FRAME_SLOW_S = 0.1, 0.8
"""Time between two frames, in s; the second value is for a slow connection."""
SHADES = " .:-=+*#%@"
"""Characters for the levels, for a terminal without enough colors."""


class Spectrogram(Rows):
    """A column is a hop of the recognizer, or two hops over a slow connection. A cell is a half block: two bands in two colors.

    Args:
        slow: whether the screen is at the other end of a slow connection.
    """

    DEFAULT_CSS = """
    Spectrogram { height: 4; display: none; }
    """

    def __init__(self, *, slow: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.frame_s = FRAME_SLOW_S if slow else FRAME_S
        self._hops = 2 if slow else 1
        self._waiting: list[tuple[tuple[float, ...], bool]] = []
        self._columns: deque[tuple[tuple[float, ...], bool]] = deque(maxlen=400)
        """Levels of the bands from the lowest, 0 to 1, and whether a word was detected, for each hop; the newest comes last."""

    def add(self, bands: Sequence[float]) -> None:
        """Add a hop: the level of each band from the lowest, 0 to 1."""
        self._waiting.append((tuple(bands), False))
        if len(self._waiting) == self._hops:
            levels = tuple(max(each) for each in zip(*(bands for bands, _ in self._waiting), strict=False))
            self._columns.append((levels, any(word for _, word in self._waiting)))
            self._waiting.clear()

    def mark_word(self) -> None:
        """Mark the newest hop: a word was detected."""
        if self._waiting:
            self._waiting[-1] = (self._waiting[-1][0], True)
        elif self._columns:
            self._columns[-1] = (self._columns[-1][0], True)

    def clear(self) -> None:
        """Remove every hop."""
        self._waiting.clear()
        self._columns.clear()

    def rebuild(self) -> None:
        """Rebuild the rows; unchanged cells send nothing."""
        width, height = self.size
        if not width or not height:
            return
        look = self.look
        columns = list(self._columns)[-width:]
        empty = " " * (width - len(columns))
        drawn = draw_columns(look, [levels for levels, _ in columns], height)
        for y, cells in enumerate(drawn):
            row: list[Run] = [(empty, look.dim)]
            for (_, word), cell in zip(columns, cells, strict=True):
                row.append((look.glyphs.arrows["down"], look.good) if word and y == 0 else cell)
            self.put(y, row)
        self.truncate(height)


def bands_for(look: Look, height: int) -> int:
    """Return the number of bands for a number of rows: two per row with half blocks, one per row without colors."""
    return height if look.ascii_only or not look.heat else 2 * height


def draw_columns(look: Look, columns: Sequence[Sequence[float]], height: int) -> list[list[Run]]:
    """Draw a spectrogram with one cell per column.

    Args:
        look: colors and characters.
        columns: the levels of the bands from the lowest, 0 to 1, for each column.
        height: number of rows.

    Returns:
        The rows, from the highest band to the lowest.
    """
    plain = look.ascii_only or not look.heat
    levels = [_resample(column, bands_for(look, height)) for column in columns]
    rows: list[list[Run]] = []
    for y in range(height):
        if plain:
            rows.append([(SHADES[_step(column[height - 1 - y], len(SHADES))], look.text) for column in levels])
        else:
            low = 2 * (height - 1 - y)
            steps = [(_step(column[low + 1], len(look.heat)), _step(column[low], len(look.heat))) for column in levels]
            rows.append([("▀", _style(look.heat, each)) for each in steps])
    return rows


@lru_cache(maxsize=1024)
def _style(heat: tuple[Color, ...], steps: tuple[int, int]) -> Style:
    return Style(color=heat[steps[0]].rich_color, bgcolor=heat[steps[1]].rich_color)


def _step(level: float, count: int) -> int:
    return min(count - 1, max(0, int(level * count)))


def _resample(levels: Sequence[float], count: int) -> list[float]:
    """Resample to ``count`` bands; each is the maximum of the bands that it covers."""
    if not levels:
        return [0.0] * count
    out = []
    for place in range(count):
        first = place * len(levels) // count
        last = max(first + 1, (place + 1) * len(levels) // count)
        out.append(max(levels[first:last]))
    return out
