"""The drawing as a png, and the session as a gif, drawn by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

from voicetrail.errors import ReplayError
from voicetrail.events import WordHeard
from voicetrail.game.trail import DELTAS, Cell
from voicetrail.replay.export import Options, Report
from voicetrail.replay.export.lines import Animation, PenAt, StraightLine, film, final_lines
from voicetrail.replay.export.look import BACKGROUND, CELL, LINE, PEN, TEXT, TRAIL
from voicetrail.replay.export.moments import STILL_MS, Pace
from voicetrail.replay.story import stamp
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

if TYPE_CHECKING:
    from PIL import Image

PNG_SIDE = 1600
GIF_SIDE = 640
"""Longest side of a picture in pixels."""
SMOOTH = 3
"""Pictures are drawn so many times larger and then reduced, so that lines are smooth."""
FRAMES_MAX = 600
"""Most pictures of a gif."""
FRAME_MS = 40
"""Shortest time of a picture: browsers slow shorter ones down."""
IDLE_MS = 1000
CAPTION = 22
"""Height of the line under the drawing, in pixels."""
SHADES = 16
"""Shades between two colors of a gif."""


def write_png(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the final drawing."""
    _need_pillow()
    trail = timeline.final.trail
    easel = _Easel.of(trail.bounds(), PNG_SIDE)
    picture = easel.blank()
    easel.draw(picture, final_lines(trail))
    easel.finished(picture, PenAt(0, trail.pen.cell, trail.pen.direction)).save(file, "PNG", optimize=True)
    progress(1.0)


def write_gif(timeline: Timeline, options: Options, file: BinaryIO, progress: Report) -> None:
    """Write the session as it was drawn."""
    _need_pillow()
    whole = film(timeline)
    changes = sorted(
        {0}
        | {line.on_ms for line in whole.lines}
        | {line.off_ms for line in whole.lines if line.off_ms is not None}
        | {pen.at_ms for pen in whole.pens}
    )
    idle_ms = IDLE_MS if options.idle is None else 1000 * options.idle
    pace = Pace.of(changes, speed=options.speed, idle_ms=idle_ms)
    shown = _thinned(changes, pace)
    durations = [max(FRAME_MS, round(pace(after) - pace(now))) for now, after in pairwise(shown)]
    durations.append(STILL_MS)
    frames = _frames(timeline, whole, shown, progress)
    first = next(frames)
    first.save(file, "GIF", save_all=True, append_images=frames, duration=durations, loop=0, disposal=1)
    progress(1.0)


def _thinned(changes: list[int], pace: Pace) -> list[int]:
    """The moments that get a picture: the last of those that lie too near together."""
    least = max(FRAME_MS, pace.film[-1] / FRAMES_MAX)
    shown = [changes[0]]
    for at_ms in changes[1:]:
        if len(shown) > 1 and pace(at_ms) - pace(shown[-2]) < least:
            shown[-1] = at_ms
        else:
            shown.append(at_ms)
    return shown


def _frames(timeline: Timeline, whole: Animation, shown: list[int], progress: Report) -> Iterator[Image.Image]:
    from PIL import Image

    easel = _Easel.of(whole.bounds, GIF_SIDE, caption=CAPTION)
    palette = Image.new("P", (1, 1))
    palette.putpalette(_shades())
    picture, before = easel.blank(), -1
    pens = list(whole.pens)
    for number, at_ms in enumerate(shown):
        if any(line.off_ms is not None and before < line.off_ms <= at_ms for line in whole.lines):
            picture, before = easel.blank(), -1
        new = [line for line in whole.lines if before < line.on_ms <= at_ms and (line.off_ms is None or line.off_ms > at_ms)]
        easel.draw(picture, new)
        pen = [pen for pen in pens if pen.at_ms <= at_ms][-1]
        frame = easel.finished(picture, pen, _caption(timeline, at_ms))
        yield frame.quantize(palette=palette, dither=Image.Dither.NONE)
        before = at_ms
        progress(number / len(shown))


