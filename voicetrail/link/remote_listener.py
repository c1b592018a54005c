"""The game's end of a line of words: the same interface as ``listening.Listener``, with the recognizer elsewhere."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

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
from voicetrail.link.address import parse_address
from voicetrail.link.connection import Connection
from voicetrail.link.delay import DelayEstimator
from voicetrail.link.handshake import Handshake, secret_of
from voicetrail.link.wire import NEWS, encode
from voicetrail.link.words import (
    HEARD,
    LOST,
    MUTE,
    NEAR,
    READY,
    SCORES,
    TUNE,
    decode_ready,
    decode_scores,
    decode_word,
)
from voicetrail.listening import POLL, Gain, Sound, Tap
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable

PING_EVERY = 5.0
SILENT = 8.0
"""Seconds without a word or an answer to a ping after which the line is called delayed."""
LATE = 2.0
"""Seconds that a word may have been on its way; an older one moves nothing any more."""
WAITING = 1000
"""Events that wait to be taken; the oldest give way."""


class RemoteRecognizer:
    """What the game may know of a recognizer elsewhere."""

    hop = 640
    window_samples = 16_000

    def __init__(self, ready: Ready, shipped: DetectorSettings) -> None:
        self.labels = ready.labels
        self.name = ready.weights
        self.hash = ready.weights_hash
        self.detector = shipped
        self.meanings = ready.meanings

    def score(self, window: Sound) -> tuple[float, ...]:
        """There is no sound here to be scored."""
        raise NotImplementedError


class RemoteDetector(Detector):
    """A detector that decides elsewhere: setting its ``settings`` sends them there."""

    def __init__(self, labels: tuple[str, ...], settings: DetectorSettings, send: Callable[[DetectorSettings], None]) -> None:
        self._send: Callable[[DetectorSettings], None] | None = None
        super().__init__(labels, settings)
        self._send = send  # from now on; what it began with is known there

    @property
    def settings(self) -> DetectorSettings:
        """The settings that hold."""
        return self._settings

    @settings.setter
    def settings(self, settings: DetectorSettings) -> None:
        self._settings = settings
        if self._send is not None:
            self._send(settings)


class RemoteListener:
    """Gives out what a recognizer at the other end of a line heard.

    ``events()`` gives ``Ready`` once the line stands, and again when another recognizer answers after a break. As with
    ``listening.Listener`` it runs in one thread; ``stop()``, ``muted`` and ``detector.settings`` may be used from any other.

    Args:
        spec: a ``words+tcp://`` or ``words+unix://`` address.
        clock: this machine's clock.

    Raises:
        AudioError: the address is none, or its secret cannot be read.
        UsageError: it is an address of sound.
    """

    def __init__(self, spec: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        address = parse_address(spec)
        if address.content != "words":
            raise UsageError(f"{address} gives sound, no words")
        self.name = str(address)
        self.gain: Gain | None = None
        """The gain is the other end's; what is set here changes nothing."""
        self.tap: Tap | None = None
        """There is no sound here to be recorded."""
        self.time = 0
        self.recognizer: RemoteRecognizer | None = None
        self._clock = clock
        self._secret = secret_of(address)
        self._muted = False
        self._delay_estimator = DelayEstimator()
        self._events: queue.Queue[Event] = queue.Queue(WAITING)
        self._stop = threading.Event()
        self._state = "new"
        self._last = 0.0
        self._handshake: Handshake | None = None
        self.detector: Detector = RemoteDetector((), DetectorSettings(), self._tune)
        self._line = Connection(address, self, clock=clock)
        self._line.start()

    @property
    def delay_s(self) -> float | None:
        """Seconds that a word is on its way over the line; ``None`` while it does not stand, or no ping was answered yet."""
        return self._delay_estimator.transit if self._state == "on" and self._delay_estimator.measured else None

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stop.is_set()

    @property
    def muted(self) -> bool:
        """Whether words are held back, at both ends."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        self._line.send(encode(WireEvent(MUTE, {"muted": muted})))

    def stop(self) -> None:
        """Ask ``events`` to end; it does so within ``listening.POLL`` seconds."""
        self._stop.set()

    def events(self) -> Iterator[Event]:
        """Give out everything that happens, until ``stop`` is called."""
        was_muted = self._muted
        try:
            while not self._stop.is_set():
                if self._muted != was_muted:
                    was_muted = self._muted
                    yield ListeningChanged(self.time, not was_muted)
                with suppress(queue.Empty):
                    event = self._events.get(timeout=POLL)
                    if isinstance(event, WordHeard) and self._muted:
                        # It was said, or on its way, when the ear was closed here.
                        event = WordRejected(event.time, event.word, event.score, "muted")
                    if not isinstance(event, Ready):
                        self.time = max(self.time, event.time)
                    yield event
        finally:
            self._line.close()

    # What the line's thread calls.

    def connected(self, now: float) -> None:
        """A connection stands."""
        self._delay_estimator.restart()
        self._last = now
        self._handshake = Handshake("words", self._secret, self._line.send, self._delay_estimator, PING_EVERY)

    def received(self, data: bytes, now: float) -> None:
        """Bytes came over the line."""
        self._last = now
        assert self._handshake is not None
        for event in self._handshake.received(data, now):
            if event.type == READY:
                self._ready(*decode_ready(event.data))
            elif event.type == NEWS:
                self._news(event.data)
            elif self.recognizer is not None:
                self._event(event, self.recognizer.labels, now)

    def tick(self, now: float) -> None:
        """Ping, and notice that nothing comes."""
        assert self._handshake is not None
        self._handshake.tick(now)
        if now - self._last > SILENT:
            self._say("delayed", f"microphone delayed: nothing has come over {self.name} for {now - self._last:.0f} s")
        elif self._state == "delayed":
            self._say("on", "")

    def disconnected(self, message: str, ended: bool) -> None:
        """The connection ended; the line tries again."""
        self._say("lost", f"{message}; trying again")

    def _ready(self, ready: Ready, shipped: DetectorSettings) -> None:
        if self.recognizer is None or (self.recognizer.labels, self.recognizer.hash) != (ready.labels, ready.weights_hash):
            self.recognizer = RemoteRecognizer(ready, shipped)
            self.detector = RemoteDetector(ready.labels, shipped, self._tune)
            self._put(replace(ready, source=f"{ready.source} over {self.name}"))
        else:
            self._tune(self.detector.settings)
        self._line.send(encode(WireEvent(MUTE, {"muted": self._muted})))
        self._say("on", ready.source)

    def _event(self, event: WireEvent, labels: tuple[str, ...], now: float) -> None:
        if event.type == SCORES:
            level, scores = decode_scores(event.data, labels)
            self.detector.smoothed = scores.smoothed
            self._put(level)
            self._put(scores)
        elif event.type in (HEARD, NEAR, LOST):
            word = decode_word(event, labels)
            if isinstance(word, WordHeard) and word.captured is not None:
                waited = self._delay_estimator.waited(word.captured, now)
                word = replace(word, captured=now - waited - self._delay_estimator.transit)
                if waited > LATE:
                    self._say("delayed", f"microphone delayed: a word came {waited:.0f} s late and was left out")
                    return
            self._put(word)

    def _news(self, data: dict[str, object]) -> None:
        state, message = data.get("state"), printable(data.get("message", ""), 160)
        if state in ("lost", "ended"):
            self._say(
                "lost", message or f"the microphone at the other end {'was lost' if state == 'lost' else 'has come to its end'}"
            )
        elif state == "delayed":
            self._say("delayed", message or "the microphone at the other end is delayed")
        elif state == "back":
            self._say("on", "")

    def _tune(self, settings: DetectorSettings) -> None:
        self._line.send(encode(WireEvent(TUNE, settings.as_dict())))

    def _say(self, state: str, message: str) -> None:
        if state == self._state or (state == "delayed" and self._state == "lost"):
            return
        before, self._state = self._state, state
        if state == "on":
            if before != "new":
                self._put(SourceBack(0, message or self.name))
        else:
            self._put(SourceLost(0, message) if state == "lost" else SourceDelayed(0, message))

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
