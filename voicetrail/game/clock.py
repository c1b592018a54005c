"""The clock of a round: the session's time without the pauses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RoundClock:
    """Converts session times to round times: the length of all pauses is subtracted."""

    now_ms: int = 0
    """Time of the latest input, by the session's clock."""
    paused_ms: int = 0
    """Total length of the finished pauses."""
    pause_began_ms: int | None = None
    """When the current pause began; ``None`` while the clock runs."""

    @property
    def paused(self) -> bool:
        """Whether the clock is stopped."""
        return self.pause_began_ms is not None

    @property
    def time_ms(self) -> int:
        """Time of the round in milliseconds, without pauses."""
        return (self.now_ms if self.pause_began_ms is None else self.pause_began_ms) - self.paused_ms

    def move_to(self, at_ms: int) -> None:
        """Record the time of an input. A time before the previous one counts as the previous one."""
        self.now_ms = max(self.now_ms, at_ms)

    def pause(self) -> None:
        """Stop the clock."""
        if self.pause_began_ms is None:
            self.pause_began_ms = self.now_ms

    def resume(self) -> None:
        """Start the clock again at the time at which it stopped."""
        if self.pause_began_ms is not None:
            self.paused_ms += self.now_ms - self.pause_began_ms
            self.pause_began_ms = None

    def copy(self) -> RoundClock:
        """Return an independent copy."""
        return RoundClock(self.now_ms, self.paused_ms, self.pause_began_ms)
