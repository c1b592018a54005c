"""Drawings as text: one, or two side by side."""

from __future__ import annotations

from voicetrail.game import Sketch
from voicetrail.game.glyphs import BOX_GLYPHS, Glyphs


def rows(game: Sketch, glyphs: Glyphs = BOX_GLYPHS) -> list[str]:
    """The drawing, cut to what is drawn."""
    return glyphs.rows(game.trail)


def side_by_side(left: list[str], right: list[str], titles: tuple[str, str], width: int) -> list[str]:
    """Two drawings beside each other where they fit into ``width`` columns, otherwise one above the other."""
    left_width = max(len(titles[0]), *map(len, left), 0)
    right_width = max(len(titles[1]), *map(len, right), 0)
    if left_width + 3 + right_width > width:
        return [titles[0], *left, "", titles[1], *right]
    height = max(len(left), len(right))
    lines = [titles[0].ljust(left_width) + " │ " + titles[1]]
    for y in range(height):
        one = left[y] if y < len(left) else ""
        other = right[y] if y < len(right) else ""
        lines.append((one.ljust(left_width) + " │ " + other).rstrip())
    return lines
