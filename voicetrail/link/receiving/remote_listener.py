"""The game's side of a connection that carries words: the events of a remote recognizer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from wyoming.event import Event as WireEvent

from voicetrail.errors import UsageError
from voicetrail.events import (
    Event,
    ListeningChanged,
    Ready,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.link.address import parse_address, take_secret
from voicetrail.link.delay import DelayEstimator, TokenBucket
from voicetrail.link.receiving.connection import Connection
from voicetrail.link.receiving.handshake import Handshake
from voicetrail.link.receiving.lateness import WORD_WAIT_LIMIT_S
from voicetrail.link.status import SourceStatus, State, StateReports
from voicetrail.link.wire import SOURCE_STATE, WireError, encode
from voicetrail.link.words import (
    GAIN,
    HEARD,
    LOST,
    MUTE,
    NEAR,
    READY,
    SCORES,
    TUNE,
    decode_delay,
    decode_ready,
    decode_scores,
    decode_word,
)
from voicetrail.listening import POLL
from voicetrail.spotting.detector import DetectorSettings

PING_INTERVAL_S = 5.0
SILENCE_S = 8.0
"""Seconds without a word or an answer to a ping after which the connection is called delayed."""
LATE_WORD_S = 4.0
"""Seconds for which the connection is called delayed after a word that came too late: the player has to read why it was ignored."""
EVENTS_WAITING = 200
"""Length of the event queue; the oldest events are dropped."""
WORDS_PER_SECOND, WORDS_IN_HAND = 25, 100
"""Words, near misses and scores a second that a recognizer may send: one a hop, plus what collects while the network stalls."""
RECOGNIZERS_PER_SECOND, RECOGNIZERS_IN_HAND = 0.5, 4
"""How often another recognizer may take over."""


@dataclass(frozen=True, slots=True)
class RemoteRecognizer:
    """What is known about a remote recognizer (see ``listening.RecognizerInfo``)."""

    labels: tuple[str, ...]
    name: str
    hash: str
    detector: DetectorSettings
    """What ships with its weights."""
    meanings: Mapping[str, str]
    """The game's word for a label, where it is a different one."""


