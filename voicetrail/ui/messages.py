"""Messages to the app: from the worker's thread, and from screens with requests that only the app can fulfill."""

from __future__ import annotations

from textual.message import Message

from voicetrail.game import RoundSetup
from voicetrail.play.listening.updates import Update
from voicetrail.play.rounds.round import Round


class UpdatesArrived(Message, bubble=False):
    """The listening worker sent something."""

    def __init__(self, updates: tuple[Update, ...]) -> None:
        super().__init__()
        self.updates = updates


class SetsChanged(Message, bubble=False):
    """Taught sets or their takes were saved or deleted, by something else than the list of sets."""


class LeaveRequested(Message):
    """The player wants to leave the sending screen: back to the title, or out of the game."""


class RoundRequested(Message):
    """The player wants to play a round."""

    def __init__(self, setup: RoundSetup) -> None:
        super().__init__()
        self.setup = setup


class RoundEnded(Message):
    """A round is over, and its last position was shown long enough."""

    def __init__(self, ended: Round) -> None:
        super().__init__()
        self.ended = ended


class TitleRequested(Message):
    """The player wants to go to the title."""
