"""A game as text: its cells as characters, cropped to what is drawn; one drawing, or two side by side."""

from __future__ import annotations

from collections.abc import Mapping

from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS, Glyphs
from voicetrail.game.rules import Mark, Role, Rules
from voicetrail.game.trail import Cell, Direction

Bounds = tuple[int, int, int, int]
"""Left, top, right and bottom cell, all inside."""

_SIGNS: Mapping[Role, tuple[str, str]] = {
    "goal": ("⌂", "X"),
    "gem": ("♦", "$"),
    "food": ("●", "@"),
    "fog": ("░", ":"),
    "wall": ("█", "#"),
    "asked": ("·", "."),
    "said": ("·", "."),
}
"""The characters of roles that are not lines, and their ASCII forms."""
_OTHER = ("■", "o")


def bounds(game: Rules) -> Bounds:
    """The smallest rectangle that holds everything that a game shows."""
    cells = set(game.marked())
    if game.pen is not None:
        cells.add(game.pen.cell)
    if not cells:
        return 0, 0, game.width - 1, game.height - 1
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    return min(xs), min(ys), max(xs), max(ys)


def sign(mark: Mark, *, plain: bool) -> str:
    """The character of a cell; with ``plain`` an ASCII one."""
    glyphs = glyphs_of(plain)
    if mark.role == "empty":
        return " "
    if mark.mask:
        return (glyphs.pens[mark.ink.pen] if mark.role == "trail" else glyphs.cells)[mark.mask]
    if mark.direction:
        return glyphs.arrows[direction_of(mark)]
    return _SIGNS.get(mark.role, _OTHER)[plain]


def direction_of(mark: Mark) -> Direction | None:
    """The direction that a cell shows as an arrow."""
    known: dict[str, Direction] = {"up": "up", "down": "down", "left": "left", "right": "right"}
    return known.get(mark.direction)


def pen_sign(game: Rules, *, plain: bool) -> tuple[Cell, str] | None:
    """Where the pen stands, and its character; ``None`` where a mode has none."""
    return None if game.pen is None else (game.pen.cell, glyphs_of(plain).arrows[game.pen.direction])


def glyphs_of(plain: bool) -> Glyphs:
    """The characters to draw with."""
    return ASCII_GLYPHS if plain else BOX_GLYPHS


def rows(game: Rules, *, plain: bool = False) -> list[str]:
    """The drawing with its pen, cropped to what is drawn."""
    left, top, right, bottom = bounds(game)
    pen = pen_sign(game, plain=plain)
    lines = []
    for y in range(top, bottom + 1):
        signs = [sign(game.mark_at((x, y)), plain=plain) for x in range(left, right + 1)]
        if pen is not None and pen[0][1] == y:
            signs[pen[0][0] - left] = pen[1]
        lines.append("".join(signs).rstrip())
    return lines


def side_by_side(left: list[str], right: list[str], titles: tuple[str, str], width: int) -> list[str]:
    """Two drawings side by side where they fit into ``width`` columns, otherwise one above the other."""
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
