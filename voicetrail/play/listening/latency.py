"""The time from the end of a spoken word to the move that it made.

The detector gives no time at which a word was said, so the end of the word is taken from the sound itself: the last hop before the
detection that was nearly as loud as the loudest of the last second. A word that is given out before it is over counts from the
sound that was captured last.
"""

from __future__ import annotations

from collections import deque

from voicetrail.events import SAMPLE_RATE, Level, WordHeard

SPAN = SAMPLE_RATE
"""How far back, in samples, the word is looked for."""
FALL_DB = 15.0
"""A hop is part of the word while its level is at most this far below the loudest."""


class LatencyMeter:
    """Keeps the levels of the last second, and measures a word by them."""

    def __init__(self) -> None:
        self._levels: deque[tuple[int, float]] = deque()

    def hear(self, level: Level) -> None:
        """Take the level of a hop."""
        if self._levels and level.time <= self._levels[-1][0]:
            self._levels.clear()
        self._levels.append((level.time, level.rms_db))
        while self._levels and self._levels[0][0] < level.time - SPAN:
            self._levels.popleft()

    def clear(self) -> None:
        """Another stream begins."""
        self._levels.clear()

    def measure(self, heard: WordHeard, now: float) -> int | None:
        """Milliseconds from the end of a word to a moment.

        Args:
            heard: the word; its ``captured`` is when its last sample was captured.
            now: the moment of the move, of the same clock (``time.monotonic``).

        Returns:
            The time; ``None`` where it cannot be known (a file that is read faster than it was spoken, no levels).
        """
        if heard.captured is None:
            return None
        before = [(time, level) for time, level in self._levels if time <= heard.time]
        silent = 0
        if before:
            loudest = max(level for _, level in before)
            end = max(time for time, level in before if level >= loudest - FALL_DB)
            silent = heard.time - end
        return max(0, round(1000 * (now - heard.captured + silent / SAMPLE_RATE)))
