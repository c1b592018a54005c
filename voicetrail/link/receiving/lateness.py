"""What happens to sound that arrives late: it is dropped, unless the stream had only paused. Pure; the time is passed in."""

from __future__ import annotations

from enum import Enum

from voicetrail.link.delay import DelayEstimator

BLOCK_WAIT_LIMIT_S = 0.5
"""Seconds that a block of sound may be delayed, beyond the fastest one, before it is dropped."""
WORD_WAIT_LIMIT_S = 2.0
"""Seconds that a word from a remote recognizer may be delayed; an older word no longer moves anything."""
SETTLE_S = 1.0
"""Seconds that a stream may be late before it is decided whether it had only paused or the network is too slow."""
CATCH_UP_PART = 0.3
"""A stream that had paused makes up less than this part of the time that passes; one whose backlog drains makes up more."""


class Verdict(Enum):
    """What to do with a block."""

    KEEP = "keep"
    DROP = "drop"
    """It is too old."""
    DROP_AND_REPORT = "report"
    """It is too old, and blocks have been for a while: the player should know."""


class LatenessPolicy:
    """Decides for each block of a connection whether it is too old.

    A block with a time stamp is judged by that. A stream without stamps may have paused at its other end: then everything after
    the pause looks late by the same time. Once that has been so for ``SETTLE_S`` seconds, its clock is read again.

    Args:
        delay: the estimate of the delay.
    """

    def __init__(self, delay: DelayEstimator) -> None:
        self._delay = delay
        self._late_since: tuple[float, float] | None = None
        """When the first late block came, and how long it had waited."""

    def restart(self) -> None:
        """A new stream begins."""
        self._late_since = None

    def became_late(self, now: float) -> bool:
        """Whether the first late block after blocks that were not late came just now."""
        return self._late_since is not None and self._late_since[0] == now

    def judge(self, waited: float, now: float, *, stamped: bool) -> Verdict:
        """Decide about a block.

        Args:
            waited: seconds that it waited on its way.
            now: when it arrived.
            stamped: it has a time stamp.
        """
        if waited <= BLOCK_WAIT_LIMIT_S:
            self._late_since = None
            return Verdict.KEEP
        if self._late_since is None:
            self._late_since = (now, waited)
        since, at_first = self._late_since
        if now - since < SETTLE_S:
            return Verdict.DROP
        if not stamped and at_first - waited < CATCH_UP_PART * (now - since):
            self._delay.restart()
            self._late_since = None
            return Verdict.KEEP
        return Verdict.DROP_AND_REPORT
