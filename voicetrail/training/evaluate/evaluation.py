"""Everything that is measured of a recognizer: clips, noise, and streams through the path that the game uses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from voicetrail.spotting.networks.model import parameters
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import Weights
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.evaluate.clips import cut, in_batches, measured_clips, noise_of
from voicetrail.training.evaluate.conditions import conditions
from voicetrail.training.evaluate.measure import StreamMetrics, hear
from voicetrail.training.evaluate.metrics import ClipMetrics, Scores, det_curve, measure_clips
from voicetrail.training.evaluate.negatives import negative_streams
from voicetrail.training.evaluate.streams import Stream
from voicetrail.vocabulary import DIRECTIONS, is_word

FEW = 60
"""A word with fewer validation clips weighs as if it had this many at least (never more than ten times its clips)."""

Log = Callable[[str], None]


@dataclass(slots=True)
class EvaluationReport:
    """What ``evaluate`` found."""

    weights: str
    hash: str
    labels: tuple[str, ...]
    parameters: int
    clips: ClipMetrics
    det: list[tuple[float, float, float]]
    noise_accepted: float
    """Part of the held-out seconds of noise whose word score reaches that word's shipped threshold."""
    hop_ms: float
    """Median time of a hop, features and network, on one thread."""
    conditions: dict[str, StreamMetrics] = field(default_factory=dict)
    """Streams with words, by condition."""
    negatives: dict[str, StreamMetrics] = field(default_factory=dict)
    """Streams without, by kind."""

    def as_dict(self) -> dict[str, Any]:
        """As plain numbers, for JSON and the model card."""
        return {
            "weights": self.weights,
            "hash": self.hash,
            "parameters": self.parameters,
            "hop_ms": round(self.hop_ms, 3),
            "clips": {
                "accuracy": self.clips.accuracy,
                "by_word": self.clips.by_word,
                "recall_at_1_percent_false_accepts": self.clips.recall,
                "recall_by_word": self.clips.recall_by_word,
                "threshold": self.clips.threshold,
            },
            "noise_accepted": self.noise_accepted,
            "streams": {
                name: {
                    "heard": found.heard,
                    "by_word": {word: found.right.get(word, 0) / count for word, count in found.spoken.items()},
                    "false_an_hour": found.false_an_hour,
                    "latency_median": found.latency(50),
                    "latency_95": found.latency(95),
                }
                for name, found in self.conditions.items()
            },
            "negatives": {
                name: {"hours": found.seconds / 3600, "false_an_hour": found.false_an_hour, "false": found.false}
                for name, found in self.negatives.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Streams:
    """Which streams to measure, and how long."""

    seconds: float = 420.0
    """Length of each stream with words."""
    names: Sequence[str] | None = None
    """Of the conditions and of the streams without words; ``None``: all."""
    longest_s: float = math.inf
    """Longest a stream without words is heard, from its begin."""
    every_word: bool = False
    """Ask for all words that the recognizer knows, not for the directions alone."""

    def has(self, name: str) -> bool:
        """Whether a stream is to be measured."""
        return self.names is None or name in self.names


def evaluate(weights: Weights, corpus: Corpus, *, streams: Streams | None, log: Log) -> EvaluationReport:
    """Measure a recognizer on the validation split.

    Clips are all the validation speakers'; streams are those of the judging half, at the shipped settings.

    Args:
        weights: whose network is used (and changed for use).
        corpus: the validation split.
        streams: measure these as well, which takes minutes.
        log: writes a line for people.
    """
    torch.set_num_threads(1)
    count = parameters(weights.model)
    recognizer = Recognizer(weights)
    words = [label for label in recognizer.labels if is_word(label)]
    log("clips")
    scores, truth = score_clips(recognizer, corpus)
    weight = balance(truth)
    report = EvaluationReport(
        weights.name,
        weights.hash,
        recognizer.labels,
        count,
        measure_clips(scores, recognizer.labels, truth, weight),
        det_curve(scores, recognizer.labels, truth),
        noise_accepted(recognizer, corpus, words),
        hop_time(recognizer),
    )
    if streams is not None:
        targets = [word for word in words if streams.every_word or word in DIRECTIONS]
        for name, make in conditions(corpus, "judging", streams.seconds, 23, targets):
            if streams.has(name):
                log(f"stream: {name}")
                report.conditions[name] = _asked_for(recognizer, [make()], targets)
        for stream in negative_streams(corpus, "judging", 23, targets):
            if streams.has(stream.name):
                part = stream.up_to(streams.longest_s)
                log(f"without any word: {stream.name}, {part.seconds / 60:.0f} min")
                report.negatives[stream.name] = _asked_for(recognizer, [part], targets)
    return report


def _asked_for(recognizer: Recognizer, streams: Sequence[Stream], targets: Sequence[str]) -> StreamMetrics:
    """Hear streams, counting only some words: where directions are asked for, others of a larger vocabulary move nothing."""
    metrics = StreamMetrics()
    for stream in streams:
        words = hear(stream, recognizer, recognizer.detector).words
        metrics.add(stream, (event for event in words if event.word in targets))
    return metrics


def score_clips(recognizer: Recognizer, corpus: Corpus) -> tuple[Scores, list[str]]:
    """Posteriors of all that clips are measured on (``training.evaluate.clips``), and the truth of each row."""
    sound, truth = measured_clips(corpus, "judging")
    return np.concatenate([recognizer.posteriors(part) for part in in_batches(sound)]).astype(np.float64), truth


def balance(truth: Sequence[str]) -> Any:
    """A weight a clip, so that each other word weighs alike, with the scarce ones not drowned by the plenty.

    The official test set has some 400 clips each of the frequent words; the validation clips here have few of some.
    """
    counts = {word: truth.count(word) for word in set(truth)}
    return np.array([min(10.0, max(1.0, FEW / counts[word])) for word in truth])


def noise_accepted(recognizer: Recognizer, corpus: Corpus, words: Sequence[str]) -> float:
    """Part of the held-out noise, in seconds, taken for a word at the shipped thresholds."""
    thresholds = recognizer.unfiltered_detector
    limits = np.array([thresholds.threshold_of(word) if word in words else 2.0 for word in recognizer.labels])
    noise = cut(noise_of(corpus.noise, "judging"))
    taken = sum(int((recognizer.posteriors(part) >= limits).any(axis=1).sum()) for part in in_batches(noise))
    return taken / len(noise) if len(noise) else 0.0


def hop_time(recognizer: Recognizer, hops: int = 200) -> float:
    """Median time of one hop in ms, on a stream of noise."""
    rng = np.random.default_rng(0)
    sound = rng.standard_normal(recognizer.window_samples + hops * recognizer.hop).astype(np.float32) * np.float32(0.1)
    times = []
    for hop in range(hops):
        window = sound[hop * recognizer.hop : hop * recognizer.hop + recognizer.window_samples]
        began = time.perf_counter()
        recognizer.score(window)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000
