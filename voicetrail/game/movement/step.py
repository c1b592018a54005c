"""The movement *step*: a word moves the pen by the step length, and the pen stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from voicetrail.game.inputs import Movement
from voicetrail.game.trail import Direction


@dataclass(frozen=True, slots=True)
class StepMovement:
    """A word draws one stroke of the step length."""

    name: ClassVar[Movement] = "step"
    moving: ClassVar[bool] = False
    """Whether the pen is moving: never between words."""
    direction: ClassVar[Direction | None] = None

    length: int
    """Step length: how far a word moves the pen, in steps."""

    def word(self, direction: Direction, at_ms: int) -> tuple[int, StepMovement]:
        """Take a direction: return the number of steps to draw at once, and the movement from then on."""
        return self.length, self

    def advance(self, now_ms: int) -> tuple[int, StepMovement]:
        """Let time pass: return the number of steps that are due (always 0), and the movement from then on."""
        return 0, self

    def stop(self) -> StepMovement:
        """Return the movement with a stopped pen."""
        return self
