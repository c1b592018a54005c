"""Records takes from a source: words are found and cut out automatically, without a key press."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from voicetrail.audio.source import Source
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, SourceLost
from voicetrail.teaching.takes import BEGIN_FRAMES, FRAME, LONGEST, MARGIN, Span, Take, TakeFinder, cut

Sound = npt.NDArray[np.float32]
POLL_S = 0.2
SOUND_LOST = "Some sound was lost on its way, perhaps because this machine is busy: say it again."
"""What a player reads whose take was discarded, because sound was lost in it."""
PAST_SAMPLES = 3 * LONGEST + 4 * MARGIN
"""Samples of past sound in memory, for cutting."""


class TakeCutter:
    """Cuts takes out of sound, block by block. A take is available ``MARGIN`` after its end, including the quiet sound after it."""

    def __init__(self) -> None:
        self._finder = TakeFinder()
        self._past: deque[Sound] = deque()
        self._begin = 0
        self._end = 0
        self._spans: deque[Span] = deque()
        self._asked = 0
        """Sample at which a word was asked for; sound that began earlier is not a take of it."""
        self.level_db = -120.0
        """Level of the last block, in dB."""

    @property
    def speaking(self) -> bool:
        """Whether a take is under way."""
        return self._finder.speaking

    @property
    def floor_db(self) -> float:
        """The noise floor, in dB below full scale."""
        return self._finder.floor_db

    def add(self, samples: Sound) -> None:
        """Process more sound, ``[samples]`` at 16 kHz."""
        self.level_db = 20 * float(np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-6)) if len(samples) else -120.0
        self._past.append(samples)
        self._end += len(samples)
        while self._past and self._end - self._begin - len(self._past[0]) >= PAST_SAMPLES:
            self._begin += len(self._past.popleft())
        self._spans.extend(self._finder.feed(samples))

    def take(self, *, ended: bool = False) -> Take | None:
        """The next complete take, if any; ``ended``: there will be no more sound."""
        while self._spans and (ended or self._end >= self._spans[0].end + MARGIN):
            span = self._spans.popleft()
            if span.begin >= self._asked:
                return cut(np.concatenate([*self._past, np.zeros(0, dtype=np.float32)]), span, self._begin)
        return None

    def skip(self) -> None:
        """Discard pending takes, including one in progress, because the next word is asked for now."""
        self._spans.clear()
        self._asked = self._end

    def interrupt(self) -> None:
        """Handle a gap in the sound: discard a take in progress, and estimate the noise floor again."""
        floor = self._finder.floor_db
        self._finder = TakeFinder()
        self._finder.assume_floor(floor)
        self._past.clear()
        self._begin = self._end = 0
        # What begins at once is the rest of a word that lost its beginning.
        self._asked = BEGIN_FRAMES * FRAME
        self._spans.clear()

    def finish(self) -> None:
        """Handle the end of the sound."""
        self._spans.extend(self._finder.finish())


class TakeRecorder:
    """Cuts takes out of a source.

    Args:
        source: an open source; the caller closes it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._cutter = TakeCutter()
        self.problem = ""
        """The message of the source about missing sound; empty while there is sound."""
        self.ended = False
        """Whether the source has ended."""
        self.on_interrupt: Callable[[], None] = lambda: None
        """Called when a take is discarded, because sound was lost in it."""

    def poll(self, timeout_s: float = POLL_S) -> Take | None:
        """Wait at most ``timeout_s`` seconds for sound; return the take that it completes, if any."""
        take = self._cutter.take(ended=self.ended)
        if take is None and not self.ended:
            self._read(timeout_s)
        return take

    def next_take(self, timeout_s: float) -> Take | None:
        """The next take; ``None`` if there is none within ``timeout_s`` seconds, or the source has ended."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            ended = self.ended
            take = self.poll()
            if take is not None or ended:
                return take
        return None

    def record_room(self, seconds: float) -> Sound:
        """Record the room, ``[samples]``; less than ``seconds`` if the source ends."""
        blocks, size = list[Sound](), round(seconds * SAMPLE_RATE)
        patience = time.monotonic() + seconds + 5
        while sum(map(len, blocks)) < size and not self.ended and time.monotonic() < patience:
            if (samples := self._read(POLL_S)) is not None:
                blocks.append(samples)
            elif self.problem and not blocks and time.monotonic() > patience - seconds - 3:
                break  # there is no microphone: two seconds are enough to see that
        self._cutter.skip()  # words said meanwhile are not takes
        return np.concatenate(blocks)[:size] if blocks else np.zeros(0, dtype=np.float32)

    def _read(self, timeout_s: float) -> Sound | None:
        item = self._source.read(timeout_s)
        if isinstance(item, AudioBlock):
            self.problem = ""
            if item.lost:
                self._interrupt()
            self._cutter.add(item.samples)
            return item.samples
        if isinstance(item, SourceLost):
            self.problem = item.message
            self._interrupt()
        elif isinstance(item, SourceEnded):
            self.ended = True
            self._cutter.finish()
        return None

    def _interrupt(self) -> None:
        """Discard a take in progress: one with a hole is none."""
        if self._cutter.speaking:
            self.on_interrupt()
        self._cutter.interrupt()


def read_all(source: Source, limit_s: float | None = None) -> Sound:
    """Read a source to its end, or for ``limit_s`` seconds of sound, and close it; ``[samples]``."""
    blocks, done = list[Sound](), 0
    with source:
        while limit_s is None or done < limit_s * SAMPLE_RATE:
            item = source.read(POLL_S)
            if isinstance(item, AudioBlock):
                blocks.append(item.samples)
                done += len(item.samples)
            elif isinstance(item, SourceEnded):
                break
    return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros(0, dtype=np.float32)
