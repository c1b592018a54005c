"""The sound of a source as a feed of a line: Wyoming audio events with the time of capture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event

from voicetrail.audio.source import Source
from voicetrail.events import SAMPLE_RATE, AudioBlock, Level, SourceBack, SourceDelayed, SourceEnded, SourceEvent, SourceLost
from voicetrail.link.server import Message
from voicetrail.link.wire import NEWS
from voicetrail.listening import level

POLL = 0.1


class SoundFeed:
    """Serves what a source gives.

    Args:
        source: an open source; closed when the feed ends.
        on_level: is given the level of each block, from the feed's thread.
        on_news: is given what happens to the source.
    """

    content: Literal["sound"] = "sound"

    def __init__(
        self,
        source: Source,
        *,
        on_level: Callable[[Level], None] | None = None,
        on_news: Callable[[SourceEvent], None] | None = None,
    ) -> None:
        self.name = source.name
        self._source = source
        self._on_level = on_level
        self._on_news = on_news
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
                    self._tell(item, send)
                    if isinstance(item, SourceEnded):
                        return

    def stop(self) -> None:
        """See ``server.Feed``."""
        self._stop.set()

    def handshake(self) -> list[Event]:
        """The format, and that the microphone is away, if it is."""
        start = AudioStart(SAMPLE_RATE, 2, 1).event()
        return [start] if self._state is None else [start, self._state]

    def received(self, event: Event) -> None:
        """A listener of sound has nothing to ask for; what it sends is passed over."""

    def _tell(self, news: SourceEvent, send: Callable[[Message], None]) -> None:
        event, before = news_event(news), self._state
        self._state = None if isinstance(news, SourceBack) else event
        send(Message(event))
        if self._on_news is not None and (before or self._state) is not None:
            self._on_news(news)


def sound_message(block: AudioBlock, lost: int = 0) -> Message:
    """Make a Wyoming audio chunk of a block: 16-bit, stamped with this machine's clock in ms at its last sample."""
    stamp = time.monotonic() if block.captured is None else block.captured
    audio = (np.clip(block.samples, -1.0, 32767 / 32768) * 32768.0).round().astype("<i2").tobytes()
    event = AudioChunk(SAMPLE_RATE, 2, 1, audio, round(stamp * 1000)).event()
    if lost:
        event.data["lost"] = lost
    return Message(event, len(block.samples), stamp)


def news_event(news: SourceEvent) -> Event:
    """Tell over the line what happened to the source."""
    if isinstance(news, SourceLost | SourceDelayed):
        return Event(NEWS, {"state": "lost" if isinstance(news, SourceLost) else "delayed", "message": news.message})
    return Event(NEWS, {"state": "back" if isinstance(news, SourceBack) else "ended"})
