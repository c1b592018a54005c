"""How listening stands, in words."""

from __future__ import annotations

from typing import Literal

State = Literal["loading", "listening", "muted", "talk", "lost", "ended", "keyboard"]
"""The recognizer is being loaded; words are taken; the player switched them off, or has to press space first (push to talk);
the source is lost; it came to its end; only keys play."""


def listening_text(state: State, *, muted: bool) -> str:
    """The line to show after the player switched listening on or off.

    Args:
        state: how listening stands apart from that.
        muted: it was switched off.
    """
    if muted:
        return "not listening: space starts it again"
    return {
        "ended": "the sound is over; the arrow keys play",
        "keyboard": "nothing can be heard; the arrow keys play",
        "lost": "listening goes on as soon as sound comes again",
        "loading": "listening begins once the recognizer is loaded",
    }.get(state, "listening")
