"""The base of the live game's screens: opening dialogs, and messages to the player."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from voicetrail.errors import VoicetrailError
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.picture import save_picture
from voicetrail.ui.style.theme import other_theme
from voicetrail.ui.textual_private.fast_screen import FastScreen
from voicetrail.ui.widgets.message import Weight

WITHHELD = "this is not available to visitors of this host"
"""The message when the player asks for something that the session does not offer."""


class GameScreen(FastScreen):
    """A screen of the live game.

    Args:
        context: the session.
        actions: the actions of the screen with their keys.
    """

    HELP: ClassVar[str] = ""
    """The help text of the screen."""
    words_are_moves = False
    """Whether words are moves on this screen, so that they do not control its help."""

    def __init__(self, context: SessionContext, actions: Sequence[Action] = ()) -> None:
        super().__init__([action for action in actions if action.name not in context.withheld])
        self.context = context

    def say(self, message: str, weight: Weight = "plain") -> None:
        """Show a message."""

    def action_open(self, name: str, *arguments: str) -> None:
        """Open a dialog."""
        if name in self.context.withheld:
            self.say(WITHHELD, "warn")
            return
        game_app_of(self).open_dialog(name, *arguments)

    def help_text(self) -> str:
        """The help text for the current state of the screen."""
        return self.HELP

    def action_help(self) -> None:
        """Open the help."""
        game_app_of(self).open_help(self.help_text(), self.actions)

    def action_settings(self, at: str = "") -> None:
        """Open the settings, with one of them selected."""
        self.action_open("settings", at)

    def action_microphone(self) -> None:
        """Open the list of sound inputs."""
        self.action_open("microphone")

    def action_calibrate(self) -> None:
        """Open the calibration."""
        self.action_open("calibrate")

    def action_replays(self) -> None:
        """Open the recorded rounds."""
        self.action_open("replays")

    def action_command_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_theme(self) -> None:
        """Change between a dark and a light screen."""
        try:
            self.say(other_theme(self.context.settings, self.app.theme))
        except VoicetrailError as error:
            self.say(str(error))

    def action_screenshot(self) -> None:
        """Save a picture of the screen."""
        self.say(WITHHELD if "screenshot" in self.context.withheld else save_picture(self.app))
