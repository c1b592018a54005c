"""The time from the end of a spoken word to its move.

The detector does not report when a word was said, so its end is estimated from the level: the last hop before the detection that
was almost as loud as the loudest one of the last second. For a word that is detected before its end, the time counts from the last
captured sound.
"""

from __future__ import annotations

from collections import deque

from voicetrail.events import SAMPLE_RATE, Level, WordHeard

SPAN = SAMPLE_RATE
"""How far back the word is searched, in samples."""
FALL_DB = 15.0
"""A hop belongs to the word if its level is at most this far below the loudest one."""


class LatencyMeter:
    """Stores the levels of the last second, and measures the latency of words."""

    def __init__(self) -> None:
        self._levels: deque[tuple[int, float]] = deque()

    def hear(self, level: Level) -> None:
        """Add the level of a hop."""
        if self._levels and level.time <= self._levels[-1][0]:
            self._levels.clear()
        self._levels.append((level.time, level.rms_db))
        while self._levels and self._levels[0][0] < level.time - SPAN:
            self._levels.popleft()

    def clear(self) -> None:
        """Clear the levels, because another stream begins."""
        self._levels.clear()

    def measure(self, heard: WordHeard, now: float) -> int | None:
        """Return the time from the end of a word to its move, in ms.

        Args:
            heard: the word; ``captured`` is the time at which its last sample was captured.
            now: the time of the move, by the same clock (``time.monotonic``).

        Returns:
            The latency; ``None`` if it is unknown (a file that is read faster than real time, or no levels).
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
