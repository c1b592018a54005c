"""Gathers the windows that are due and lets the network score them together, fairly, and with a limit where there are too many.

Each visitor has at most one window in a batch, and goes on to the next only with the scores of that: only a visitor with more
sound queued waits longer.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable

from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.spotting.recognizer import Recognizer

GATHER_S = 0.010
"""Longest time in s that a window waits for those of other visitors. At 60 visitors 15 windows come together in it, and the network
takes 0.14 ms for each of them in place of 0.37 (see ``spotting.recognizer.TOGETHER_FROM``)."""
MOST_AT_ONCE = 64
"""Windows of one batch: 7 ms of work, after which other sound has its turn."""
LEVELS_S = (0.1, 0.25, 0.5)
"""Seconds of sound waiting, in the median over the visitors, from which on there are no scores for the charts; from which on only
every second window is scored; from which on everybody's sound that waits is dropped: a word that late moves nothing."""
CALM_S = 0.04
"""Seconds of sound waiting below which a level is given up again,"""
STEADY_S = 2.0
"""once that has been so for this long; and a level is taken only after a quarter of this."""


class Overload:
    """Decides from how much sound waits what is left out, for all visitors alike. Pure; the time is passed in."""

    def __init__(self) -> None:
        self.level = 0
        """0: nothing; 1: scores for the charts; 2: every second window too; 3: old sound too. Never words that were heard."""
        self._since: float | None = None
        self._direction = 0

    def take(self, waiting_s: float, now: float) -> bool:
        """Take the median of the seconds of sound that wait; return whether the level has changed."""
        higher = self.level < len(LEVELS_S) and waiting_s >= LEVELS_S[self.level]
        direction = 1 if higher else -1 if self.level and waiting_s <= CALM_S else 0
        if direction != self._direction or self._since is None:
            self._direction, self._since = direction, now
        if not direction or now - self._since < (STEADY_S / 4 if direction > 0 else STEADY_S):
            return False
        self.level += direction
        self._since = now
        return True


class Batches:
    """The windows that are due.

    Args:
        loop: calls back when it is time.
        on_failure: is given a visitor whose sound made the program fail, and the error; that visitor is left out.
        gather_s: see ``GATHER_S``.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[VisitorStream, Exception], None],
        gather_s: float = GATHER_S,
    ) -> None:
        self._loop, self._on_failure, self._gather_s = loop, on_failure, gather_s
        self._due: dict[VisitorStream, None] = {}
        self._timer: asyncio.Handle | None = None
        self._soon = False
        self.expected = 1
        """Visitors whose sound comes: when all of them have a window, nothing more is waited for."""
        self.skips = False
        """Score only every second window of each visitor; the one between counts as the one before it."""
        self.windows = self.batches = 0

    def sound_came(self, visitor: VisitorStream) -> None:
        """Go on with a visitor whose sound, or state, has come."""
        if visitor in self._due:
            return  # it waits for its scores
        try:
            due = visitor.advance()
        except Exception as error:  # whatever one visitor's sound leads to is that visitor's alone
            self._on_failure(visitor, error)
            return
        if due:
            self._add(visitor)

    def forget(self, visitor: VisitorStream) -> None:
        """Leave a visitor out from now on."""
        self._due.pop(visitor, None)

    def close(self) -> None:
        """Score nothing more."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _add(self, visitor: VisitorStream) -> None:
        self._due[visitor] = None
        if self._timer is None:
            self._timer, self._soon = self._loop.call_later(self._gather_s, self.score), False
        if not self._soon and len(self._due) >= min(self.expected, MOST_AT_ONCE):
            self._timer.cancel()
            self._timer, self._soon = self._loop.call_soon(self.score), True

    def score(self) -> None:
        """Score what is due, and let each visitor go on."""
        self._timer = None
        batch = list(self._due)[:MOST_AT_ONCE]
        for visitor in batch:
            del self._due[visitor]
        groups: dict[Recognizer, list[VisitorStream]] = {}
        for visitor in batch:
            if self.skips and visitor.latest and visitor.windows % 2:
                self._answer(visitor, visitor.latest)
            else:
                groups.setdefault(visitor.recognizer, []).append(visitor)
        for recognizer, visitors in groups.items():
            scores = recognizer.score_pictures([visitor.stream.picture for visitor in visitors])
            self.windows += len(visitors)
            self.batches += 1
            for visitor, posteriors in zip(visitors, scores, strict=True):
                self._answer(visitor, posteriors)
        if self._due and self._timer is None:
            # More than fits one batch: after the sound that has come meanwhile.
            self._timer, self._soon = self._loop.call_later(0, self.score), True

    def _answer(self, visitor: VisitorStream, posteriors: tuple[float, ...]) -> None:
        try:
            due = visitor.answer(posteriors)
        except Exception as error:
            self._on_failure(visitor, error)
            return
        if due:
            self._add(visitor)


def median_waiting_s(visitors: Iterable[VisitorStream]) -> float:
    """The median of the seconds of sound that wait, over the visitors whose sound comes: one that floods does not move it."""
    waiting = [visitor.source.waiting_s for visitor in visitors if visitor.hears]
    return statistics.median(waiting) if waiting else 0.0


def monotonic() -> float:
    """The clock of this process."""
    return time.monotonic()
