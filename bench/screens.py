"""Reads from what came on a terminal when the pen of a sketch moved, and where to."""

from __future__ import annotations

from collections.abc import Iterable

import pyte

PENS = {"▲": "up", "▼": "down", "◄": "left", "►": "right"}
"""The pen once it has moved, by the direction."""


def moves_on(shown: Iterable[tuple[float, bytes]], size: tuple[int, int]) -> list[tuple[float, str]]:
    """When the pen moved, and the direction.

    Args:
        shown: what came, and when; the first of it from an empty screen.
        size: rows and columns.
    """
    screen = pyte.Screen(size[1], size[0])
    stream = pyte.ByteStream(screen)
    before: tuple[int, int, str] | None = None
    out: list[tuple[float, str]] = []
    for at, data in shown:
        stream.feed(data)
        pen = pen_of(screen)
        if pen is not None and pen != before:
            out.append((at, PENS[pen[2]]))
            before = pen
    return out


def pen_of(screen: pyte.Screen) -> tuple[int, int, str] | None:
    """Row, column and look of the pen; ``None`` where it has not moved yet, or no board is shown."""
    lines = screen.display
    width = lines[0].find("╮")
    for row, line in enumerate(lines):
        for column in range(1, max(width, 1)):
            if line[column] in PENS:
                return row, column, line[column]
    return None
