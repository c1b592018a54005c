"""Finds the moves of the pen of a sketch in the output of a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import pyte

PENS = {"▲": "up", "▼": "down", "◄": "left", "►": "right"}
"""The symbols of the pen after a move, by direction."""


def moves_on(shown: Iterable[tuple[float, bytes]], size: tuple[int, int]) -> list[tuple[float, str]]:
    """The times and directions of the moves.

    Args:
        shown: the output with its times, starting with an empty screen.
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
    """Row, column and symbol of the pen; ``None`` before its first move, or without a board."""
    lines = screen.display
    width = lines[0].find("╮")
    for row, line in enumerate(lines):
        for column in range(1, max(width, 1)):
            if line[column] in PENS:
                return row, column, line[column]
    return None
