"""Collects the windows that are due and scores them in batches, fairly, and with a limit under overload.

Each visitor has at most one window in a batch, and continues only when that is scored. So only visitors with a backlog of sound wait
longer.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable

from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.spotting.recognizer import Recognizer

GATHER_S = 0.010
"""Longest time in s that a window waits for those of other visitors. With 60 visitors, 15 windows form a batch, and the network
takes 0.14 ms for each of them instead of 0.37 (see ``spotting.recognizer.TOGETHER_FROM``)."""
MOST_AT_ONCE = 64
"""Most windows in a batch: 7 ms of work, before more sound is read."""
LEVELS_S = (0.1, 0.25, 0.5)
"""Levels of overload, by the median backlog of sound over the visitors, in s: no scores for the charts; only every second window is
scored; the backlog of every visitor is dropped, because words that late move nothing."""
CALM_S = 0.04
"""A level ends when the median backlog is below this, in s,"""
STEADY_S = 2.0
"""for this long, in s. A level starts after a quarter of this time."""


class Overload:
    """Decides from the backlog of sound what to skip, equally for all visitors. Pure; the time is passed in."""

    def __init__(self) -> None:
        self.level = 0
        """What is skipped: 0 nothing; 1 scores for the charts; 2 also every second window; 3 also old sound. Never detected words."""
        self._since: float | None = None
        self._direction = 0

    def take(self, waiting_s: float, now: float) -> bool:
        """Update with the median backlog; return whether the level has changed."""
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
    """Collects and scores the windows that are due.

    Args:
        loop: the event loop.
        on_failure: called with a visitor whose sound caused an error, and the error; that visitor is not served any more.
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
        """Number of visitors with sound: when all of them have a window, the batch does not wait any longer."""
        self.skips = False
        """Score only every second window of each visitor; the others get the scores of the window before."""
        self.windows = self.batches = 0

    def sound_came(self, visitor: VisitorStream) -> None:
        """Process new sound, or a new state, of a visitor."""
        if visitor in self._due:
            return  # its window is not scored yet
        try:
            due = visitor.advance()
        except Exception as error:  # an error in one visitor's sound must not affect the others
            self._on_failure(visitor, error)
            return
        if due:
            self._add(visitor)

    def forget(self, visitor: VisitorStream) -> None:
        """Stop serving a visitor."""
        self._due.pop(visitor, None)

    def close(self) -> None:
        """Stop scoring."""
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
        """Score the windows that are due, and continue with each visitor."""
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
            # More windows than fit into one batch: read new sound first.
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
    """The median backlog of sound in s, over the visitors with sound; a single visitor who floods does not change it."""
    waiting = [visitor.source.waiting_s for visitor in visitors if visitor.hears]
    return statistics.median(waiting) if waiting else 0.0


def monotonic() -> float:
    """The clock of this process."""
    return time.monotonic()
