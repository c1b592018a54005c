"""The movement *glide*: the pen keeps moving until "stop", space, the edge, or some time without a word.

The steps depend only on the times that are passed in, and not on how often ``advance`` is called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from voicetrail.game.inputs import Movement
from voicetrail.game.trail import Direction


@dataclass(frozen=True, slots=True)
class GlideMovement:
    """A word starts the pen, which then moves until something stops it."""

    name: ClassVar[Movement] = "glide"

    speed: float
    """Steps per second."""
    silence: float
    """Time without a word after which the pen stops, in s; 0 means never."""
    direction: Direction | None = None
    """Direction of the pen; ``None`` while it does not move."""
    next_ms: int = 0
    """When the next step is due."""
    ends_ms: int | None = None
    """When the pen stops unless another word is detected; ``None`` means never."""

    @property
    def moving(self) -> bool:
        """Whether the pen is moving."""
        return self.direction is not None

    @property
    def period_ms(self) -> int:
        """Time between two steps, in ms."""
        return max(1, round(1000 / self.speed))

    def word(self, direction: Direction, at_ms: int) -> tuple[int, GlideMovement]:
        """Take a direction: return the number of steps to draw at once, and the movement from then on."""
        ends = at_ms + round(1000 * self.silence) if self.silence else None
        return 1, replace(self, direction=direction, next_ms=at_ms + self.period_ms, ends_ms=ends)

    def advance(self, now_ms: int) -> tuple[int, GlideMovement]:
        """Let time pass: return the number of steps that are due, and the movement from then on."""
        if not self.moving:
            return 0, self
        until = now_ms if self.ends_ms is None else min(now_ms, self.ends_ms)
        due = max(0, (until - self.next_ms) // self.period_ms + 1)
        moved = replace(self, next_ms=self.next_ms + due * self.period_ms)
        return due, moved if self.ends_ms is None or now_ms < self.ends_ms else moved.stop()

    def stop(self) -> GlideMovement:
        """Return the movement with a stopped pen."""
        return replace(self, direction=None, next_ms=0, ends_ms=None)
