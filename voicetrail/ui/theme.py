"""The themes of the game, and which one follows which."""

from __future__ import annotations

from voicetrail.settings import Settings

OTHER_THEME = {
    "textual-dark": "textual-light",
    "textual-light": "textual-dark",
    "ansi-dark": "ansi-light",
    "ansi-light": "ansi-dark",
}


def other_theme(settings: Settings, shown: str) -> str:
    """Change between dark and light; return the line to show."""
    settings.set("theme", OTHER_THEME.get(shown, "textual-dark"))
    return f"theme {settings.values.theme}"
