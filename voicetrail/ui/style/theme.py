"""The game's own themes, in addition to Textual's, and the pairs of dark and light themes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from textual.theme import Theme

from voicetrail.settings import Settings

MIDNIGHT = Theme(
    name="midnight",
    dark=True,
    background="#0b1020",
    surface="#111831",
    panel="#1a2342",
    foreground="#dbe3f7",
    primary="#8fb4ff",
    secondary="#b79cff",
    accent="#5ad1ff",
    success="#5be8ac",
    warning="#ffc95c",
    error="#ff8088",
)
PAPER = Theme(
    name="paper",
    dark=False,
    background="#fbf7ee",
    surface="#f3ecdc",
    panel="#e7dec9",
    foreground="#2a2722",
    primary="#1b4f91",
    secondary="#6a3d9a",
    accent="#0a6375",
    success="#17653a",
    warning="#8a4b00",
    error="#a31d1d",
)
PHOSPHOR = Theme(
    name="phosphor",
    dark=True,
    background="#03130a",
    surface="#062112",
    panel="#0a2f1a",
    foreground="#9dffc0",
    primary="#6dffa6",
    secondary="#c8ff8a",
    accent="#d5ff7a",
    success="#3dff8b",
    warning="#f5ff6b",
    error="#ffa27a",
)
CONTRAST = Theme(
    name="contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    foreground="#ffffff",
    primary="#66d9ff",
    secondary="#ffb3ff",
    accent="#66d9ff",
    success="#00ff7f",
    warning="#ffe600",
    error="#ff9191",
)
THEMES = (MIDNIGHT, PAPER, PHOSPHOR, CONTRAST)
"""The themes to register with Textual; the first is the default."""

OTHER_THEME = {
    "midnight": "paper",
    "paper": "midnight",
    "phosphor": "contrast",
    "contrast": "phosphor",
    "textual-dark": "textual-light",
    "textual-light": "textual-dark",
    "ansi-dark": "ansi-light",
    "ansi-light": "ansi-dark",
}
"""The other theme of each pair."""
LIGHT_BACKGROUNDS = ("7", "15")
"""Light background colors in ``COLORFGBG``."""


def other_theme(settings: Settings, shown: str) -> str:
    """Switch to the other theme of the pair. Returns the message to show."""
    settings.set("theme", OTHER_THEME.get(shown, "midnight"))
    return f"theme {settings.values.theme}"


def sixteen_colors(env: Mapping[str, str] | None = None) -> str:
    """Return the theme for a terminal with sixteen colors: dark or light, depending on ``COLORFGBG``."""
    background = (os.environ if env is None else env).get("COLORFGBG", "").rpartition(";")[2]
    return "ansi-light" if background in LIGHT_BACKGROUNDS else "ansi-dark"
