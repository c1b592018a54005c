"""Whether sound (or words) arrive over a connection at present, and how peers and the game are informed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from wyoming.event import Event

from voicetrail.events import SourceBack, SourceDelayed, SourceEvent, SourceLost
from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import SOURCE_STATE, WireError, text
from voicetrail.text import printable

CHANGES_PER_SECOND, CHANGES_IN_HAND = 5, 20
"""Reports of its microphone that a peer may send."""
MESSAGE_LIMIT = 1_000
"""Most characters of a peer's message; what is shown of it is shorter."""
NAME_LIMIT = 80
"""Most characters of a source's name, which comes with the report that it is back."""


class State(Enum):
    """What comes over a connection at present."""

    NEW = "new"
    """Nothing yet."""
    ON = "on"
    DELAYED = "delayed"
    LOST = "lost"


class SourceStatus:
    """Follows the state of a source and makes an event for each change."""

    def __init__(self) -> None:
        self.state = State.NEW

    def change(self, state: State, text: str) -> SourceEvent | None:
        """Take the present state; return the event to emit, or ``None`` where nothing has changed.

        Args:
            state: what comes at present; what is lost cannot be delayed.
            text: the source's name where sound comes, a message for the player else.
        """
        if state is self.state or (state is State.DELAYED and self.state is State.LOST):
            return None
        self.state = state
        if state is State.ON:
            return SourceBack(0, text)
        return SourceLost(0, text) if state is State.LOST else SourceDelayed(0, text)


class StateReports:
    """Reads what the peer of one connection reports of its microphone."""

    def __init__(self) -> None:
        self._bucket = TokenBucket(CHANGES_PER_SECOND, CHANGES_IN_HAND)

    def decode(self, data: Mapping[str, Any], now: float) -> tuple[State, str] | None:
        """Return the state and a message for the player; ``None`` for a state that this version does not know.

        Raises:
            WireError: the report is invalid, or there are too many of them.
        """
        if not self._bucket.take(1, now):
            raise WireError(f"more than {CHANGES_PER_SECOND} reports of its microphone a second")
        name = text(data, "state", 20)
        message = printable(text(data, "message", MESSAGE_LIMIT, ""), 160)
        if name == "back":
            return State.ON, message
        if name == "delayed":
            return State.DELAYED, message or "the microphone at the other end is delayed"
        if name == "lost":
            return State.LOST, message or "the microphone at the other end was lost"
        if name == "ended":
            return State.LOST, message or "the sound at the other end has ended"
        return None


def encode_state(event: SourceEvent) -> Event:
    """Write what happened to a source."""
    if isinstance(event, SourceLost | SourceDelayed):
        state = "lost" if isinstance(event, SourceLost) else "delayed"
        return Event(SOURCE_STATE, {"state": state, "message": printable(event.message, MESSAGE_LIMIT)})
    if isinstance(event, SourceBack):
        return Event(SOURCE_STATE, {"state": "back", "message": printable(event.name, NAME_LIMIT)})
    return Event(SOURCE_STATE, {"state": "ended"})
