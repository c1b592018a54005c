"""One visitor in the recognizer's process: its sound, its detector, and the receiver of its words."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from wyoming.event import Event as WireEvent

from voicetrail.audio.gain import make_gain
from voicetrail.audio.source import Source
from voicetrail.events import AudioBlock, Event, Ready, SourceBack, SourceEvent, SourceLost
from voicetrail.link.words import GAIN, MUTE, TUNE, decode_gain, decode_mute, decode_settings
from voicetrail.listening import Listener, PendingWindow, Steps
from voicetrail.recognizer_service.messages import VisitorSound
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import Recognizer

NAME = "your microphone"
"""Name of the source until the visitor's program sends one."""
NO_MICROPHONE = "no microphone: this connection has none (use the arrow keys)"


class VisitorSource(Source, Protocol):
    """A source with a backlog of sound (``link.receiving.source.NetworkSource``)."""

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that have arrived but were not read yet."""
        ...

    @property
    def lost(self) -> int:
        """Samples that were dropped or reported as lost."""
        ...

    def drop_waiting(self) -> None:
        """Drop the backlog of sound, and count it as lost."""
        ...


class Words(Protocol):
    """The receiver of a visitor's words (``words_server.WordsServer``)."""

    def give(self, event: Event, delay_s: float | None = None) -> None:
        """Send an event; ``delay_s`` is the delay of the sound."""
        ...


class NoSound:
    """The source of a visitor without a microphone."""

    live = True
    delay_s = None
    waiting_s = 0.0
    lost = 0

    def __init__(self) -> None:
        self.name = NAME

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Return nothing."""
        return None

    def drop_waiting(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing."""


class VisitorStream:
    """Listens to one visitor, up to the next window that is to be scored.

    Args:
        name: the visitor's name on the host.
        sound: the request of the host.
        recognizer: with the visitor's weights, shared with other visitors.
        words: the receiver of the words.
    """

    def __init__(self, name: str, sound: VisitorSound, recognizer: Recognizer, words: Words) -> None:
        self.name, self.recognizer, self._words = name, recognizer, words
        self.stream = recognizer.open_stream()
        """Its ``picture`` is the network's input for the window to score."""
        self.latest: tuple[float, ...] = ()
        """The posteriors of the last window; empty before the first."""
        self.windows = 0
        """Number of windows so far."""
        self.source: VisitorSource = NoSound()
        settings = recognizer.detector if sound.settings is None else sound.settings
        detector = Detector(recognizer.labels, settings)
        self._listener = Listener(self.source, recognizer, detector, gain=make_gain(sound.gain))
        self._steps: Steps | None = None
        self.hears = False
        """Whether there is sound at the moment."""

    @property
    def ready(self) -> Ready:
        """The first event for the game."""
        recognizer, name = self.recognizer, self.source.name
        return Ready(recognizer.labels, name, recognizer.name, recognizer.hash, meanings=recognizer.meanings)

    def listen_to(self, source: VisitorSource | None) -> None:
        """Use another source; the previous one is closed."""
        self.source.close()
        self._steps = None
        self._listener.source = self.source = NoSound() if source is None else source
        if source is None:
            self.hears = False
            self._finish(SourceLost(0, NO_MICROPHONE))

    def cut_off(self, message: str) -> None:
        """Stop listening, with a message for the player."""
        self.listen_to(None)
        self._words.give(SourceLost(self._listener.time, message))

    def advance(self) -> bool:
        """Process sound until a window has to be scored (its input is then in ``stream.picture``), or there is no more sound.

        Returns:
            Whether a window has to be scored; ``answer`` continues from there.
        """
        while True:
            if self._steps is None:
                item = self.source.read(0.0)
                if item is None:
                    return False
                if not isinstance(item, AudioBlock):
                    self.hears = isinstance(item, SourceBack)
                self._steps = self._listener.take(item)
            if self._run(None):
                return True

    def answer(self, posteriors: tuple[float, ...]) -> bool:
        """Continue with the posteriors of the window; see ``advance``."""
        self.latest = posteriors
        return self._run(posteriors) or self.advance()

    def received(self, event: WireEvent) -> None:
        """Apply the settings from the visitor's game, from the next hop on.

        Raises:
            WireError: they are invalid.
        """
        if event.type == TUNE:
            self._listener.apply_settings(decode_settings(event.data))
        elif event.type == MUTE:
            self._listener.muted = decode_mute(event.data)
        elif event.type == GAIN:
            self._listener.gain = make_gain(decode_gain(event.data))

    def _run(self, posteriors: tuple[float, ...] | None) -> bool:
        assert self._steps is not None
        steps = self._steps
        while True:
            try:
                step = steps.send(posteriors)
            except StopIteration:
                self._steps = None
                return False
            posteriors = None
            if isinstance(step, PendingWindow):
                self.windows += 1
                self.stream.take(step.samples, step.blanked)
                return True
            self._words.give(step, self.source.delay_s)

    def _finish(self, event: SourceLost) -> None:
        for step in self._listener.take(event):
            if not isinstance(step, PendingWindow):
                self._words.give(step)
