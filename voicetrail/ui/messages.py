"""What travels to the app from other threads."""

from __future__ import annotations

from textual.message import Message

from voicetrail.play.updates import Update


class UpdatesArrived(Message, bubble=False):
    """The ears have news, in order."""

    def __init__(self, news: tuple[Update, ...]) -> None:
        super().__init__()
        self.news = news


class RecordingEnded(Message):
    """A recording ended by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
