"""A clock that a test sets."""

from __future__ import annotations


class Clock:
    """Stands still until a test moves it.

    Args:
        now: the time in seconds that it shows.
    """

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
