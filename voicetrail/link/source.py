"""Sound over a line: any Wyoming microphone, or raw 16-bit sound from a socket or a FIFO, as a source.

Sound has an age. What waited on its way longer than ``LATE`` is dropped, so that a word never moves the pen seconds after it
was said; how much was dropped is counted in the next block's ``lost``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceBack, SourceDelayed, SourceEnded, SourceEvent, SourceLost
from voicetrail.link.address import Address, parse_address
from voicetrail.link.connection import Connection
from voicetrail.link.delay import DelayEstimator, TokenBucket
from voicetrail.link.handshake import Handshake, secret_of
from voicetrail.link.pcm import PcmConverter
from voicetrail.link.wire import NEWS
from voicetrail.text import printable

LATE = 0.5
"""Seconds that sound may wait on its way, above the line's best, before it is dropped."""
QUIET = 0.7
"""Seconds without sound after which the source says that it is delayed."""
QUEUE = SAMPLE_RATE
"""Samples that wait here for ``read``. Of a stream that is faster the oldest are dropped; the writer of a FIFO waits."""
PACE = 1.5
"""A line is given out at most this much faster than it was spoken, after a second at once: a peer that sends without end cannot
keep the recognizer busy, and what waited in a FIFO before it was opened is caught up with."""
NEWS_WAITING = 8
"""News that wait for ``read``; the oldest give way."""
PING_EVERY = 1.0
SETTLE = 1.0
"""Seconds that a stream without stamps may be late before its own clock is taken anew: it had paused."""


def open_line(spec: str) -> NetworkSource:
    """Open a line that sound comes over.

    Raises:
        AudioError: the address is none, is that of words, or its secret cannot be read.
    """
    address = parse_address(spec)
    if address.content == "words":
        raise AudioError(f"{address} gives words, no sound: use it with `voicetrail play`")
    return NetworkSource(address)


def open_fifo(path: str, *, paced: bool) -> NetworkSource:
    """Open a FIFO (or a pipe) that raw 16-bit mono sound at 16 kHz comes through.

    Args:
        path: its path, also ``/dev/stdin``.
        paced: for the game: not much faster than it is spoken, and the writer's closing is a loss, not the end.
    """
    return NetworkSource(Address("pcm", "fifo", path=path), paced=paced)


