"""Pausing and resuming a round, without a screen."""

from __future__ import annotations

from typing import Literal

from voicetrail.game.rules import Changes
from voicetrail.game.trail import Direction
from voicetrail.play.rounds.round import Round

PauseReason = Literal["key", "silence", "source", "window", "dialog", "loading"]
"""Why a round is paused: the player paused it; nothing was said for a while; there is no sound; the window is too small; another
screen covers it; the recognizer is not loaded yet."""
PAUSE_TEXT: dict[PauseReason, str] = {
    "key": "paused",
    "silence": "paused: nothing was said for a while",
    "source": "paused: there is no sound",
    "window": "paused: the window was too small",
    "dialog": "paused",
    "loading": "paused: loading the recognizer",
}
Choice = Literal["go on", "restart", "leave"]
CHOICES: dict[Direction, Choice] = {"right": "go on", "up": "restart", "left": "leave"}
"""What each word does while a round is paused."""
OFFER = "right continues, up restarts, left leaves"


class RoundFlow:
    """Pauses and resumes a round.

    Args:
        current: the round.
        pause_after_s: time without a word after which the round pauses, in s; 0 means never.
    """

    def __init__(self, current: Round, pause_after_s: float) -> None:
        self.round = current
        self.pause_after_s = pause_after_s
        self.reason: PauseReason | None = None
        """Why the round is paused; ``None`` if it is not."""

    @property
    def playing(self) -> bool:
        """Whether words and keys are inputs of the round."""
        return self.reason is None and not self.round.rules.ended

    @property
    def silence_is_long(self) -> bool:
        """Whether the round should pause: there was no word and no key for the time."""
        return self.playing and 0 < self.pause_after_s <= self.round.silent_s

    def pause(self, reason: PauseReason) -> Changes | None:
        """Pause; return ``None`` if the round is already paused or over."""
        if not self.playing:
            return None
        self.reason = reason
        return self.round.pause()

    def go_on(self) -> Changes | None:
        """Continue; return ``None`` if the round is not paused."""
        if self.reason is None:
            return None
        self.reason = None
        return self.round.resume()

    @property
    def text(self) -> str:
        """The message while the round is paused."""
        return "" if self.reason is None else f"{PAUSE_TEXT[self.reason]}; {OFFER}"
