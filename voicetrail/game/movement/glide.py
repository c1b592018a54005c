"""The movement in which the pen keeps going: until "stop", space, the edge, or some time without a word.

When a step is due depends on the times passed in and nothing else: however often the clock is asked, the drawing is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from voicetrail.game.inputs import Movement
from voicetrail.game.trail import Direction


@dataclass(frozen=True, slots=True)
class GlideMovement:
    """A word sets the pen going."""

    name: ClassVar[Movement] = "glide"

    speed: float
    """Cells a second up or down (sideways twice as many)."""
    silence: float
    """Seconds without a word after which the pen rests; 0 means never."""
    direction: Direction | None = None
    """Where the pen goes; ``None`` while it rests."""
    next_ms: int = 0
    """When the next step is due."""
    ends_ms: int | None = None
    """When the pen rests unless another word comes; ``None`` is never."""

    @property
    def moving(self) -> bool:
        """The pen goes on by itself."""
        return self.direction is not None

    @property
    def period_ms(self) -> int:
        """Milliseconds between two steps."""
        return max(1, round(1000 / self.speed))

    def word(self, direction: Direction, at_ms: int) -> tuple[int, GlideMovement]:
        """A direction was said: the first step is drawn at once, and the pen keeps going that way."""
        ends = at_ms + round(1000 * self.silence) if self.silence else None
        return 1, replace(self, direction=direction, next_ms=at_ms + self.period_ms, ends_ms=ends)

    def advance(self, now_ms: int) -> tuple[int, GlideMovement]:
        """Time passed: how many steps are due by now, and the movement from then on."""
        if not self.moving:
            return 0, self
        until = now_ms if self.ends_ms is None else min(now_ms, self.ends_ms)
        due = max(0, (until - self.next_ms) // self.period_ms + 1)
        moved = replace(self, next_ms=self.next_ms + due * self.period_ms)
        return due, moved if self.ends_ms is None or now_ms < self.ends_ms else moved.stop()

    def stop(self) -> GlideMovement:
        """The movement with the pen at rest."""
        return replace(self, direction=None, next_ms=0, ends_ms=None)
