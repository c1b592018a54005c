"""Records takes from a source: the next word said is found and cut out, no key has to be hit in time."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
import numpy.typing as npt

from voicetrail.audio.source import Source
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, SourceLost
from voicetrail.teaching.takes import LONGEST, MARGIN, Span, Take, TakeFinder, cut

Sound = npt.NDArray[np.float32]
POLL_S = 0.2
KEPT = 3 * LONGEST + 4 * MARGIN
"""Samples of the past that are kept for cutting."""


class TakeRecorder:
    """Cuts takes out of a source.

    Args:
        source: an open source; the caller closes it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._finder = TakeFinder()
        self._past: deque[Sound] = deque()
        self._begin = 0
        self._end = 0
        self._spans: deque[Span] = deque()
        self.problem = ""
        """Why no sound comes, as the source says it; empty while it does."""
        self.ended = False
        """The source is over."""
        self.level_db = -120.0
        """Level of the last block."""

    @property
    def speaking(self) -> bool:
        """Whether a take is under way."""
        return self._finder.speaking

    def poll(self, timeout_s: float = POLL_S) -> Take | None:
        """Wait at most so long for sound; return the take that it completed, if it did.

        A take is given out ``MARGIN`` after its end, when the quiet after it has been heard too.
        """
        if (self._spans and self._end >= self._spans[0].end + MARGIN) or (self._spans and self.ended):
            return self._cut(self._spans.popleft())
        if self.ended:
            return None
        item = self._source.read(timeout_s)
        if isinstance(item, AudioBlock):
            self.problem = ""
            self._add(item.samples)
        elif isinstance(item, SourceLost):
            self.problem = item.message
        elif isinstance(item, SourceEnded):
            self.ended = True
            self._spans.extend(self._finder.finish())
        return None

    def next_take(self, timeout_s: float) -> Take | None:
        """The next take; ``None`` when none came within ``timeout_s`` seconds, or the source is over."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            take = self.poll()
            if take is not None:
                return take
            if self.ended and not self._spans:
                return None
        return None

    def record_room(self, seconds: float) -> Sound:
        """Record so many seconds of the room, ``[samples]``; less where the source ends."""
        blocks, target = list[Sound](), round(seconds * SAMPLE_RATE)
        patience = time.monotonic() + seconds + 5
        while sum(map(len, blocks)) < target and not self.ended and time.monotonic() < patience:
            item = self._source.read(POLL_S)
            if isinstance(item, AudioBlock):
                blocks.append(item.samples)
                self._add(item.samples)
            elif isinstance(item, SourceEnded):
                self.ended = True
            elif isinstance(item, SourceLost):
                self.problem = item.message
        self._spans.clear()  # what was said meanwhile is no take
        return np.concatenate(blocks)[:target] if blocks else np.zeros(0, dtype=np.float32)

    def skip(self) -> None:
        """Forget takes that wait, and what was said so far: the next word is asked for now."""
        self._spans.clear()

    def _add(self, samples: Sound) -> None:
        self.level_db = 20 * float(np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-6)) if len(samples) else -120.0
        self._past.append(samples)
        self._end += len(samples)
        while self._past and self._end - self._begin - len(self._past[0]) >= KEPT:
            self._begin += len(self._past.popleft())
        self._spans.extend(self._finder.feed(samples))

    def _cut(self, span: Span) -> Take:
        return cut(np.concatenate([*self._past, np.zeros(0, dtype=np.float32)]), span, self._begin)


def read_all(source: Source) -> Sound:
    """Read a file source to its end, and close it."""
    blocks = list[Sound]()
    with source:
        while not isinstance(item := source.read(1.0), SourceEnded):
            if isinstance(item, AudioBlock):
                blocks.append(item.samples)
    return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros(0, dtype=np.float32)
