"""How to play, in three steps: say each word, take a stroke back, switch listening off. It knows no screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from voicetrail.game.trail import Direction

Step = Literal["words", "undo", "mute", "done"]
ORDER: tuple[Direction, ...] = ("up", "right", "down", "left")
"""The words in the order in which they draw a square."""
STEPS: tuple[Step, ...] = ("words", "undo", "mute", "done")
HARD_TRIES = 3
"""A word that needed so many tries is worth calibrating."""
SILENCE_S = 15.0
"""Time without a word or a key after which a step is passed over."""


@dataclass
class Tutorial:
    """Where the player stands."""

    step: Step = "words"
    said: int = 0
    """Words of ``ORDER`` that were said."""
    tries: dict[Direction, int] = field(default_factory=dict)
    """How often each word was tried."""
    undone: bool = False
    muted: bool = False
    silent_s: float = 0.0

    @property
    def asked(self) -> Direction | None:
        """The word that is asked for."""
        return ORDER[self.said] if self.step == "words" and self.said < len(ORDER) else None

    @property
    def hard_words(self) -> tuple[Direction, ...]:
        """Words that needed many tries."""
        return tuple(word for word, count in self.tries.items() if count >= HARD_TRIES)

    def hear(self, word: Direction) -> bool:
        """A word was given out; return whether it was the one asked for."""
        self.silent_s = 0.0
        asked = self.asked
        if asked is None:
            if word == "right":
                self.go_on()
            return False
        self.tries[asked] = self.tries.get(asked, 0) + 1
        if word != asked:
            return False
        self.said += 1
        if self.said == len(ORDER):
            self.go_on()
        return True

    def miss(self) -> None:
        """The word asked for came close and was not given out."""
        self.silent_s = 0.0
        if (asked := self.asked) is not None:
            self.tries[asked] = self.tries.get(asked, 0) + 1

    def undo(self) -> bool:
        """The key for undo was pressed; return whether that was what the step is about."""
        self.silent_s = 0.0
        if self.step != "undo":
            return False
        self.undone = True
        self.go_on()
        return True

    def mute(self) -> bool:
        """The key for listening was pressed; return whether that was what the step is about."""
        self.silent_s = 0.0
        if self.step != "mute":
            return False
        if self.muted:
            self.go_on()
        self.muted = not self.muted
        return True

    def wait(self, seconds: float) -> None:
        """Time passed without anything."""
        self.silent_s += seconds
        if self.silent_s >= SILENCE_S and self.step != "done":
            # Nobody is there, or nothing can be heard: nothing of this is worth asking for again.
            self.step = "done" if self.step == "words" else STEPS[STEPS.index(self.step) + 1]
            self.silent_s = 0.0

    def go_on(self) -> None:
        """The next step."""
        self.step = STEPS[min(STEPS.index(self.step) + 1, len(STEPS) - 1)]
        self.silent_s = 0.0
