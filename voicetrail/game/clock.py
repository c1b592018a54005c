"""The clock of a round: the session's time without the pauses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RoundClock:
    """Takes the times that inputs come with, and leaves the pauses out."""

    now_ms: int = 0
    """The latest time that an input came with, by the session's clock."""
    paused_ms: int = 0
    """Length of the pauses that are over."""
    pause_began_ms: int | None = None
    """When the pause of the moment began; ``None`` while the clock runs."""

    @property
    def paused(self) -> bool:
        """The clock stands still."""
        return self.pause_began_ms is not None

    @property
    def time_ms(self) -> int:
        """The round's time: milliseconds without pauses."""
        return (self.now_ms if self.pause_began_ms is None else self.pause_began_ms) - self.paused_ms

    def move_to(self, at_ms: int) -> None:
        """Note the time of an input; a time before the last one counts as the last one."""
        self.now_ms = max(self.now_ms, at_ms)

    def pause(self) -> None:
        """Stand still from now on."""
        if self.pause_began_ms is None:
            self.pause_began_ms = self.now_ms

    def resume(self) -> None:
        """Go on from the time at which it stopped."""
        if self.pause_began_ms is not None:
            self.paused_ms += self.now_ms - self.pause_began_ms
            self.pause_began_ms = None

    def copy(self) -> RoundClock:
        """A clock of its own that shows the same."""
        return RoundClock(self.now_ms, self.paused_ms, self.pause_began_ms)
