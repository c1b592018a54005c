"""How a round goes on, pauses and ends, without a screen."""

from __future__ import annotations

from typing import Literal

from voicetrail.game.rules import Changes
from voicetrail.game.trail import Direction
from voicetrail.play.rounds.round import Round

PauseReason = Literal["key", "silence", "source", "window", "dialog", "loading"]
"""Why a round stands still: the player asked for it; nothing was said for a while; no sound comes; the window is too small; another
screen lies over it; nobody can be heard before the recognizer is loaded."""
PAUSE_TEXT: dict[PauseReason, str] = {
    "key": "paused",
    "silence": "paused: nothing was said for a while",
    "source": "paused: no sound comes",
    "window": "paused: the window was too small",
    "dialog": "paused",
    "loading": "waiting for the recognizer",
}
Choice = Literal["go on", "restart", "leave"]
CHOICES: dict[Direction, Choice] = {"right": "go on", "up": "restart", "left": "leave"}
"""What the words do while a round is paused."""
OFFER = "right goes on, up restarts, left leaves"


class RoundFlow:
    """Pauses a round and lets it go on.

    Args:
        current: the round.
        pause_after_s: silence after which it pauses by itself; 0 is never.
    """

    def __init__(self, current: Round, pause_after_s: float) -> None:
        self.round = current
        self.pause_after_s = pause_after_s
        self.reason: PauseReason | None = None
        """Why it stands still; ``None`` while it goes on."""

    @property
    def playing(self) -> bool:
        """Words and keys are inputs of the round."""
        return self.reason is None and not self.round.rules.ended

    @property
    def silence_is_long(self) -> bool:
        """It is time to pause by itself: somebody has played, and has said and pressed nothing for a while."""
        return self.playing and 0 < self.pause_after_s <= self.round.silent_s

    def pause(self, reason: PauseReason) -> Changes | None:
        """Stand still; ``None`` where it does already, or the round is over."""
        if not self.playing:
            return None
        self.reason = reason
        return self.round.pause()

    def go_on(self) -> Changes | None:
        """Go on."""
        if self.reason is None:
            return None
        self.reason = None
        return self.round.resume()

    @property
    def text(self) -> str:
        """What the player reads while it stands still."""
        return "" if self.reason is None else f"{PAUSE_TEXT[self.reason]}; {OFFER}"
