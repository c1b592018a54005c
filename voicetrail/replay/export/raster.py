"""The drawing as a png, and the session as a gif, drawn by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

from voicetrail.errors import ReplayError
from voicetrail.events import WordHeard
from voicetrail.game.rules import Mark
from voicetrail.game.trail import Cell, Pen
from voicetrail.install import pip_command
from voicetrail.progress import Report
from voicetrail.replay.drawing import Bounds, bounds
from voicetrail.replay.export import Options
from voicetrail.replay.export.look import BACKGROUND, COLORS, PEN, TEXT, TRAIL
from voicetrail.replay.export.moments import STILL_MS, Pace, moments
from voicetrail.replay.export.tiles import draw_tile
from voicetrail.replay.timeline import Timeline
from voicetrail.replay.transcript import time_text
from voicetrail.text import printable

if TYPE_CHECKING:
    from PIL import Image

PNG_SIDE, PNG_CELL = 1600, 20
GIF_SIDE, GIF_CELL = 640, 10
"""Longest side of a picture and greatest width of a cell, in pixels."""
FRAMES_MAX = 300
"""Most pictures of a gif."""
FRAME_MS = 40
"""Shortest time for a picture: browsers slow down shorter ones."""
GIF_MAX_MS = 600_000
"""Longest gif: the time of a picture is a 16-bit field in hundredths of a second."""
IDLE_MS = 1000
CAPTION = 22
"""Height of the line under the drawing, in pixels."""
CAPTION_WIDTH = 150
SHADES = 8
"""Shades between two colors of a gif."""


def write_png(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the final drawing."""
    _need_pillow()
    game = timeline.final
    picture = _Picture.of(bounds(game), PNG_SIDE, PNG_CELL)
    for cell in game.marked():
        picture.put(cell, game.mark_at(cell))
    picture.finished(game.pen).save(file, "PNG", optimize=True)
    progress(1.0)


