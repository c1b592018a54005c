"""The loop: source → recognizer → score filter → detector → events.

The live game, ``voicetrail listen``, the evaluation and the tests all use this loop. It imports neither Textual nor torch: the
recognizer is passed in, so that the caller decides where and when to load it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voicetrail.audio.level import FULL_SCALE, OffsetRemover, loudness, peak
from voicetrail.audio.source import Source
from voicetrail.events import (
    AudioBlock,
    DetectorChanged,
    Event,
    Level,
    ListeningChanged,
    SamplesLost,
    Scores,
    SourceEnded,
    SourceEvent,
    SourceLost,
    seconds,
)
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.score_filter import FilteredScores, ScoreFilter

POLL = 0.1
"""Longest wait for sound, in s, before the loop checks whether to end."""

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PendingWindow:
    """Sound to be scored before the listener can continue."""

    samples: Sound
    """``[window_samples]``; the next hop overwrites it."""
    blanked: int
    """Samples at its start to ignore."""


Steps = Generator["Event | PendingWindow", "tuple[float, ...] | None", None]
"""Yields events, and windows; the caller sends the posteriors of each window."""


class RecognizerProtocol(Protocol):
    """The part of a recognizer that the loop needs (see ``spotting.recognizer.Recognizer``)."""

    labels: tuple[str, ...]
    hop: int
    """Step between windows in samples."""

    @property
    def score_filter(self) -> ScoreFilter | None:
        """What makes scores of the posteriors, for the detector and for ``Scores``; ``None``: the posteriors are the scores."""
        ...

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        """Posteriors for one window of ``window_samples`` without its first ``blanked``, in the order of the labels."""
        ...

    window_samples: int


class RecognizerInfo(Protocol):
    """Facts about a recognizer, local or remote."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, in the order of its posteriors."""
        ...

    @property
    def name(self) -> str:
        """Name of its weights."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 of its weights."""
        ...

    @property
    def detector(self) -> DetectorSettings:
        """The detector's settings that ship with its weights."""
        ...

    @property
    def meanings(self) -> Mapping[str, str]:
        """The meaning of labels that are not words of the game (``vocabulary.MEANINGS``)."""
        ...


class NamedRecognizer(RecognizerProtocol, RecognizerInfo, Protocol):
    """A recognizer with its facts (see ``spotting.recognizer.Recognizer``)."""


class EventStream(Protocol):
    """The events of a recognizer, in this process (``Listener``) or elsewhere (``link.receiving.remote_listener``).

    ``events()`` runs in one thread; everything else may be used from any other.
    """

    muted: bool
    """No words are detected while this is set."""

    @property
    def time(self) -> int:
        """Samples of the stream so far."""
        ...

    @property
    def delay_s(self) -> float | None:
        """Delay of sound or words over a network, in s; ``None`` without a network, or while the delay is unknown."""
        ...

    def apply_settings(self, settings: DetectorSettings) -> None:
        """Use other detector settings, from the next hop on."""
        ...

    def events(self) -> Iterator[Event]:
        """Yield every event, in order, until the source ends or ``stop`` is called."""
        ...

    def stop(self) -> None:
        """Ask ``events`` to end; it does so within ``POLL`` seconds."""
        ...


class Gain(Protocol):
    """A gain stage between the source and the recognizer."""

    gain_db: float

    def apply(self, samples: Sound) -> Sound:
        """Return the samples with the current gain, between -1 and 1; may adapt the gain."""
        ...


Tap = Callable[[int, Sound, bool], None]
"""Called for every hop with its time, its samples before the gain, and whether listening was on; used to record sound."""


