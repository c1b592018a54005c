"""The delay of the connection for display: a stable value, because each change costs bytes on the connection."""

from __future__ import annotations

EVERY_S = 1.0
"""Minimum time between two values, in s."""
STEP_MS = 10
"""Minimum change of a value, in ms."""
MIN_CHANGE = 0.25
"""Minimum change, as a fraction of the displayed value."""


class DelayDisplay:
    """Converts the measured delay to the displayed value."""

    def __init__(self) -> None:
        self._shown: int | None = None
        self._at = 0.0

    def take(self, delay: float | None, now: float) -> int | None:
        """Take the current delay in s (``None`` without a connection, or while it is stalled); return the value to show, in ms."""
        if delay is None:
            self._shown = None
        elif self._shown is None or (now - self._at >= EVERY_S and self._differs(delay * 1000, self._shown)):
            self._shown, self._at = round(delay * 1000), now
        return self._shown

    @staticmethod
    def _differs(milliseconds: float, shown: int) -> bool:
        return abs(milliseconds - shown) >= max(STEP_MS, MIN_CHANGE * shown)
