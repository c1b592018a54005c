"""The movement in which a word is a step: the pen draws as far as the step length says, and waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from voicetrail.game.inputs import Movement
from voicetrail.game.trail import Direction


@dataclass(frozen=True, slots=True)
class StepMovement:
    """One step a word."""

    name: ClassVar[Movement] = "step"
    moving: ClassVar[bool] = False
    """The pen goes on by itself."""
    direction: ClassVar[Direction | None] = None

    length: int
    """Steps that a word draws."""

    def word(self, direction: Direction, at_ms: int) -> tuple[int, StepMovement]:
        """A direction was said: how many steps to draw at once, and the movement from then on."""
        return self.length, self

    def advance(self, now_ms: int) -> tuple[int, StepMovement]:
        """Time passed: how many steps are due (never any), and the movement from then on."""
        return 0, self

    def stop(self) -> StepMovement:
        """The movement with the pen at rest."""
        return self