class Listener:
    """Passes sound through the recognizer, its score filter and the detector, and yields the events.

    Args:
        source: an open source; the listener closes it when it ends.
        recognizer: scores each window. Each listener has its own filter, so that several may share a recognizer.
        detector: turns scores into detections; its ``settings`` may be replaced from another thread between hops.
        gain: an optional gain stage.
        tap: an optional receiver of the sound.

    ``events()`` runs in one thread. ``stop()``, ``muted``, ``tap`` and ``second_tap`` may be used from any other.
    """

    def __init__(
        self,
        source: Source,
        recognizer: RecognizerProtocol,
        detector: Detector,
        *,
        gain: Gain | None = None,
        tap: Tap | None = None,
    ) -> None:
        self.source = source
        self.recognizer = recognizer
        self.detector = detector
        self.gain = gain
        self.tap = tap
        self.second_tap: Tap | None = None
        """A second receiver of the sound."""
        self.muted = False
        """While this is set, no words are detected; scores and levels continue, for the screen."""
        self.time = 0
        """Samples consumed so far."""
        self.listened = True
        """Whether listening was on in the last hop."""
        self._stop = threading.Event()
        self._offset = OffsetRemover()
        self._window = np.zeros(recognizer.window_samples, dtype=np.float32)
        self._hop = np.zeros(recognizer.hop, dtype=np.float32)
        self._filled = 0
        self._lost = 0
        used = recognizer.score_filter
        self._scores = None if used is None else FilteredScores(recognizer.labels, used)

    def stop(self) -> None:
        """Ask the loop to end; it does so within ``POLL`` seconds."""
        self._stop.set()

    @property
    def delay_s(self) -> float | None:
        """The source's delay; see ``EventStream``."""
        return self.source.delay_s

    def apply_settings(self, settings: DetectorSettings) -> None:
        """Use other detector settings, from the next hop on."""
        self.detector.settings = settings

    def events(self) -> Iterator[Event]:
        """Listen until the source ends or ``stop`` is called, and yield every event, in order."""
        self.listened = not self.muted
        try:
            while not self._stop.is_set():
                item = self.source.read(POLL)
                yield from self._scored(self.take(item))
                if isinstance(item, SourceEnded):
                    return
        finally:
            self.source.close()

    def take(self, item: AudioBlock | SourceEvent | None) -> Steps:
        """Process one item of the source (``None``: a timeout), leaving the scoring to the caller.

        It is what ``events`` does, for who scores the windows of many listeners together (``recognizer_service``). The caller
        sends the posteriors of each ``PendingWindow`` before anything else, and reads the source on only when the steps have ended.
        """
        yield from self._muting()
        if isinstance(item, AudioBlock):
            yield from self._block(item)
        elif item is not None:
            yield from self._source_event(item)

    def _scored(self, steps: Steps) -> Iterator[Event]:
        posteriors: tuple[float, ...] | None = None
        while True:
            try:
                step = steps.send(posteriors)
            except StopIteration:
                return
            posteriors = None
            if isinstance(step, PendingWindow):
                posteriors = self.recognizer.score(step.samples, step.blanked)
            else:
                yield step

    def _source_event(self, item: SourceEvent) -> Steps:
        if isinstance(item, SourceLost):
            # Sound before the gap must not be joined with sound after it.
            self._window[:] = 0.0
            self._filled = 0
            self._offset.restart()
            self.detector.reset()
            if self._scores is not None:
                self._scores.reset()
        yield replace(item, time=self.time)

    def _block(self, block: AudioBlock) -> Steps:
        if block.lost:
            self._lost += block.lost
            yield SamplesLost(self.time, block.lost, self._lost)
        samples, hop = block.samples, self.recognizer.hop
        while len(samples):
            taken = min(hop - self._filled, len(samples))
            self._hop[self._filled : self._filled + taken] = samples[:taken]
            self._filled += taken
            self.time += taken
            samples = samples[taken:]
            if self._filled == hop:
                self._filled = 0
                captured = None if block.captured is None else block.captured - seconds(len(samples))
                yield from self._end_of_hop(captured)
                if self._stop.is_set():
                    return

    def _muting(self) -> Steps:
        """Yield a change of ``muted``, before the first hop for which it applies."""
        if self.muted == self.listened:
            self.listened = not self.listened
            yield ListeningChanged(self.time, self.listened)

    def _end_of_hop(self, captured: float | None) -> Steps:
        yield from self._muting()
        raw, muted = self._hop, not self.listened
        for tap in (self.tap, self.second_tap):
            if tap is not None:
                tap(self.time, raw.copy(), not muted)
        clean = self._offset.remove(raw)
        sound = clean if self.gain is None else self.gain.apply(clean)
        yield level(self.time, raw, sound, 0.0 if self.gain is None else self.gain.gain_db)
        self._window[: -len(sound)] = self._window[len(sound) :]
        self._window[-len(sound) :] = sound
        posteriors = yield PendingWindow(self._window, self.detector.blanked(self.time, len(self._window)))
        assert posteriors is not None
        if self._scores is not None:
            posteriors = self._scores.feed(self.time, posteriors)
        before = self.detector.applied
        words = self.detector.feed(self.time, posteriors, muted=muted, captured=captured)
        now = self.detector.applied
        if now != before:
            yield DetectorChanged(self.time, now)
        yield Scores(self.time, posteriors, self.detector.smoothed, captured, self.detector.talk_shift)
        yield from words


def level(time: int, raw: Sound, sound: Sound, gain_db: float = 0.0) -> Level:
    """Measure a hop: its loudness after the gain and without a constant offset, and clipping before the gain."""
    loud = loudness(sound)
    clipped = loud.clipped if sound is raw else peak(raw) >= FULL_SCALE
    return Level(time, loud.rms_db, loud.peak_db, clipped, gain_db)
