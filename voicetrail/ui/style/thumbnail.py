"""A thumbnail of a field: each character shows several cells."""

from __future__ import annotations

from voicetrail.game.rules import Rules
from voicetrail.game.trail import Cell

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille character, by row and column of its dots."""
BRAILLE = 0x2800
SHOWN = frozenset({"trail", "right", "wrong", "body", "guide", "goal", "said", "asked"})
"""Roles that the thumbnail shows."""


def thumbnail(rules: Rules, width: int, height: int, *, ascii_only: bool) -> list[str]:
    """Draw the field as rows of text.

    Args:
        rules: the round.
        width: maximum number of columns.
        height: maximum number of rows.
        ascii_only: use ``#`` instead of braille dots.
    """
    cells = [cell for cell in rules.marked() if rules.mark_at(cell).role in SHOWN]
    if rules.pen is not None:
        cells.append(rules.pen.cell)
    if not cells:
        return []
    left, right = min(x for x, _ in cells), max(x for x, _ in cells)
    top, bottom = min(y for _, y in cells), max(y for _, y in cells)
    across, down = (1, 1) if ascii_only else (2, 4)
    # Cells and characters are both about twice as high as they are wide, so both axes shrink by the same factor.
    shrink = max(1.0, (right - left + 1) / (width * across), 2 * (bottom - top + 1) / (height * down))
    dots = {(int((x - left) / shrink), int(2 * (y - top) / shrink)) for x, y in _filled(cells, rules)}
    if ascii_only:
        return _rows({(x, y // 2): 1 for x, y in dots}, lambda bits: "#" if bits else " ")
    bits: dict[Cell, int] = {}
    for x, y in dots:
        place = (x // 2, y // 4)
        bits[place] = bits.get(place, 0) | DOTS[y % 4][x % 2]
    return _rows(bits, lambda found: chr(BRAILLE + found) if found else " ")


def _filled(cells: list[Cell], rules: Rules) -> list[tuple[float, float]]:
    """Return the filled cells, and the half steps between rows on a line."""
    points: list[tuple[float, float]] = []
    for x, y in cells:
        points.append((x, y))
        if rules.mark_at((x, y)).mask & 2:
            points.append((x, y + 0.5))
    return points


def _rows(bits: dict[Cell, int], character: object) -> list[str]:
    assert callable(character)
    width, height = max(x for x, _ in bits) + 1, max(y for _, y in bits) + 1
    return ["".join(character(bits.get((x, y), 0)) for x in range(width)).rstrip() for y in range(height)]
