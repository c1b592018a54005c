"""Runs streams through ``listening.Listener``, as in the game, and measures the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from voicetrail.audio.blocks import BlockSource
from voicetrail.events import SAMPLE_RATE, Scores, WordHeard, seconds
from voicetrail.listening import Listener, RecognizerProtocol
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.talk import steady_posterior, update_talk_level
from voicetrail.training.evaluate.streams import Spoken, Stream
from voicetrail.vocabulary import UNKNOWN, is_word

ANSWER_MAX_S = 0.75
"""If a detection is later than this after the end of the word, in s, the word counts as missed and the detection as a false move."""

TRACE = 0.03
"""Posteriors below this cannot raise a smoothed score to any threshold."""

Hops = list[tuple[int, tuple[float, ...]]]
"""The time and the posteriors of every hop of a stream."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A stream with its scores."""

    stream: Stream
    hops: Hops
    words: tuple[WordHeard, ...]


def hear(stream: Stream, recognizer: RecognizerProtocol, settings: DetectorSettings) -> Heard:
    """Run a stream through the listener."""
    listener = Listener(BlockSource([stream.sound]), recognizer, Detector(recognizer.labels, settings))
    hops: Hops = []
    words = []
    for event in listener.events():
        if isinstance(event, Scores):
            hops.append((event.time, event.posteriors))
        elif isinstance(event, WordHeard):
            words.append(event)
    return Heard(stream, hops, tuple(words))


def near_words(hops: Hops, labels: Sequence[str], words: Sequence[str] | None = None) -> Hops:
    """The hops within half a second of a hop in which the posterior of some word (of ``words``, or of all) is more than a trace.

    Only at these hops can a detector detect a word or arm again, and they are a small part of a stream. Choosing thresholds
    decides the same hops hundreds of times and needs only these. Each gap between them is replaced by one hop at its end, without
    any word, whose posterior of ``_unknown_`` leads to the same talk level (``spotting.talk``).
    """
    columns = [index for index, label in enumerate(labels) if is_word(label) and (words is None or label in words)]
    if not hops or not columns:
        return []
    live = np.array([[row[column] for column in columns] for _, row in hops]).max(axis=1) >= TRACE
    reach = 1 + SAMPLE_RATE // 2 // max(1, hops[1][0] - hops[0][0] if len(hops) > 1 else SAMPLE_RATE)
    near = np.convolve(live, np.ones(2 * reach + 1), "same") > 0
    near[0] = True  # time is counted from there
    unknown = labels.index(UNKNOWN) if UNKNOWN in labels else None
    out: Hops = []
    for is_near, stretch in groupby(zip(near, hops, strict=True), key=lambda pair: bool(pair[0])):
        rows = [hop for _, hop in stretch]
        out += rows if is_near else [_instead(rows, out[-1][0], unknown)]
    return out


def _instead(hops: Hops, since: int, unknown: int | None) -> tuple[int, tuple[float, ...]]:
    """One hop that replaces several, the first of which follows the one at ``since``."""
    end = hops[-1][0]
    row = [0.0] * len(hops[-1][1])
    if unknown is not None:
        talk, before = 0.0, since
        for time, posteriors in hops:
            talk, before = update_talk_level(talk, posteriors[unknown], time - before), time
        row[unknown] = steady_posterior(talk, end - since)
    return end, tuple(row)


def decide(hops: Hops, labels: Sequence[str], settings: DetectorSettings) -> list[WordHeard]:
    """The detections of a detector with these settings, for hops that were scored before."""
    detector = Detector(labels, settings)
    return [event for time, row in hops for event in detector.feed(time, row) if isinstance(event, WordHeard)]


@dataclass(slots=True)
class StreamMetrics:
    """Metrics of the words in one or more streams."""

    seconds: float = 0.0
    spoken: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    """Number of false moves, by the detected word."""
    latencies: list[float] = field(default_factory=list)
    """Times from the end of a word to its detection, in s."""

    @property
    def heard(self) -> float:
        """Part of the spoken words that were detected, as the mean over the words."""
        parts = [self.right.get(word, 0) / count for word, count in self.spoken.items() if count]
        return float(np.mean(parts)) if parts else 0.0

    @property
    def false_an_hour(self) -> float:
        """False moves per hour."""
        return sum(self.false.values()) / self.seconds * 3600 if self.seconds else 0.0

    def latency(self, percentile: float) -> float:
        """A percentile of the latencies in s."""
        return float(np.percentile(self.latencies, percentile)) if self.latencies else float("nan")

    def add(self, stream: Stream, words: Iterable[WordHeard]) -> None:
        """Add the results of one stream."""
        self.seconds += stream.seconds
        free = list(stream.spoken)
        for truth in free:
            self.spoken[truth.word] = self.spoken.get(truth.word, 0) + 1
        for event in words:
            match = _match(event, free)
            if match is None:
                self.false[event.word] = self.false.get(event.word, 0) + 1
                continue
            free.remove(match)
            self.right[match.word] = self.right.get(match.word, 0) + 1
            self.latencies.append(seconds(event.time - match.end))


def _match(event: WordHeard, spoken: Sequence[Spoken]) -> Spoken | None:
    """The spoken word that matches a detection: the same word, with its start before and its end at most ``ANSWER_MAX_S`` before
    it.
    """
    for truth in spoken:
        if truth.word == event.word and truth.begin < event.time <= truth.end + ANSWER_MAX_S * SAMPLE_RATE:
            return truth
    return None


def measure(heard: Iterable[tuple[Stream, Iterable[WordHeard]]]) -> StreamMetrics:
    """The metrics of several streams together."""
    metrics = StreamMetrics()
    for stream, words in heard:
        metrics.add(stream, words)
    return metrics