class NetworkSource:
    """A source whose sound comes over a line.

    Args:
        address: where from.
        paced: for a FIFO, see ``open_fifo``.
        clock: this machine's clock.
    """

    live = True

    def __init__(self, address: Address, *, paced: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = str(address)
        self.lost = 0
        """Samples dropped or told lost since the line was opened."""
        self._address = address
        self._fifo = address.transport == "fifo"
        self._paced = paced or not self._fifo
        self._clock = clock
        self._secret = secret_of(address)
        self._delay_estimator = DelayEstimator()
        self._condition = threading.Condition()
        self._queue: deque[AudioBlock | SourceEvent] = deque()
        self._queued = 0
        self._lost_now = 0
        self._closed = False
        self._reading = False
        self._pace = TokenBucket(PACE * SAMPLE_RATE, SAMPLE_RATE)
        self._not_before = 0.0
        self._state = "new"
        self._last_message = ""
        self._waited = 0.0
        self._handshake: Handshake | None = None
        self._converter: PcmConverter | None = None
        self._position = 0.0
        self._last_sound = 0.0
        self._late_since: tuple[float, float] | None = None
        self._paused = False
        self._line = Connection(address, self, ends=self._fifo and not paced, clock=clock)
        self._line.start()

    @property
    def delay_s(self) -> float | None:
        """Seconds that sound is on its way over the line at present; ``None`` while nothing comes, or where no ping tells."""
        known = self._state == "on" and self._delay_estimator.measured
        return self._delay_estimator.transit + self._waited if known else None

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Wait at most ``timeout`` seconds for sound or news; see ``audio.source.Source``."""
        deadline = self._clock() + timeout
        self._reading = True
        with self._condition:
            while not self._closed:
                now = self._clock()
                if self._queue and now >= self._not_before:
                    return self._take(now)
                until = max(deadline, 0.0) if not self._queue else min(deadline, self._not_before)
                if now >= deadline:
                    return None
                self._condition.wait(max(until - now, 0.001))
        return None

    def _take(self, now: float) -> AudioBlock | SourceEvent:
        item = self._queue.popleft()
        if isinstance(item, AudioBlock):
            self._queued -= len(item.samples)
            self._condition.notify_all()
            if self._paced:
                self._not_before = now + self._pace.spend(len(item.samples), now)
        elif isinstance(item, SourceEnded):
            self._closed = True
        return item

    def close(self) -> None:
        """End the line; see ``audio.source.Source``."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # What the line's thread calls.

    def connected(self, now: float) -> None:
        """A connection stands: begin anew with everything that was the old one's."""
        self._delay_estimator.restart()
        self._position, self._last_sound, self._late_since, self._paused = 0.0, now, None, self._fifo
        if self._address.content == "pcm":
            self._converter = PcmConverter(self._address.rate, self._address.channels)
        else:
            self._converter = None
            self._handshake = Handshake("sound", self._secret, self._line.send, self._delay_estimator, PING_EVERY)

    def received(self, data: bytes, now: float) -> None:
        """Bytes came over the line."""
        if self._handshake is None:
            assert self._converter is not None
            self._sound(data, None, now)
            return
        for event in self._handshake.received(data, now):
            self._event(event, self._handshake, now)

    def tick(self, now: float) -> None:
        """Ping, and notice that nothing comes."""
        if self._handshake is not None:
            self._handshake.tick(now)
        if not self._paused and now - self._last_sound > QUIET:
            self._say("delayed", f"microphone delayed: no sound for {now - self._last_sound:.1f} s over {self.name}")

    def disconnected(self, message: str, ended: bool) -> None:
        """The connection ended."""
        self._handshake = None
        if ended:
            self._put(SourceEnded(0))
        else:
            self._say("lost", f"{message}; trying again")

    def _event(self, event: Event, handshake: Handshake, now: float) -> None:
        if AudioChunk.is_type(event.type):
            self._format(event.data)
            stamp = event.data.get("timestamp") if handshake.is_voicetrail else None
            clock = stamp / 1000 if isinstance(stamp, int | float) and not isinstance(stamp, bool) else None
            lost = event.data.get("lost", 0)
            if handshake.is_voicetrail and isinstance(lost, int) and 0 < lost < SAMPLE_RATE * 3600:
                self._count_lost(lost)
            self._sound(event.payload or b"", clock, now)
            handshake.acknowledged = clock
            if self._late_since is not None and clock is not None and self._late_since[0] == now:
                handshake.ping(now)
        elif AudioStart.is_type(event.type):
            self._format(event.data)
            self._paused, self._late_since, self._last_sound = False, None, now
            if not handshake.is_voicetrail:
                self._delay_estimator.restart()
        elif AudioStop.is_type(event.type):
            self._paused = True
        elif event.type == NEWS and handshake.is_voicetrail:
            self._news(event.data, now)

    def _format(self, data: dict[str, Any]) -> None:
        rate, channels, width = data.get("rate"), data.get("channels"), data.get("width")
        if self._converter is None or self._converter.format != (rate, channels, width):
            self._converter = PcmConverter(rate, channels, width)  # type: ignore[arg-type]  # it checks what the peer wrote

    def _news(self, data: dict[str, Any], now: float) -> None:
        state, message = data.get("state"), printable(data.get("message", ""), 160)
        if state == "back":
            self._paused, self._last_sound = False, now
        elif state in ("lost", "ended"):
            self._paused = True
            self._say(
                "lost", message or f"the microphone at the other end {'was lost' if state == 'lost' else 'has come to its end'}"
            )
        elif state == "delayed":
            self._say("delayed", message or "the microphone at the other end is delayed")

    def _sound(self, data: bytes, stamp: float | None, now: float) -> None:
        assert self._converter is not None
        samples = self._converter.convert(data)
        self._last_sound, self._paused = now, False
        if not len(samples):
            return
        self._position += len(samples) / SAMPLE_RATE
        waited = self._delay_estimator.waited(self._position if stamp is None else stamp, now)
        if not self._fifo and waited > LATE and not self._settled(waited, stamp, now):
            self._count_lost(len(samples))
            return
        if waited <= LATE:
            self._late_since = None
        self._waited = waited if not self._waited else 0.9 * self._waited + 0.1 * waited
        self._say("on", self._handshake.name if self._handshake is not None else "")
        captured = now - waited - self._delay_estimator.transit
        with self._condition:
            while self._fifo and self._queued >= QUEUE and not self._closed:
                self._condition.wait(0.5)
            self._queue.append(AudioBlock(samples, captured, self._lost_now))
            self._lost_now = 0
            self._queued += len(samples)
            while self._queued > QUEUE and not self._fifo:
                self._drop_oldest()
            self._condition.notify_all()

    def _settled(self, waited: float, stamp: float | None, now: float) -> bool:
        """Whether a late stream only paused: it has no stamps, and comes no faster than it is spoken."""
        if self._late_since is None:
            self._late_since = (now, waited)
        since, at_first = self._late_since
        if now - since < SETTLE:
            return False
        if stamp is None and at_first - waited < 0.3 * (now - since):
            self._delay_estimator.restart()
            self._late_since = None
            return True
        self._say("delayed", f"microphone delayed: the sound comes {waited:.1f} s late, the line may be too thin for it")
        return False

    def _drop_oldest(self) -> None:
        for index, item in enumerate(self._queue):
            if isinstance(item, AudioBlock):
                del self._queue[index]
                self._queued -= len(item.samples)
                # What was lost before the dropped block and the block itself are told with the next one.
                self._count_lost(len(item.samples), item.lost)
                return

    def _count_lost(self, samples: int, told_before: int = 0) -> None:
        if not self._reading:
            return  # the ears are still being loaded; nobody has missed anything
        self.lost += samples
        self._lost_now += samples + told_before

    def _say(self, state: str, message: str) -> None:
        """Give out the news of a change of state, once."""
        if state == self._state or (state == "delayed" and self._state == "lost"):
            return
        self._state = state
        if state == "on":
            self.name = f"{message} over {self._address}" if message else str(self._address)
            self._put(SourceBack(0, self.name))
        else:
            self._waited = 0.0
            self._put(SourceLost(0, message) if state == "lost" else SourceDelayed(0, message))

    def _put(self, item: SourceEvent) -> None:
        with self._condition:
            news = [index for index, waiting in enumerate(self._queue) if not isinstance(waiting, AudioBlock)]
            if len(news) >= NEWS_WAITING:
                del self._queue[news[0]]
            self._queue.append(item)
            self._condition.notify_all()
