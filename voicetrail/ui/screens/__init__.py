"""The screens, each imported when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from voicetrail.ui.screens.game import GameScreen

SCREENS = {
    "help": "voicetrail.ui.screens.help:HelpScreen",
    "settings": "voicetrail.ui.screens.settings:SettingsScreen",
    "microphone": "voicetrail.ui.screens.microphone:MicrophoneScreen",
    "calibrate": "voicetrail.ui.screens.calibrate:CalibrateScreen",
    "replays": "voicetrail.ui.screens.replays:ReplaysScreen",
}
"""What the game can open over itself: each takes the game's screen, and nothing else."""


def open_screen(name: str, game: GameScreen) -> Screen[None]:
    """Make the screen of a name."""
    module, _, kind = SCREENS[name].partition(":")
    screen: Screen[None] = getattr(import_module(module), kind)(game)
    return screen
