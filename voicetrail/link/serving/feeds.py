"""What can be served over a connection: the sound of a source, or what this machine's recognizer detects in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event

from voicetrail.audio.source import Source
from voicetrail.events import (
    SAMPLE_RATE,
    AudioBlock,
    Level,
    Ready,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceEvent,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.link.serving.client import Message
from voicetrail.link.status import encode_state
from voicetrail.link.words import MUTE, TUNE, HopSummary, decode_mute, decode_settings, encode_ready, encode_word
from voicetrail.listening import POLL, Gain, Listener, NamedRecognizer, level
from voicetrail.spotting.detector import Detector, DetectorSettings


class SoundFeed:
    """Serves the sound of a source: Wyoming audio events with the time of capture.

    Args:
        source: an open source; closed when the feed ends.
        on_level: gets the level of each block, in the feed's thread.
        on_source_event: gets what happens to the source.
    """

    content: Literal["sound"] = "sound"

    def __init__(
        self,
        source: Source,
        *,
        on_level: Callable[[Level], None] | None = None,
        on_source_event: Callable[[SourceEvent], None] | None = None,
    ) -> None:
        self.name = source.name
        self._source = source
        self._on_level = on_level
        self._on_source_event = on_source_event
        self._state: Event | None = None
        self._stop = threading.Event()

    def run(self, send: Callable[[Message], None]) -> None:
        """See ``server.Feed``."""
        lost = 0
        with self._source as source:
            while not self._stop.is_set():
                item = source.read(POLL)
                if isinstance(item, AudioBlock):
                    lost += item.lost
                    send(sound_message(item, lost))
                    lost = 0
                    if self._on_level is not None:
                        self._on_level(level(0, item.samples, item.samples))
                elif item is not None:
                    self._report(item, send)
                    if isinstance(item, SourceEnded):
                        return

    def stop(self) -> None:
        """See ``server.Feed``."""
        self._stop.set()

    def first_events(self) -> list[Event]:
        """The format, and that the microphone is lost, if it is."""
        start = AudioStart(SAMPLE_RATE, 2, 1).event()
        return [start] if self._state is None else [start, self._state]

    def received(self, event: Event) -> None:
        """A listener of sound has no requests; what it sends is ignored."""

    def _report(self, item: SourceEvent, send: Callable[[Message], None]) -> None:
        event, before = encode_state(item), self._state
        self._state = None if isinstance(item, SourceBack) else event
        send(Message(event))
        # A microphone that is there at the start need not be reported.
        if self._on_source_event is not None and (before or self._state) is not None:
            self._on_source_event(item)


class WordsFeed:
    """Serves the words that are detected in a source.

    Args:
        source: an open source; closed when the feed ends.
        recognizer: scores the sound.
        settings: the detector's settings, until a game sends its own.
        gain: an optional gain stage.
        on_level: gets each level, in the feed's thread.
        on_source_event: gets what happens to the source.
    """

    content: Literal["words"] = "words"

    def __init__(
        self,
        source: Source,
        recognizer: NamedRecognizer,
        settings: DetectorSettings,
        *,
        gain: Gain | None = None,
        on_level: Callable[[Level], None] | None = None,
        on_source_event: Callable[[SourceEvent], None] | None = None,
    ) -> None:
        self.name = source.name
        self._listener = Listener(source, recognizer, Detector(recognizer.labels, settings), gain=gain)
        self._shipped = recognizer.detector
        self._ready = Ready(recognizer.labels, source.name, recognizer.name, recognizer.hash, meanings=recognizer.meanings)
        self._on_level = on_level
        self._on_source_event = on_source_event
        self._state: Event | None = None

    def run(self, send: Callable[[Message], None]) -> None:
        """See ``server.Feed``."""
        summary = HopSummary()
        for event in self._listener.events():
            if isinstance(event, WordHeard | WordRejected | SamplesLost):
                send(Message(encode_word(event)))
            elif isinstance(event, SourceLost | SourceDelayed | SourceBack | SourceEnded):
                state = encode_state(event)
                self._state = None if isinstance(event, SourceBack) else state
                send(Message(state))
                if self._on_source_event is not None:
                    self._on_source_event(event)
            else:
                if isinstance(event, Level) and self._on_level is not None:
                    self._on_level(event)
                scores = summary.take(event, self._listener.source.delay_s)
                if scores is not None:
                    send(Message(scores))

    def stop(self) -> None:
        """See ``server.Feed``."""
        self._listener.stop()

    def first_events(self) -> list[Event]:
        """What the recognizer is, and that the microphone is lost, if it is."""
        ready = encode_ready(self._ready, self._shipped)
        return [ready] if self._state is None else [ready, self._state]

    def received(self, event: Event) -> None:
        """Take the game's settings, and whether it listens.

        Raises:
            WireError: they are invalid.
        """
        if event.type == TUNE:
            self._listener.apply_settings(decode_settings(event.data))
        elif event.type == MUTE:
            self._listener.muted = decode_mute(event.data)


def sound_message(block: AudioBlock, lost: int = 0) -> Message:
    """Make a Wyoming audio chunk of a block: 16-bit, stamped with this machine's clock in ms at its last sample."""
    stamp = time.monotonic() if block.captured is None else block.captured
    audio = (np.clip(block.samples, -1.0, 32767 / 32768) * 32768.0).round().astype("<i2").tobytes()
    event = AudioChunk(SAMPLE_RATE, 2, 1, audio, round(stamp * 1000)).event()
    if lost:
        event.data["lost"] = lost
    return Message(event, len(block.samples), stamp)
