"""The state of listening, and its messages."""

from __future__ import annotations

from typing import Literal

State = Literal["loading", "listening", "muted", "talk", "lost", "ended", "keyboard"]
"""The recognizer is loading; words are detected; the player turned listening off; the player has to press space (push to talk);
the source is lost; the source has ended; there is only the keyboard."""


def listening_text(state: State, *, muted: bool) -> str:
    """Return the message after the player turned listening on or off.

    Args:
        state: the state of listening.
        muted: whether listening was turned off.
    """
    if muted:
        return "not listening; press space to start again"
    return {
        "ended": "the sound has ended; use the arrow keys",
        "keyboard": "there is no sound source; use the arrow keys",
        "lost": "listening continues when the sound returns",
        "loading": "listening begins when the recognizer is loaded",
    }.get(state, "listening")
