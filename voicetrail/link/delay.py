"""How old sound is when it arrives over a connection, estimated without a common clock. Pure arithmetic; the time is passed in.

Each block carries a clock of its sender: its time stamp, or its position in the stream. Arrival minus that clock is an unknown
offset plus the delay. The lowest value of the last minutes belongs to the fastest block; blocks above it were held up on the
way. The fastest block took half a round trip, which pings measure.
"""

from __future__ import annotations

from collections import deque

BUCKET_S = 60.0
"""Seconds of one bucket of minima."""
BUCKETS = 5
"""Buckets that are kept. In this time two clocks drift apart by at most about 50 ms, so older buckets are dropped."""
ROUND_TRIPS = 16
"""Round trips of which the shortest counts."""


class DelayEstimator:
    """Estimates when what just arrived was captured, in this machine's ``time.monotonic()``."""

    def __init__(self) -> None:
        self._minima: deque[list[float]] = deque(maxlen=BUCKETS)
        """Begin and lowest offset of each bucket, in s."""
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS)

    def restart(self) -> None:
        """Forget the sender's clock (a new connection, a new stream)."""
        self._minima.clear()

    def round_trip(self, taken: float) -> None:
        """Take the round-trip time of a ping in seconds."""
        self._round_trips.append(taken)

    @property
    def transit(self) -> float:
        """Seconds that the fastest block takes one way; 0 while unknown."""
        return min(self._round_trips, default=0.0) / 2

    @property
    def measured(self) -> bool:
        """Whether a ping was answered, so that ``transit`` is known."""
        return bool(self._round_trips)

    def waited(self, clock: float, now: float) -> float:
        """Take a block's clock and its arrival, both in s; return how much longer it took than the fastest one, in s."""
        offset = now - clock
        if not self._minima or now - self._minima[-1][0] >= BUCKET_S:
            self._minima.append([now, offset])
        self._minima[-1][1] = min(self._minima[-1][1], offset)
        return offset - min(minimum for _, minimum in self._minima)


class TokenBucket:
    """A rate limit that allows bursts: bounds how much work a peer can cause.

    Args:
        rate: units a second in the long run.
        in_hand: units that may come in one burst.
    """

    def __init__(self, rate: float, in_hand: float) -> None:
        self._rate = rate
        self._in_hand = in_hand
        self._left = in_hand
        self._last: float | None = None

    def spend(self, units: float, now: float) -> float:
        """Spend units; return the seconds to wait before the next are allowed, 0 if none."""
        if self._last is not None:
            self._left = min(self._in_hand, self._left + (now - self._last) * self._rate)
        self._last = now
        self._left -= units
        return max(0.0, -self._left / self._rate)

    def take(self, units: float, now: float) -> bool:
        """Spend units if there are enough; return whether there were."""
        self.spend(0, now)
        if self._left < units:
            return False
        self._left -= units
        return True
