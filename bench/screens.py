"""Reads from what came on a terminal when the pen of a sketch moved, and where to."""

from __future__ import annotations

from collections.abc import Iterable

import pyte

PENS = "▲▼◀▶"
"""The pen, as it looks up, down, left and right."""


def moves_on(shown: Iterable[tuple[float, bytes]], size: tuple[int, int]) -> list[tuple[float, str]]:
    """When the pen moved, and the direction.

    Args:
        shown: what came, and when; the first of it from an empty screen.
        size: rows and columns.
    """
    screen = pyte.Screen(size[1], size[0])
    stream = pyte.ByteStream(screen)
    pen: tuple[int, int] | None = None
    out: list[tuple[float, str]] = []
    for at, data in shown:
        stream.feed(data)
        now = pen_of(screen)
        if now is not None and pen is not None and now != pen:
            down, right = now[0] - pen[0], now[1] - pen[1]
            out.append((at, ("down" if down > 0 else "up") if down else "right" if right > 0 else "left"))
        pen = now or pen
    return out


def pen_of(screen: pyte.Screen) -> tuple[int, int] | None:
    """Row and column of the pen; ``None`` while no board is shown."""
    lines = screen.display
    width = lines[0].find("╮")
    for row, line in enumerate(lines):
        for column in range(1, max(width, 1)):
            if line[column] in PENS:
                return row, column
    return None
