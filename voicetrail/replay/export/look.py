"""Colors and sizes of pictures and of colored text."""

from __future__ import annotations

from collections.abc import Mapping

from voicetrail.game.ink import ColorName
from voicetrail.game.rules import Mark, Role

CELL = (10, 20)
"""Width and height of a cell in units of the picture: a cell is about twice as high as it is wide."""
LINE = 3
"""Width of a line."""
BACKGROUND = "#10151c"
TRAIL = "#6fd38b"
PEN = "#f2c14e"
TEXT = "#aab4c0"

_ROLES: Mapping[Role, tuple[str, str]] = {
    "empty": (BACKGROUND, "0"),
    "trail": (TRAIL, "32"),
    "guide": ("#66727f", "2"),
    "right": (TRAIL, "1;32"),
    "wrong": ("#e0616b", "31"),
    "wall": ("#8a95a3", "0"),
    "fog": ("#2b343f", "2"),
    "goal": (PEN, "33"),
    "gem": ("#c48ae0", "35"),
    "food": ("#e0616b", "31"),
    "body": (TRAIL, "32"),
    "asked": (PEN, "33"),
    "said": (TRAIL, "32"),
}
"""The color of each role: in a picture, and as an attribute of the terminal's sixteen colors."""
_INKS: Mapping[ColorName, tuple[str, str]] = {
    "default": (TRAIL, "32"),
    "red": ("#e0616b", "31"),
    "orange": ("#e0914f", "33"),
    "yellow": ("#ecd75f", "93"),
    "green": ("#4fb36c", "92"),
    "blue": ("#6aa3ec", "34"),
    "purple": ("#c48ae0", "35"),
    "white": ("#e6ebf0", "97"),
}
COLORS = tuple(dict.fromkeys([color for color, _ in (*_ROLES.values(), *_INKS.values())]))
"""Every color of a drawing."""


def color_of(mark: Mark) -> str:
    """The color of a cell in a picture."""
    return (_INKS[mark.ink.color] if mark.role == "trail" else _ROLES[mark.role])[0]


def style_of(mark: Mark) -> str:
    """The attributes of a cell in a terminal, for ``ESC [ … m``."""
    return (_INKS[mark.ink.color] if mark.role == "trail" else _ROLES[mark.role])[1]
