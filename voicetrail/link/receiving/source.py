"""Sound over a connection as a source: any Wyoming microphone, or raw 16-bit sound from a socket or a FIFO.

Sound that arrives later than ``lateness`` allows is dropped, so that a word never moves the pen seconds after it was said; the
next block's ``lost`` counts what was dropped.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from voicetrail.audio.decoding.pcm import PcmConverter, Sound
from voicetrail.audio.decoding.stream import StreamDecoder
from voicetrail.audio.microphone_problem import ZeroCheck, only_zeros
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, SourceEvent
from voicetrail.link.address import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, MOST_CHANNELS, Address, parse_address, take_secret
from voicetrail.link.delay import DelayEstimator, TokenBucket
from voicetrail.link.receiving.connection import Connection, Receiver, Transport
from voicetrail.link.receiving.handshake import Handshake
from voicetrail.link.receiving.lateness import LatenessPolicy, Verdict
from voicetrail.link.status import SourceStatus, State, StateReports
from voicetrail.link.wire import SOURCE_STATE, WireError, integer, number

SILENCE_S = 0.7
"""Seconds without sound after which the source says that it is delayed."""
QUEUE_SAMPLES = SAMPLE_RATE
"""Samples queued for ``read``. If a stream is faster, the oldest are dropped; the writer of a FIFO has to wait."""
PACE = 1.5
"""After the first second, sound is passed on at most this much faster than real time: a peer that sends without end cannot
keep the recognizer busy, and a backlog in a FIFO is caught up with."""
EVENTS_WAITING = 8
"""Source events queued for ``read``; the oldest are dropped."""
PING_INTERVAL_S = 1.0
FORMATS_PER_SECOND, FORMATS_IN_HAND = 2, 10
"""Changes of the sound's format that a peer may make: each needs a new resampler."""
STAMP_LIMIT_MS = 1e15
"""Largest time stamp; a clock in ms since 1970 has 1.8e12."""
LOST_LIMIT = SAMPLE_RATE * 3600
"""Most samples that one block may report as lost before it."""
NEWEST_PART = 0.1
"""Weight of a new block in the mean delay of blocks."""


def open_connection(spec: str) -> NetworkSource:
    """Open the address of a source of sound.

    Raises:
        AudioError: it is not an address, it sends words, or its secret cannot be read.
    """
    address = parse_address(spec)
    if address.content == "words":
        raise AudioError(f"{address} sends words, not sound: use it with `voicetrail play`")
    return NetworkSource(address)


def open_fifo(path: str, *, paced: bool) -> NetworkSource:
    """Open a FIFO (or a pipe) that raw 16-bit mono sound at 16 kHz, or a sound file, comes through.

    Args:
        path: its path, also ``/dev/stdin``.
        paced: for the game: not much faster than it is spoken, and the writer's closing is a loss, not the end.
    """
    return NetworkSource(Address("pcm", "fifo", path=path), paced=paced)


