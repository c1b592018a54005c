"""One cell of a drawing as a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicetrail.game.rules import Mark
from voicetrail.game.trail import ARMS, DELTAS, Direction, Pen
from voicetrail.replay.drawing import direction_of
from voicetrail.replay.export.look import BACKGROUND, CELL, LINE, PEN, color_of

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

SMOOTH = 4
"""Tiles are drawn this many times larger and then reduced, so that lines are smooth."""
_WIDER = {"heavy": 2.0, "block": 3.3}
"""How much wider than others the lines of some pens are."""


def draw_tile(mark: Mark, pen: Pen | None, cell: int) -> Image.Image:
    """Draw a cell.

    Args:
        mark: what it shows.
        pen: the pen, if it stands there; only its direction counts.
        cell: width of the tile in pixels; it is twice as high.
    """
    from PIL import Image, ImageDraw

    size = cell * SMOOTH
    image = Image.new("RGB", (size, 2 * size), BACKGROUND)
    brush = ImageDraw.Draw(image)
    if mark.mask:
        _draw_arms(brush, mark, size)
    elif mark.direction:
        _draw_arrow(brush, direction_of(mark), color_of(mark), size)
    elif mark.role != "empty":
        _draw_sign(brush, mark, size)
    if pen is not None:
        _draw_arrow(brush, pen.direction, PEN, size)
    return image.resize((cell, 2 * cell), Image.Resampling.BOX)


def _draw_arms(brush: ImageDraw.ImageDraw, mark: Mark, size: int) -> None:
    color = color_of(mark)
    # At least a pixel of the finished tile, and never wider than the cell.
    width = min(size, max(SMOOTH, round(_WIDER.get(mark.ink.pen, 1.0) * LINE * size / CELL[0])))
    x, y = size / 2, size
    half = width / 2
    brush.ellipse((x - half, y - half, x + half - 1, y + half - 1), fill=color)
    for direction, arm in ARMS.items():
        if mark.mask & arm:
            dx, dy = DELTAS[direction]
            left, right = sorted((x, x + dx * size))
            top, bottom = sorted((y, y + dy * 2 * size))
            if dx:
                brush.rectangle((left, y - half, right, y + half - 1), fill=color)
            else:
                brush.rectangle((x - half, top, x + half - 1, bottom), fill=color)
    if mark.ink.pen == "double" and width >= 3 * SMOOTH / 2:
        _hollow(brush, mark, size, width)


def _hollow(brush: ImageDraw.ImageDraw, mark: Mark, size: int, width: int) -> None:
    """Remove the middle of the lines, which leaves double lines."""
    x, y, half = size / 2, size, width / 6
    for direction, arm in ARMS.items():
        if mark.mask & arm:
            dx, dy = DELTAS[direction]
            left, right = sorted((x, x + dx * size))
            top, bottom = sorted((y, y + dy * 2 * size))
            box = (left, y - half, right, y + half) if dx else (x - half, top, x + half, bottom)
            brush.rectangle(box, fill=BACKGROUND)


def _draw_arrow(brush: ImageDraw.ImageDraw, direction: Direction | None, color: str, size: int) -> None:
    x, y = size / 2, size
    long = size * LINE * 1.6 / CELL[0]
    if direction is None:
        brush.ellipse((x - long, y - long, x + long, y + long), fill=color)
        return
    dx, dy = DELTAS[direction]
    tip = (x + dx * long, y + dy * long)
    sides = [(x - dx * long + dy * long * side, y - dy * long + dx * long * side) for side in (-1, 1)]
    brush.polygon([tip, *sides], fill=color)


def _draw_sign(brush: ImageDraw.ImageDraw, mark: Mark, size: int) -> None:
    color, x, y = color_of(mark), size / 2, size
    match mark.role:
        case "wall" | "fog":
            brush.rectangle((0, 0, size, 2 * size), fill=color)
        case "gem":
            brush.polygon([(x, y - size * 0.6), (x + size * 0.4, y), (x, y + size * 0.6), (x - size * 0.4, y)], fill=color)
        case "goal":
            brush.rectangle(
                (x - size * 0.4, y - size * 0.4, x + size * 0.4, y + size * 0.4), outline=color, width=max(1, size // 6)
            )
        case "asked" | "said":
            brush.ellipse((x - size * 0.15, y - size * 0.15, x + size * 0.15, y + size * 0.15), fill=color)
        case _:
            brush.ellipse((x - size * 0.4, y - size * 0.4, x + size * 0.4, y + size * 0.4), fill=color)
