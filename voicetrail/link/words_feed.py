"""What the recognizer of this machine hears, as a feed of a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from wyoming.event import Event

from voicetrail.audio.source import Source
from voicetrail.events import (
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
from voicetrail.link.server import Message
from voicetrail.link.sound_feed import news_event
from voicetrail.link.wire import WireError
from voicetrail.link.words import MUTE, TUNE, HopSummary, decode_settings, encode_ready, encode_word
from voicetrail.listening import Gain, Listener, RecognizerProtocol
from voicetrail.spotting.detector import Detector, DetectorSettings


class NamedRecognizer(RecognizerProtocol, Protocol):
    """A recognizer with what ships beside its network (``spotting.recognizer.Recognizer`` is one)."""

    name: str
    hash: str
    detector: DetectorSettings
    meanings: Mapping[str, str]


class WordsFeed:
    """Serves the words that are heard in a source.

    Args:
        source: an open source; closed when the feed ends.
        ears: the recognizer.
        settings: the detector's settings, until a game sends its own.
        gain: an optional gain stage.
        on_level: is given each level, from the feed's thread.
        on_news: is given what happens to the source.
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
        on_news: Callable[[SourceEvent], None] | None = None,
    ) -> None:
        self.name = source.name
        self._listener = Listener(source, recognizer, Detector(recognizer.labels, settings), gain=gain)
        self._shipped = recognizer.detector
        self._ready = Ready(recognizer.labels, source.name, recognizer.name, recognizer.hash, meanings=recognizer.meanings)
        self._on_level = on_level
        self._on_news = on_news
        self._state: Event | None = None

    def run(self, send: Callable[[Message], None]) -> None:
        """See ``server.Feed``."""
        summary = HopSummary()
        for event in self._listener.events():
            if isinstance(event, WordHeard | WordRejected | SamplesLost):
                send(Message(encode_word(event)))
            elif isinstance(event, SourceLost | SourceDelayed | SourceBack | SourceEnded):
                self._state = None if isinstance(event, SourceBack) else news_event(event)
                send(Message(news_event(event)))
                if self._on_news is not None:
                    self._on_news(event)
            else:
                if isinstance(event, Level) and self._on_level is not None:
                    self._on_level(event)
                scores = summary.take(event)
                if scores is not None:
                    send(Message(scores))

    def stop(self) -> None:
        """See ``server.Feed``."""
        self._listener.stop()

    def handshake(self) -> list[Event]:
        """What the recognizer is, and that the microphone is away, if it is."""
        ready = encode_ready(self._ready, self._shipped)
        return [ready] if self._state is None else [ready, self._state]

    def received(self, event: Event) -> None:
        """The game's settings and its mute reach the recognizer here."""
        if event.type == TUNE:
            self._listener.detector.settings = decode_settings(event.data)
        elif event.type == MUTE:
            muted = event.data.get("muted")
            if not isinstance(muted, bool):
                raise WireError("a mute that is neither on nor off")
            self._listener.muted = muted
