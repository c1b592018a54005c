"""Colors and sizes of pictures."""

from __future__ import annotations

CELL = (10, 20)
"""Width and height of a cell in units of a picture: a cell is about twice as high as it is wide."""
LINE = 3
"""Width of a line."""
BACKGROUND = "#10151c"
TRAIL = "#6fd38b"
PEN = "#f2c14e"
TEXT = "#aab4c0"
