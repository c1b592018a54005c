"""How a cell looks: box-drawing characters that join, or plain ASCII; and such characters read back."""

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
"""The characters of each pen."""
PLAIN = " |||-+++-+++-+++"
"""The same in ASCII."""
PLAIN_PENS: Mapping[PenStyle, str] = {
    "light": PLAIN,
    "heavy": " !!!=+++=+++=+++",
    "double": " HHH=###=###=###",
    "dotted": " :::.:::.:::.:::",
    "block": " ###############",
}

ARROWS: dict[Direction | None, str] = {"up": "▲", "down": "▼", "left": "◄", "right": "►", None: "●"}
PLAIN_ARROWS: dict[Direction | None, str] = {"up": "^", "down": "v", "left": "<", "right": ">", None: "+"}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of characters to draw with."""

    cells: str
    """The character of each of the 16 masks."""
    arrows: dict[Direction | None, str]
    """The pen, by its last direction."""
    pens: Mapping[PenStyle, str] = field(default_factory=lambda: PENS)
    """The characters of the 16 masks for each pen."""

    def of_cell(self, trail: Trail, cell: Cell) -> str:
        """The character at a cell: the pen where it stands, else the joined lines, else a space."""
        if cell == trail.pen.cell:
            return self.arrows[trail.pen.direction]
        mask = trail.cells.get(cell, 0)
        if not mask:
            return self.cells[trail.background.get(cell, 0)]
        return self.pens[trail.ink_at(cell).pen][mask]

    def rows(self, trail: Trail, margin: int = 0) -> list[str]:
        """The drawing as lines of text, cut to what is drawn plus ``margin`` cells on each side."""
        left, top, right, bottom = trail.bounds()
        columns = range(max(0, left - margin), min(trail.width, right + margin + 1))
        lines = range(max(0, top - margin), min(trail.height, bottom + margin + 1))
        return ["".join(self.of_cell(trail, (x, y)) for x in columns).rstrip() for y in lines]


BOX_GLYPHS = Glyphs(BOX, ARROWS)
ASCII_GLYPHS = Glyphs(PLAIN, PLAIN_ARROWS, PLAIN_PENS)

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


def read_masks(text: str, width: int, height: int) -> dict[Cell, int]:
    """The lines of a text of box characters, laid in the middle of a drawing.

    Args:
        text: rows of text; what is no box character is empty. Rows and columns beyond the drawing are cut.
        width: columns of the drawing.
        height: rows of the drawing.

    Returns:
        The mask of every cell that has an arm.
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
