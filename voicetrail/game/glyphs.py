"""Characters for cells: box-drawing characters or plain ASCII, and the way back from such characters to masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicetrail.game.ink import PenStyle
from voicetrail.game.trail import Cell, Direction, Trail

BOX = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"
"""The box-drawing character of each mask (up 1, down 2, left 4, right 8)."""
PENS: Mapping[PenStyle, str] = {
    "light": BOX,
    "heavy": " ╹╻┃╸┛┓┫╺┗┏┣━┻┳╋",
    "double": " ║║║═╝╗╣═╚╔╠═╩╦╬",
    "dotted": " ╵╷┊╴╯╮┤╶╰╭├┈┴┬┼",
    "block": " ▀▄█▌███▐███████",
}
"""The characters of each pen, by mask."""
ASCII_BOX = " |||-+++-+++-+++"
"""``BOX`` in ASCII."""
ASCII_PENS: Mapping[PenStyle, str] = {
    "light": ASCII_BOX,
    "heavy": " !!!=+++=+++=+++",
    "double": " HHH=###=###=###",
    "dotted": " :::.:::.:::.:::",
    "block": " ###############",
}

ARROWS: dict[Direction | None, str] = {"up": "▲", "down": "▼", "left": "◄", "right": "►", None: "●"}
ASCII_ARROWS: dict[Direction | None, str] = {"up": "^", "down": "v", "left": "<", "right": ">", None: "+"}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A character set for drawing."""

    cells: str
    """The character for each of the 16 masks."""
    arrows: dict[Direction | None, str]
    """The character for the pen, by its last direction."""
    pens: Mapping[PenStyle, str] = field(default_factory=lambda: PENS)
    """The characters for the 16 masks, by pen."""

    def of_cell(self, trail: Trail, cell: Cell) -> str:
        """Return the character for a cell: the pen, else the line, else a space."""
        if cell == trail.pen.cell:
            return self.arrows[trail.pen.direction]
        mask = trail.cells.get(cell, 0)
        if not mask:
            return self.cells[trail.background.get(cell, 0)]
        return self.pens[trail.ink_at(cell).pen][mask]

    def rows(self, trail: Trail, margin: int = 0) -> list[str]:
        """Return the drawing as lines of text, cropped to its bounds plus ``margin`` cells on each side."""
        left, top, right, bottom = trail.bounds()
        columns = range(max(0, left - margin), min(trail.width, right + margin + 1))
        lines = range(max(0, top - margin), min(trail.height, bottom + margin + 1))
        return ["".join(self.of_cell(trail, (x, y)) for x in columns).rstrip() for y in lines]


BOX_GLYPHS = Glyphs(BOX, ARROWS)
ASCII_GLYPHS = Glyphs(ASCII_BOX, ASCII_ARROWS, ASCII_PENS)

_OTHER_BOX = {
    "┌": 10,
    "┐": 6,
    "└": 9,
    "┘": 5,
    "┄": 12,
    "┆": 3,
    "╌": 12,
    "╎": 3,
    "┉": 12,
    "┋": 3,
    "█": 15,
    "+": 15,
    "|": 3,
    "-": 12,
}
_MASKS = {sign: mask for glyphs in (*PENS.values(), BOX) for mask, sign in enumerate(glyphs) if mask} | _OTHER_BOX


def parse_masks(text: str, width: int, height: int) -> dict[Cell, int]:
    """Read a text of box-drawing characters and center it in a drawing.

    Args:
        text: rows of text; any other character counts as empty. Rows and columns beyond the drawing are cut off.
        width: columns of the drawing.
        height: rows of the drawing.

    Returns:
        The mask of every cell that is not empty.
    """
    rows = [row.expandtabs() for row in text.splitlines()]
    left = (width - max(map(len, rows), default=0)) // 2
    top = (height - len(rows)) // 2
    return {
        (left + x, top + y): mask
        for y, row in enumerate(rows)
        for x, sign in enumerate(row)
        if (mask := _MASKS.get(sign, 0)) and 0 <= left + x < width and 0 <= top + y < height
    }
