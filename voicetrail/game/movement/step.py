"""The mode in which a word is a step: the pen draws as far as the step length says, and waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from voicetrail.game.inputs import Mode
from voicetrail.game.trail import Direction


@dataclass(frozen=True, slots=True)
class StepMode:
    """One step a word."""

    name: ClassVar[Mode] = "step"
    moving: ClassVar[bool] = False
    """The pen goes on by itself."""
    direction: ClassVar[Direction | None] = None

    length: int
    """Steps that a word draws."""

    def word(self, direction: Direction, at_ms: int) -> tuple[int, StepMode]:
        """A direction was said: how many steps to draw at once, and the mode from then on."""
        return self.length, self

    def advance(self, now_ms: int) -> tuple[int, StepMode]:
        """Time passed: how many steps are due (never any), and the mode from then on."""
        return 0, self

    def stop(self) -> StepMode:
        """The mode with the pen at rest."""
        return self
