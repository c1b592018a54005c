"""The tutorial without a screen, in three steps: say each word, undo a stroke, turn listening off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from voicetrail.game.trail import Direction

TutorialStep = Literal["words", "undo", "mute", "done"]
ORDER: tuple[Direction, ...] = ("up", "right", "down", "left")
"""The words, in an order that draws a square."""
STEPS: tuple[TutorialStep, ...] = ("words", "undo", "mute", "done")
HARD_TRIES = 3
"""Calibration is offered for a word that needed this many tries."""
SILENCE_S = 15.0
"""Time without a word or key after which a step is skipped, in s."""


@dataclass
class Tutorial:
    """The state of the tutorial."""

    step: TutorialStep = "words"
    said: int = 0
    """Number of words of ``ORDER`` that were said."""
    tries: dict[Direction, int] = field(default_factory=dict)
    """Number of tries by word."""
    undone: bool = False
    muted: bool = False
    silent_s: float = 0.0

    @property
    def asked(self) -> Direction | None:
        """The requested word; ``None`` outside of the first step."""
        return ORDER[self.said] if self.step == "words" and self.said < len(ORDER) else None

    @property
    def complete(self) -> bool:
        """Whether every word was said."""
        return self.said == len(ORDER)

    @property
    def hard_words(self) -> tuple[Direction, ...]:
        """Words that needed at least ``HARD_TRIES`` tries."""
        return tuple(word for word, count in self.tries.items() if count >= HARD_TRIES)

    def hear(self, word: Direction) -> bool:
        """Process a detected word; return whether it was the requested one."""
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
        """Count a near miss of the requested word as a try."""
        self.silent_s = 0.0
        if (asked := self.asked) is not None:
            self.tries[asked] = self.tries.get(asked, 0) + 1

    def undo(self) -> bool:
        """Process the undo key; return whether the step asks for it."""
        self.silent_s = 0.0
        if self.step != "undo":
            return False
        self.undone = True
        self.go_on()
        return True

    def mute(self) -> bool:
        """Process the listening key; return whether the step asks for it."""
        self.silent_s = 0.0
        if self.step != "mute":
            return False
        if self.muted:
            self.go_on()
        self.muted = not self.muted
        return True

    def wait(self, seconds: float) -> None:
        """Let time pass without a word or key."""
        self.silent_s += seconds
        if self.silent_s >= SILENCE_S and self.step != "done":
            # Nobody is there, or there is no sound, so the rest of this step is skipped.
            self.step = "done" if self.step == "words" else STEPS[STEPS.index(self.step) + 1]
            self.silent_s = 0.0

    def go_on(self) -> None:
        """Go to the next step."""
        self.step = STEPS[min(STEPS.index(self.step) + 1, len(STEPS) - 1)]
        self.silent_s = 0.0