class NetworkSource:
    """A source whose sound arrives over a connection.

    Args:
        address: where from.
        paced: for a FIFO, see ``open_fifo``.
        clock: this machine's clock.
        transport: makes what keeps the connection up; left out, a thread of its own does.

    Raises:
        AudioError: the secret of the address cannot be read.
    """

    live = True

    def __init__(
        self,
        address: Address,
        *,
        paced: bool = True,
        clock: Callable[[], float] = time.monotonic,
        transport: Callable[[Address, Receiver], Transport] | None = None,
    ) -> None:
        self.name = str(address)
        self.lost = 0
        """Samples dropped, or reported lost, since the source was opened."""
        self._address = address
        self._fifo = address.transport == "fifo"
        self._paced = paced or not self._fifo
        self._clock = clock
        self._secret = take_secret(address)
        # Shared by reader and connection, guarded by the condition.
        self._condition = threading.Condition()
        self._queue: deque[AudioBlock | SourceEvent] = deque()
        self._queued = 0
        self._lost_now = 0
        self._closed = False
        self._failure: AudioError | None = None
        """Why the data of a pipe cannot be decoded."""
        # The reader's own.
        self._reading = False
        self._pace = TokenBucket(PACE * SAMPLE_RATE, SAMPLE_RATE)
        self._not_before = 0.0
        # The connection's own.
        self._delay = DelayEstimator()
        self._lateness = LatenessPolicy(self._delay)
        self._status = SourceStatus()
        self._reports = StateReports()
        self._formats = TokenBucket(FORMATS_PER_SECOND, FORMATS_IN_HAND)
        self._handshake: Handshake | None = None
        self._converter: PcmConverter | None = None
        self._stream: StreamDecoder | None = None
        """Decodes what comes through a FIFO."""
        self._zeros = ZeroCheck()
        self._mean_wait = 0.0
        self._position = 0.0
        self._last_sound = 0.0
        self._paused = False
        self._connection: Transport = (
            Connection(address, self, ends=self._fifo and not paced, clock=clock)
            if transport is None
            else transport(address, self)
        )
        self._connection.start()

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that have arrived and were not read yet."""
        return self._queued / SAMPLE_RATE

    @property
    def delay_s(self) -> float | None:
        """Seconds that sound takes to arrive at present; ``None`` while nothing arrives or no ping has been answered."""
        known = self._status.state is State.ON and self._delay.measured
        return self._delay.transit + self._mean_wait if known else None

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Wait at most ``timeout`` seconds for sound or an event; see ``audio.source.Source``.

        Raises:
            AudioError: what comes through a pipe is a sound file that cannot be decoded.
        """
        deadline = self._clock() + timeout
        self._reading = True
        with self._condition:
            while not self._closed:
                if self._failure is not None and not self._queue:
                    self._closed = True
                    raise self._failure
                now = self._clock()
                if self._queue and now >= self._not_before:
                    return self._take(now)
                until = max(deadline, 0.0) if not self._queue else min(deadline, self._not_before)
                if now >= deadline:
                    return None
                self._condition.wait(max(until - now, 0.001))
        return None

    def drop_waiting(self) -> None:
        """Drop the sound that waits to be read, and count it: the reader cannot keep up, and old words move nothing."""
        with self._condition:
            while self._queued:
                self._drop_oldest()

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
        """End the connection; see ``audio.source.Source``."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # What the connection's thread calls.

    def connected(self, now: float) -> None:
        """The connection is up: forget everything about the previous one."""
        self._delay.restart()
        self._lateness.restart()
        self._reports, self._zeros = StateReports(), ZeroCheck()
        self._position, self._last_sound, self._paused = 0.0, now, self._fifo
        if self._fifo:
            self._stream = StreamDecoder("what comes through the pipe")
        elif self._address.content == "pcm":
            self._converter = PcmConverter(self._address.rate, self._address.channels)
        else:
            self._converter = None
            self._handshake = Handshake("sound", self._secret, self._connection.send, self._delay, PING_INTERVAL_S)

    def received(self, data: bytes, now: float) -> None:
        """Bytes came over the connection."""
        if self._stream is not None:
            self._decoded(self._stream.feed(data), now)
            return
        if self._handshake is None:
            self._sound(data, None, now)
            return
        for event in self._handshake.received(data, now):
            self._event(event, self._handshake, now)

    def tick(self, now: float) -> None:
        """Ping, and notice that nothing comes."""
        if self._handshake is not None:
            self._handshake.tick(now)
        if not self._paused and now - self._last_sound > SILENCE_S:
            silent_s = now - self._last_sound
            self._change(State.DELAYED, f"microphone delayed: no sound for {silent_s:.1f} s over {self._address}")

    def disconnected(self, message: str, ended: bool) -> None:
        """The connection is down."""
        self._handshake = None
        if self._stream is not None:
            self._finish(self._stream)
            self._stream = None
        if ended:
            self._put(SourceEnded(0))
        else:
            self._change(State.LOST, f"{message}; trying again")

    def _event(self, event: Event, handshake: Handshake, now: float) -> None:
        if AudioChunk.is_type(event.type):
            self._chunk(event, handshake, now)
        elif AudioStart.is_type(event.type):
            self._set_format(event.data, now)
            self._paused, self._last_sound = False, now
            self._lateness.restart()
            if not handshake.is_voicetrail:
                self._delay.restart()
        elif AudioStop.is_type(event.type):
            self._paused = True
        elif event.type == SOURCE_STATE and handshake.is_voicetrail:
            report = self._reports.decode(event.data, now)
            if report is not None:
                self._report(*report, now)

    def _chunk(self, event: Event, handshake: Handshake, now: float) -> None:
        self._set_format(event.data, now)
        clock = None
        if handshake.is_voicetrail:
            # Another program's stamps may be anything.
            if event.data.get("timestamp") is not None:
                clock = number(event.data, "timestamp", -STAMP_LIMIT_MS, STAMP_LIMIT_MS) / 1000
            if lost := integer(event.data, "lost", 0, LOST_LIMIT, 0):
                self._count_lost(lost)
        self._sound(event.payload or b"", clock, now)
        handshake.acknowledged = clock
        if clock is not None and self._lateness.became_late(now):
            handshake.ping(now)

    def _set_format(self, data: Mapping[str, Any], now: float) -> None:
        stated = data.get("rate"), data.get("channels"), data.get("width")
        if self._converter is None or self._converter.format != stated:
            if not self._formats.take(1, now):
                raise WireError("a new format of sound with every block")
            rate = integer(data, "rate", LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
            channels = integer(data, "channels", 1, MOST_CHANNELS)
            integer(data, "width", 2, 2)
            self._converter = PcmConverter(rate, channels)

    def _report(self, state: State, message: str, now: float) -> None:
        if state is State.ON:
            self._paused, self._last_sound = False, now  # the sound itself will show that it is back
            return
        if state is State.LOST:
            self._paused, self._zeros = True, ZeroCheck()
        self._change(state, message)

    def _finish(self, stream: StreamDecoder) -> None:
        """Pass on what is left of a pipe that has ended."""
        try:
            for samples in stream.finish():
                for first in range(0, len(samples), QUEUE_SAMPLES):
                    self._decoded(samples[first : first + QUEUE_SAMPLES], self._clock())
        except AudioError as error:
            with self._condition:
                self._failure = error
                self._condition.notify_all()
        finally:
            stream.close()

    def _sound(self, data: bytes, stamp: float | None, now: float) -> None:
        assert self._converter is not None
        self._decoded(self._converter.convert(data), now, stamp)

    def _decoded(self, samples: Sound, now: float, stamp: float | None = None) -> None:
        self._last_sound, self._paused = now, False
        if not len(samples):
            return
        self._position += len(samples) / SAMPLE_RATE
        waited = self._delay.waited(self._position if stamp is None else stamp, now)
        if not self._fifo and self._is_too_late(waited, stamp is not None, now):
            self._count_lost(len(samples))
            return
        if self._zeros.changed(samples) and self._zeros.is_dead:
            self._change(State.DELAYED, only_zeros(self.name))
        self._mean_wait = waited if not self._mean_wait else self._mean_wait + NEWEST_PART * (waited - self._mean_wait)
        name = self._handshake.name if self._handshake is not None else ""
        if not self._zeros.is_dead:
            self._change(State.ON, f"{name} over {self._address}" if name else str(self._address))
        captured = now - waited - self._delay.transit
        with self._condition:
            while self._fifo and self._queued >= QUEUE_SAMPLES and not self._closed:
                self._condition.wait(0.5)
            self._queue.append(AudioBlock(samples, captured, self._lost_now))
            self._lost_now = 0
            self._queued += len(samples)
            while self._queued > QUEUE_SAMPLES and not self._fifo:
                self._drop_oldest()
            self._condition.notify_all()

    def _is_too_late(self, waited: float, stamped: bool, now: float) -> bool:
        verdict = self._lateness.judge(waited, now, stamped=stamped)
        if verdict is Verdict.DROP_AND_REPORT:
            self._change(
                State.DELAYED, f"microphone delayed: the sound comes {waited:.1f} s late, the network may be too slow for it"
            )
        return verdict is not Verdict.KEEP

    def _drop_oldest(self) -> None:
        for index, item in enumerate(self._queue):
            if isinstance(item, AudioBlock):
                del self._queue[index]
                self._queued -= len(item.samples)
                # What was lost before a dropped block, and the block itself, are reported with the next block.
                self._count_lost(len(item.samples), item.lost)
                return

    def _count_lost(self, samples: int, reported_before: int = 0) -> None:
        if not self._reading:
            return  # the recognizer is still loading; nothing was missed
        self.lost += samples
        self._lost_now += samples + reported_before

    def _change(self, state: State, message: str) -> None:
        """Emit the event for a change of state, once."""
        event = self._status.change(state, message)
        if event is None:
            return
        if state is State.ON:
            self.name = message
        else:
            self._mean_wait = 0.0
        self._put(event)

    def _put(self, item: SourceEvent) -> None:
        with self._condition:
            waiting = [index for index, each in enumerate(self._queue) if not isinstance(each, AudioBlock)]
            if len(waiting) >= EVENTS_WAITING:
                del self._queue[waiting[0]]
            self._queue.append(item)
            self._condition.notify_all()
