"""What travels to the app: from the worker's thread, and from screens for what only the app can do."""

from __future__ import annotations

from textual.message import Message

from voicetrail.play.updates import Update


class UpdatesArrived(Message, bubble=False):
    """The listening worker sent something."""

    def __init__(self, updates: tuple[Update, ...]) -> None:
        super().__init__()
        self.updates = updates


class LeaveRequested(Message):
    """The player wants to leave the screen that sends this: back to the title, or out of the program."""