def write_gif(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the session as it was drawn.

    Raises:
        ReplayError: the gif would be too long.
    """
    _need_pillow()
    changes, around = _look_through(timeline)
    idle_ms = IDLE_MS if options.idle is None else 1000 * options.idle
    pace = Pace.of(changes, speed=options.speed, idle_ms=idle_ms, longest_ms=GIF_MAX_MS)
    shown = _thinned(changes, pace)
    durations = [max(FRAME_MS, round(pace(after) - pace(now))) for now, after in pairwise(shown)]
    durations.append(STILL_MS)
    frames = _frames(timeline, around, shown, progress)
    first = next(frames)
    first.save(file, "GIF", save_all=True, append_images=frames, duration=durations, loop=0, disposal=1)
    progress(1.0)


def _look_through(timeline: Timeline) -> tuple[list[int], Bounds]:
    """The moments at which something changes, and the box around everything that was ever drawn."""
    changes: list[int] = []
    cells: set[Cell] = set()
    for at_ms, game, changed in moments(timeline):
        if changed or not changes:
            changes.append(at_ms)
        cells |= changed
        if game.pen is not None:
            cells.add(game.pen.cell)
    if not cells:
        return changes, bounds(timeline.final)
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    return sorted(set(changes)), (min(xs), min(ys), max(xs), max(ys))


def _thinned(changes: list[int], pace: Pace) -> list[int]:
    """The moments that get a picture: of those too close together, the last."""
    least = max(FRAME_MS, pace.shown[-1] / FRAMES_MAX)
    shown = [changes[0]]
    for at_ms in changes[1:]:
        if len(shown) > 1 and pace(at_ms) - pace(shown[-2]) < least:
            shown[-1] = at_ms
        else:
            shown.append(at_ms)
    return shown


def _frames(timeline: Timeline, around: Bounds, shown: list[int], progress: Report) -> Iterator[Image.Image]:
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(_shades())
    picture = _Picture.of(around, GIF_SIDE, GIF_CELL, palette=palette)
    place = 0
    pen: Pen | None = None
    for at_ms, game, cells in moments(timeline):
        while place < len(shown) and at_ms > shown[place]:
            yield picture.finished(pen, _caption(timeline, shown[place]))
            place += 1
            progress(place / len(shown))
        for cell in cells:
            picture.put(cell, game.mark_at(cell))
        pen = game.pen
    for left in shown[place:]:
        yield picture.finished(pen, _caption(timeline, left))


def _shades() -> list[int]:
    """The colors of all pictures: those that antialiasing makes between each color and the background."""

    def parts(color: str) -> tuple[int, int, int]:
        return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)

    others = [color for color in (*COLORS, PEN, TEXT) if color != BACKGROUND]
    pairs = [*((BACKGROUND, color) for color in dict.fromkeys(others)), (TRAIL, PEN)]
    return [
        round(low + (high - low) * shade / (SHADES - 1))
        for first, second in pairs
        for shade in range(SHADES)
        for low, high in zip(parts(first), parts(second), strict=True)
    ]


def _caption(timeline: Timeline, at_ms: int) -> str:
    last = timeline.detected_until(at_ms, 1)
    item = last[0].item if last and last[0].at_ms + 1500 > at_ms else None
    word = f"  {printable(item.word, 30)} {item.score:.2f}" if isinstance(item, WordHeard) else ""
    return f"{time_text(at_ms)}{word}"


@dataclass(slots=True)
class _Picture:
    """A picture that is updated cell by cell."""

    left: int
    top: int
    cell: int
    """Width of a cell in pixels; it is twice as high."""
    image: Image.Image
    palette: Image.Image | None
    tiles: dict[tuple[Mark, Pen | None], Image.Image]
    marks: dict[Cell, Mark]

    @classmethod
    def of(cls, around: Bounds, side: int, largest_cell: int, *, palette: Image.Image | None = None) -> _Picture:
        """An empty picture of a part of a drawing with a margin of one cell; with a palette, in its colors."""
        from PIL import Image

        left, top, right, bottom = around
        columns, rows = right - left + 3, bottom - top + 3
        cell = max(1, min(largest_cell, side // columns, side // (2 * rows)))
        image = Image.new("RGB", (columns * cell, rows * 2 * cell), BACKGROUND)
        if palette is not None:
            image = image.quantize(palette=palette, dither=Image.Dither.NONE)
        return cls(left - 1, top - 1, cell, image, palette, {}, {})

    def put(self, cell: Cell, mark: Mark) -> None:
        """Show a cell."""
        self.marks[cell] = mark
        self.image.paste(self._tile(mark, None), self._corner(cell))

    def finished(self, pen: Pen | None, caption: str | None = None) -> Image.Image:
        """A copy with the pen and, unless it is ``None``, a line of text under the drawing."""
        from PIL import ImageDraw

        image = self.image.copy()
        if pen is not None:
            image.paste(self._tile(self.marks.get(pen.cell, Mark()), Pen(0, 0, pen.direction)), self._corner(pen.cell))
            if self.cell < 4:
                # A pen as small as such a cell could not be seen.
                x, y = self._corner(pen.cell)
                dot = (x - 2, y - 2, x + self.cell + 1, y + 2 * self.cell + 1)
                color = PEN if self.palette is None else self._index(PEN)
                ImageDraw.Draw(image).ellipse(dot, fill=color)
        return image if caption is None else self._with_caption(image, caption)

    def _with_caption(self, image: Image.Image, caption: str) -> Image.Image:
        from PIL import Image, ImageDraw, ImageFont

        width = max(image.width, CAPTION_WIDTH)
        line = Image.new("RGB", (width, CAPTION), BACKGROUND)
        ImageDraw.Draw(line).text((6, 3), caption, fill=TEXT, font=ImageFont.load_default(13))
        out = Image.new("RGB", (width, image.height + CAPTION), BACKGROUND)
        if self.palette is not None:
            line = line.quantize(palette=self.palette, dither=Image.Dither.NONE)
            out = out.quantize(palette=self.palette, dither=Image.Dither.NONE)
        out.paste(image, ((width - image.width) // 2, 0))
        out.paste(line, (0, image.height))
        return out

    def _tile(self, mark: Mark, pen: Pen | None) -> Image.Image:
        from PIL import Image

        tile = self.tiles.get((mark, pen))
        if tile is None:
            tile = draw_tile(mark, pen, self.cell)
            if self.palette is not None:
                tile = tile.quantize(palette=self.palette, dither=Image.Dither.NONE)
            self.tiles[mark, pen] = tile
        return tile

    def _index(self, color: str) -> int:
        from PIL import Image

        assert self.palette is not None
        return Image.new("RGB", (1, 1), color).quantize(palette=self.palette, dither=Image.Dither.NONE).tobytes()[0]

    def _corner(self, cell: Cell) -> tuple[int, int]:
        return (cell[0] - self.left) * self.cell, (cell[1] - self.top) * 2 * self.cell


def _need_pillow() -> None:
    """Raise an error that says what to do if Pillow is missing."""
    if find_spec("PIL") is None:
        raise ReplayError(f"gif and png need the package Pillow: {pip_command('pillow')}")
