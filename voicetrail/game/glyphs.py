"""How a cell looks: box-drawing characters that join, or plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass

from voicetrail.game.trail import Cell, Direction, Trail

BOX = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"
"""The box-drawing character of each mask (up 1, down 2, left 4, right 8)."""
PLAIN = " |||-+++-+++-+++"
"""The same in ASCII."""

ARROWS: dict[Direction | None, str] = {"up": "▲", "down": "▼", "left": "◄", "right": "►", None: "●"}
PLAIN_ARROWS: dict[Direction | None, str] = {"up": "^", "down": "v", "left": "<", "right": ">", None: "+"}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of characters to draw with."""

    cells: str
    """The character of each of the 16 masks."""
    arrows: dict[Direction | None, str]
    """The pen, by its last direction."""

    def of_cell(self, trail: Trail, cell: Cell) -> str:
        """The character at a cell: the pen where it stands, else the joined lines, else a space."""
        if cell == trail.pen.cell:
            return self.arrows[trail.pen.direction]
        return self.cells[trail.cells.get(cell, 0)]

    def rows(self, trail: Trail, margin: int = 0) -> list[str]:
        """The drawing as lines of text, cut to what is drawn plus ``margin`` cells on each side."""
        left, top, right, bottom = trail.bounds()
        columns = range(max(0, left - margin), min(trail.width, right + margin + 1))
        lines = range(max(0, top - margin), min(trail.height, bottom + margin + 1))
        return ["".join(self.of_cell(trail, (x, y)) for x in columns).rstrip() for y in lines]


BOX_GLYPHS = Glyphs(BOX, ARROWS)
ASCII_GLYPHS = Glyphs(PLAIN, PLAIN_ARROWS)
