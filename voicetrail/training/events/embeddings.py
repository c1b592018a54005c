"""Makes the streams that a score filter is fitted to, and computes their embeddings, in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights
from voicetrail.training.data.corpus import Corpus, Folders, load_corpus
from voicetrail.training.evaluate.streams import Spoken, Stream
from voicetrail.training.events.streams import NO_WORDS, Kind, other_streams, spoken_stream
from voicetrail.vocabulary import DIRECTIONS


@dataclass(frozen=True, slots=True)
class EmbeddedStream:
    """A stream as the last layer sees it."""

    embeddings: Tensor
    """``[hops, embedding]``, half precision."""
    spoken: tuple[Spoken, ...]
    """Where its target words were said."""
    targets: tuple[str, ...] | None
    """The words whose every occurrence is in ``spoken``; ``None`` if no word of any vocabulary is said."""

    def knows(self, words: Sequence[str]) -> bool:
        """Whether all occurrences of these words are known."""
        return self.targets is None or {*words} <= {*self.targets}


@dataclass(frozen=True, slots=True)
class Job:
    """Streams to make in one go: those of a kind without target words, or one with them."""

    kind: Kind | None = None
    number: int = 0
    targets: tuple[str, ...] = DIRECTIONS


class Embedder:
    """Makes streams and computes their embeddings.

    Args:
        recognizer: its network computes them.
        corpus: the training split.
        seed: of all streams.
    """

    def __init__(self, recognizer: Recognizer, corpus: Corpus, seed: int) -> None:
        self._recognizer, self._corpus, self._seed = recognizer, corpus, seed

    def run(self, job: Job) -> list[EmbeddedStream]:
        """Make the streams of a job."""
        if job.kind is None:
            return [self._embedded(spoken_stream(self._corpus, job.number, self._seed, job.targets), job.targets)]
        targets = None if job.kind in NO_WORDS else DIRECTIONS
        return [self._embedded(stream, targets) for stream in other_streams(self._corpus, job.kind, self._seed)]

    def _embedded(self, stream: Stream, targets: tuple[str, ...] | None) -> EmbeddedStream:
        return EmbeddedStream(self._recognizer.embed_all(stream.sound).half(), stream.spoken, targets)


def jobs(streams: Mapping[tuple[str, ...], int]) -> list[Job]:
    """The jobs for this many streams of each list of target words, and for all streams without; the long ones first."""
    numbered = [targets for targets, count in streams.items() for _ in range(count)]
    return [Job(kind) for kind in Kind] + [Job(None, number, targets) for number, targets in enumerate(numbered)]


def embed_streams(
    weights: Path, folders: Folders, cache: Path, seed: int, todo: Sequence[Job], processes: int
) -> Iterator[EmbeddedStream]:
    """Run jobs.

    Args:
        weights: file of the network.
        folders: of the recordings.
        cache: folder for decoded sound.
        seed: of all streams.
        todo: the jobs; the result does not depend on ``processes``.
        processes: how many share the work. With 1, this process does it.
    """
    if processes == 1:
        embedder = Embedder(Recognizer(load_weights(weights)), load_corpus(folders, "training", cache), seed)
        for job in todo:
            yield from embedder.run(job)
        return
    # A process that torch has run in cannot be forked safely.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(weights, folders, cache, seed)) as pool:
        for found in pool.map(_run, todo):
            yield from found


_own: list[Embedder] = []
"""The embedder of a worker process."""


def _begin(weights: Path, folders: Folders, cache: Path, seed: int) -> None:
    torch.set_num_threads(1)
    _own.append(Embedder(Recognizer(load_weights(weights)), load_corpus(folders, "training", cache), seed))


def _run(job: Job) -> list[EmbeddedStream]:
    return _own[0].run(job)
