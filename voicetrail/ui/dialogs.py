"""The dialogs, which can be opened over any screen. Each is imported when it is first opened."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from voicetrail.keys import Action
    from voicetrail.play.context import SessionContext

DIALOGS = {
    "settings": "voicetrail.ui.screens.settings:SettingsScreen",
    "microphone": "voicetrail.ui.screens.microphone:MicrophoneScreen",
    "calibrate": "voicetrail.ui.screens.calibrate:CalibrateScreen",
    "teach": "voicetrail.ui.teaching.teach_screen:TeachScreen",
    "words": "voicetrail.ui.teaching.sets.words_screen:WordsScreen",
    "replays": "voicetrail.ui.screens.replays:ReplaysScreen",
}
"""The class of each dialog by name; it takes the session and its own arguments."""


def open_dialog(name: str, context: SessionContext, *arguments: str) -> Screen[None]:
    """Create a dialog by its name."""
    module, _, kind = DIALOGS[name].partition(":")
    screen: Screen[None] = getattr(import_module(module), kind)(context, *arguments)
    return screen


def open_help(text: str, actions: Sequence[Action]) -> Screen[None]:
    """Create the help of a screen."""
    screen: Screen[None] = import_module("voicetrail.ui.screens.help").HelpScreen(text, actions)
    return screen
