"""Counts how often each word would have been detected in the last minute, to show the effect of a threshold.

Pure arithmetic on the scores that the screen receives anyway, without torch or a clock.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voicetrail.events import SAMPLE_RATE, Scores, WordHeard
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.talk import LEAD_S

MINUTE_S = 60.0
"""How much of the past is counted, in s."""
FADE_S = 3.0
"""How long a peak stays visible, in s."""


class WordCounts:
    """Counts how often each word would have been detected in the last minute with the current settings.

    It stores the scores of that minute, and those of ``LEAD_S`` before it, so that a recount starts with the right talk level. A new
    hop costs one step of a detector. After a change of the settings, the next call of ``counts`` runs a detector over the whole
    minute (about 30 ms). Words count whether or not listening was on. ``add`` and ``counts`` may be called from two threads.

    Args:
        labels: the recognizer's labels.
        settings: the current settings of the detector; assign to ``settings`` to change them.
        span: how much of the past is counted, in s.
    """

    def __init__(self, labels: Sequence[str], settings: DetectorSettings, span: float = MINUTE_S) -> None:
        self.settings = settings
        self._labels = tuple(labels)
        self._span = round(span * SAMPLE_RATE)
        self._rows: deque[tuple[int, tuple[float, ...]]] = deque()
        self._heard: deque[tuple[int, str]] = deque()
        self._detector = Detector(labels, settings)
        self._stale = False
        """The settings have changed since the last count, so that the detector has to run again."""
        self._lock = threading.Lock()

    def add(self, scores: Scores) -> None:
        """Add the scores of a hop. A time before that of the last hop starts a new stream and forgets the old one."""
        with self._lock:
            if self._rows and scores.time <= self._rows[-1][0]:
                self._rows.clear()
                self._heard.clear()
                self._detector.reset()
            self._rows.append((scores.time, scores.posteriors))
            self._forget(scores.time)
            self._stale = self._stale or self._detector.settings != self.settings
            if not self._stale:
                self._feed(scores.time, scores.posteriors)

    def counts(self) -> Mapping[str, int]:
        """How often each word would have been detected; words without a detection are missing."""
        with self._lock:
            settings = self.settings
            if self._stale or self._detector.settings != settings:
                self._detector, self._stale = Detector(self._labels, settings), False
                self._heard.clear()
                for time, posteriors in self._rows:
                    self._feed(time, posteriors)
                if self._rows:
                    self._forget(self._rows[-1][0])
            return Counter(word for _, word in self._heard)

    def _feed(self, time: int, posteriors: tuple[float, ...]) -> None:
        self._heard += [(time, event.word) for event in self._detector.feed(time, posteriors) if isinstance(event, WordHeard)]

    def _forget(self, now: int) -> None:
        oldest = now - self._span
        while self._rows and self._rows[0][0] <= oldest - round(LEAD_S * SAMPLE_RATE):
            self._rows.popleft()
        while self._heard and self._heard[0][0] <= oldest:
            self._heard.popleft()


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest score of the last seconds."""

    score: float
    freshness: float
    """1 for a peak in the current hop, falling to 0 at the end of the span."""


class FadingPeaks:
    """Tracks the highest smoothed score of each label over the last seconds, for a fading mark on its bar.

    Args:
        count: how many labels there are.
        span: how long a peak lasts, in s.
    """

    def __init__(self, count: int, span: float = FADE_S) -> None:
        self._span = round(span * SAMPLE_RATE)
        self._falling: tuple[deque[tuple[int, float]], ...] = tuple(deque() for _ in range(count))
        """For each label, the scores (with their times) that no later score has reached; the first one is the peak."""
        self._now = 0

    def add(self, time: int, smoothed: Sequence[float]) -> None:
        """Add the smoothed scores of a hop. A time before that of the last hop starts a new stream."""
        if time < self._now:
            for peaks in self._falling:
                peaks.clear()
        self._now = time
        for peaks, score in zip(self._falling, smoothed, strict=True):
            while peaks and peaks[-1][1] <= score:
                peaks.pop()
            peaks.append((time, score))
            while peaks[0][0] <= time - self._span:
                peaks.popleft()

    def peak(self, index: int) -> Peak:
        """The peak of the label with this index."""
        peaks = self._falling[index]
        if not peaks:
            return Peak(0.0, 0.0)
        time, score = peaks[0]
        return Peak(score, 1.0 - (self._now - time) / self._span)