class RemoteListener:
    """Yields what a recognizer at the other end of a connection detects (a ``listening.EventStream``).

    ``events()`` gives ``Ready`` once the connection is up, and again when another recognizer answers after an interruption.

    Args:
        spec: a ``words+tcp://`` or ``words+unix://`` address.
        clock: this machine's clock.

    Raises:
        AudioError: it is not an address, or its secret cannot be read.
        UsageError: it is an address of sound.
    """

    def __init__(self, spec: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address = parse_address(spec)
        if address.content != "words":
            raise UsageError(f"{address} sends sound, not words")
        self.name = str(address)
        self.time = 0
        """The latest time received, in samples of the stream at the other end."""
        self.recognizer: RemoteRecognizer | None = None
        """The recognizer that connected last."""
        self._secret = take_secret(address)
        self._muted = False
        self._settings: DetectorSettings | None = None
        """The settings made here; ``None`` for the shipped ones."""
        self._gain: float | Literal["auto"] | None = None
        """What was set here; ``None`` leaves it to the other end."""
        self._takes_gain = False
        self._delay = DelayEstimator()
        self._source_delay_s = 0.0
        """Delay of the sound on its way to the recognizer."""
        self._events: queue.Queue[Event] = queue.Queue(EVENTS_WAITING)
        self._stop = threading.Event()
        self._status = SourceStatus()
        self._reports = StateReports()
        self._is_reported = False
        """The microphone at the other end is delayed or muted, not the connection."""
        self._words = TokenBucket(WORDS_PER_SECOND, WORDS_IN_HAND)
        self._recognizers = TokenBucket(RECOGNIZERS_PER_SECOND, RECOGNIZERS_IN_HAND)
        self._last_received = 0.0
        self._late_until = 0.0
        """When the last word that came too late is ``LATE_WORD_S`` past."""
        self._source_name = self.name
        """Where the words come from, as the player knows it."""
        self._handshake: Handshake | None = None
        self._connection = Connection(address, self, clock=clock)
        self._connection.start()

    @property
    def delay_s(self) -> float | None:
        """Seconds that a word, and its sound before it, take to arrive; ``None`` while the connection is down or no ping has been
        answered.
        """
        known = self._status.state is State.ON and self._delay.measured
        return self._delay.transit + self._source_delay_s if known else None

    @property
    def muted(self) -> bool:
        """Whether words are held back, at both ends."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        self._send(WireEvent(MUTE, {"muted": muted}))

    def apply_settings(self, settings: DetectorSettings) -> None:
        """Make the recognizer use these settings."""
        self._settings = settings
        self._send(WireEvent(TUNE, settings.to_dict()))

    def apply_gain(self, gain: float | Literal["auto"]) -> None:
        """Set the gain (dB, or ``auto``), where the recognizer accepts it from a game (a host's does)."""
        self._gain = gain
        if self._takes_gain:
            self._send(WireEvent(GAIN, {"gain": gain}))

    def stop(self) -> None:
        """Ask ``events`` to end; it does so within ``listening.POLL`` seconds."""
        self._stop.set()

    def events(self) -> Iterator[Event]:
        """Yield everything that happens, until ``stop`` is called."""
        was_muted = self._muted
        try:
            while not self._stop.is_set():
                if self._muted != was_muted:
                    was_muted = self._muted
                    yield ListeningChanged(self.time, not was_muted)
                with suppress(queue.Empty):
                    event = self._events.get(timeout=POLL)
                    if isinstance(event, WordHeard) and self._muted:
                        # It was said, or in transit, when listening was switched off here.
                        event = WordRejected(event.time, event.word, event.score, "muted")
                    if not isinstance(event, Ready):
                        self.time = max(self.time, event.time)
                    yield event
        finally:
            self._connection.close()

    def _send(self, event: WireEvent) -> None:
        """Send an event to a trusted recognizer; one that connects later gets the state at that time."""
        if (handshake := self._handshake) is not None and handshake.proven:
            self._connection.send(encode(event))

    # What the connection's thread calls.

    def connected(self, now: float) -> None:
        """The connection is up."""
        self._delay.restart()
        self._reports = StateReports()
        self._is_reported = False
        self._last_received = now
        self._late_until = now
        self._handshake = Handshake("words", self._secret, self._connection.send, self._delay, PING_INTERVAL_S)

    def received(self, data: bytes, now: float) -> None:
        """Bytes came over the connection."""
        self._last_received = now
        assert self._handshake is not None
        for event in self._handshake.received(data, now):
            if event.type == READY:
                self._takes_gain = event.data.get("gain") is True
                self._ready(*decode_ready(event.data), now)
            elif event.type == SOURCE_STATE:
                report = self._reports.decode(event.data, now)
                if report is not None:
                    self._is_reported = report[0] is State.DELAYED
                    self._change(*report)
            elif self.recognizer is not None:
                self._event(event, self.recognizer.labels, now)

    def tick(self, now: float) -> None:
        """Ping, and notice that nothing comes."""
        assert self._handshake is not None
        self._handshake.tick(now)
        silent_s = now - self._last_received
        if silent_s > SILENCE_S:
            self._change(State.DELAYED, f"microphone delayed: nothing has arrived over {self.name} for {silent_s:.0f} s")
        elif self._status.state is State.DELAYED and not self._is_reported and now >= self._late_until:
            self._change(State.ON)

    def disconnected(self, message: str, ended: bool) -> None:
        """The connection is down."""
        self._handshake = None
        self._change(State.LOST, f"{message}; trying again")

    def _ready(self, ready: Ready, shipped: DetectorSettings, now: float) -> None:
        known = self.recognizer
        if known is None or (known.labels, known.hash) != (ready.labels, ready.weights_hash):
            if not self._recognizers.take(1, now):
                raise WireError("another recognizer again and again")
            self.recognizer = RemoteRecognizer(ready.labels, ready.weights, ready.weights_hash, shipped, ready.meanings)
            self._settings = None  # they were meant for the previous one
            # Where the address has a title, the recognizer is a host's, and names the source as the player knows it.
            self._source_name = ready.source if self._address.title else f"{ready.source} over {self.name}"
            self._put(replace(ready, source=self._source_name))
        elif self._settings is not None:
            self._send(WireEvent(TUNE, self._settings.to_dict()))
        self._send(WireEvent(MUTE, {"muted": self._muted}))
        if self._gain is not None:
            self.apply_gain(self._gain)
        self._change(State.ON)

    def _event(self, event: WireEvent, labels: tuple[str, ...], now: float) -> None:
        if event.type not in (SCORES, HEARD, NEAR, LOST):
            return
        if not self._words.take(1, now):
            raise WireError(f"more than {WORDS_PER_SECOND} words a second")
        if event.type == SCORES:
            self._source_delay_s = decode_delay(event.data)
            for each in decode_scores(event.data, labels):
                self._put(each)
            return
        word = decode_word(event, labels)
        if isinstance(word, WordHeard) and word.captured is not None:
            waited = self._delay.waited(word.captured, now)
            word = replace(word, captured=now - waited - self._delay.transit)
            if waited > WORD_WAIT_LIMIT_S:
                self._late_until = now + LATE_WORD_S
                self._change(State.DELAYED, f"microphone delayed: a word came {waited:.0f} s late and was ignored")
                return
        self._put(word)

    def _change(self, state: State, message: str = "") -> None:
        first = self._status.state is State.NEW
        event = self._status.change(state, self._source_name if state is State.ON else message)
        # ``Ready`` already says that the first connection is up.
        if event is not None and not (first and state is State.ON):
            self._put(event)

    def _put(self, event: Event) -> None:
        if isinstance(event, SourceLost | SourceDelayed | SourceBack | SourceEnded):
            event = replace(event, time=self.time)
        while True:
            try:
                self._events.put_nowait(event)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    self._events.get_nowait()
