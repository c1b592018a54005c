"""The delay of the line as the screen shows it: a figure that holds still, because over a line every change of it costs bytes."""

from __future__ import annotations

EVERY = 1.0
"""Seconds between two figures at least."""
STEP_MS = 10
"""A change of less than this is not shown."""
PART = 0.25
"""Nor is one of less than this part of what is shown."""


class DelayDisplay:
    """Turns the delay measured from moment to moment into the figure that is shown."""

    def __init__(self) -> None:
        self._shown: int | None = None
        self._at = 0.0

    def take(self, delay: float | None, now: float) -> int | None:
        """Take the delay of the moment in s (``None``: no line, or one that stands still); return the milliseconds to show."""
        if delay is None:
            self._shown = None
        elif self._shown is None or (now - self._at >= EVERY and self._differs(delay * 1000, self._shown)):
            self._shown, self._at = round(delay * 1000), now
        return self._shown

    @staticmethod
    def _differs(milliseconds: float, shown: int) -> bool:
        return abs(milliseconds - shown) >= max(STEP_MS, PART * shown)