def _shades() -> list[int]:
    """The colors of all pictures: those that smoothing makes between each color and the background."""

    def parts(color: str) -> tuple[int, int, int]:
        return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)

    pairs = ((BACKGROUND, TRAIL), (BACKGROUND, PEN), (TRAIL, PEN), (BACKGROUND, TEXT))
    return [
        round(low + (high - low) * shade / (SHADES - 1))
        for first, second in pairs
        for shade in range(SHADES)
        for low, high in zip(parts(first), parts(second), strict=True)
    ]


def _caption(timeline: Timeline, at_ms: int) -> str:
    last = timeline.detected_until(at_ms, 1)
    heard = last[0].item if last and last[0].at_ms + 1500 > at_ms else None
    word = f"  {printable(heard.word, 30)} {heard.score:.2f}" if isinstance(heard, WordHeard) else ""
    return f"{stamp(at_ms)}{word}"


@dataclass(frozen=True, slots=True)
class _Easel:
    """Where cells lie in a picture."""

    left: int
    top: int
    columns: int
    rows: int
    scale: float
    """Pixels of the large picture for a unit of ``CELL``."""
    caption: int

    @classmethod
    def of(cls, bounds: tuple[int, int, int, int], side: int, caption: int = 0) -> _Easel:
        """An easel for what lies within the bounds, with a cell of room around it."""
        left, top, right, bottom = bounds
        columns, rows = right - left + 3, bottom - top + 3
        scale = min(2.0, side / (columns * CELL[0]), side / (rows * CELL[1])) * SMOOTH
        return cls(left - 1, top - 1, columns, rows, scale, caption)

    @property
    def size(self) -> tuple[int, int]:
        """Size of the finished picture, without the caption."""
        width, height = self.columns * CELL[0] * self.scale / SMOOTH, self.rows * CELL[1] * self.scale / SMOOTH
        return max(1, round(width)), max(1, round(height))

    def blank(self) -> Image.Image:
        """An empty large picture."""
        from PIL import Image

        width, height = self.size
        return Image.new("RGB", (width * SMOOTH, height * SMOOTH), BACKGROUND)

    def point(self, cell: Cell) -> tuple[float, float]:
        """The middle of a cell in the large picture."""
        return (cell[0] - self.left + 0.5) * CELL[0] * self.scale, (cell[1] - self.top + 0.5) * CELL[1] * self.scale

    def draw(self, picture: Image.Image, lines: list[StraightLine]) -> None:
        """Draw lines with round ends onto the large picture."""
        from PIL import ImageDraw

        brush = ImageDraw.Draw(picture)
        # An odd width has a middle, which the round ends share.
        width = round(LINE * self.scale) | 1
        for line in lines:
            points = [self.point(line.start), self.point(line.end)]
            brush.line(points, fill=TRAIL, width=width)
            for x, y in points:
                half = (width - 1) / 2
                brush.ellipse((x - half, y - half, x + half, y + half), fill=TRAIL)

    def finished(self, picture: Image.Image, pen: PenAt, caption: str = "") -> Image.Image:
        """The picture at its size, with the pen and the caption."""
        from PIL import Image, ImageDraw, ImageFont

        large = picture.copy()
        brush = ImageDraw.Draw(large)
        x, y = self.point(pen.cell)
        size = max(2.0, LINE * 2 * self.scale)
        if pen.direction is None:
            brush.ellipse((x - size, y - size, x + size, y + size), fill=PEN)
        else:
            dx, dy = DELTAS[pen.direction]
            tip = (x + dx * size * 1.2, y + dy * size * 1.2)
            sides = [(x - dx * size + dy * size * side, y - dy * size + dx * size * side) for side in (-1, 1)]
            brush.polygon([tip, *sides], fill=PEN)
        small = large.resize(self.size, Image.Resampling.LANCZOS)
        if not self.caption:
            return small
        width = max(self.size[0], 150)
        out = Image.new("RGB", (width, self.size[1] + self.caption), BACKGROUND)
        out.paste(small, ((width - self.size[0]) // 2, 0))
        ImageDraw.Draw(out).text((6, self.size[1] + 3), caption, fill=TEXT, font=ImageFont.load_default(13))
        return out


def _need_pillow() -> None:
    """Say what to do where Pillow is missing."""
    if find_spec("PIL") is None:
        raise ReplayError("gif and png need Pillow: pip install 'voicetrail[export]'")
