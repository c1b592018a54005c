"""The clips for measurements: the words of the validation split, and held-out noise and phrases, cut into clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import Half, half_of_noise
from voicetrail.training.data.recordings import CLIP, Recordings, Samples, in_a_row
from voicetrail.vocabulary import NOISE, UNKNOWN

BATCH = 256
"""Clips that are converted and scored at a time."""


def cut(recordings: Recordings) -> Samples:
    """Cut long recordings into clips, ``[clips, CLIP]``; an incomplete clip at the end is dropped."""
    count = len(recordings.sound) // CLIP
    return recordings.sound[: count * CLIP].reshape(-1, CLIP)


def noise_of(recordings: Recordings, which: Half) -> Recordings:
    """The held-out noise of one half. Of unlisted kinds, each half gets every second recording, or half of a single recording."""
    if len(recordings.names) == 1 and half_of_noise(recordings.names[0]) is None:
        middle = len(recordings.sound) // 2
        return in_a_row([recordings.sound[:middle] if which == "choosing" else recordings.sound[middle:]], recordings.names)
    rows = [
        row for row, name in enumerate(recordings.names) if (half_of_noise(name) or ("choosing", "judging")[row % 2]) == which
    ]
    return recordings.pick(rows)


def measured_clips(corpus: Corpus, which: Half | None = None) -> tuple[Samples, list[str]]:
    """All clips for a measurement, ``[clips, CLIP]``, and the label of each: its word, ``_unknown_`` or noise.

    ``which``: only the noise of this half (the words are those of all speakers).
    """
    if which is not None:
        corpus = replace(corpus, noise=noise_of(corpus.noise, which))
    phrases, noise = cut(corpus.phrases), cut(corpus.noise)
    truth = [*corpus.clips.words, *[UNKNOWN] * len(phrases), *[NOISE] * len(noise)]
    return np.concatenate([corpus.clips.sound, phrases, noise]), truth


def in_batches(sound: Samples) -> Iterator[npt.NDArray[np.float32]]:
    """Batches of clips ``[clips, CLIP]``, converted to numbers between -1 and 1."""
    for at in range(0, len(sound), BATCH):
        yield sound[at : at + BATCH].astype(np.float32) / np.float32(32768.0)
