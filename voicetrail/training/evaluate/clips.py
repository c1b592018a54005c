"""What clips are measured on: the words of the validation split, and the noise and the phrases held out, cut into clips."""

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
"""Clips that are turned into floating point, and through a network, at a time."""


def cut(recordings: Recordings) -> Samples:
    """Long recordings as clips, ``[clips, CLIP]``; what is left over at the end is left out."""
    count = len(recordings.sound) // CLIP
    return recordings.sound[: count * CLIP].reshape(-1, CLIP)


def noise_of(recordings: Recordings, which: Half) -> Recordings:
    """The held-out noise that one half hears; of kinds that are on no list, every second recording, and of a single one the half."""
    if len(recordings.names) == 1 and half_of_noise(recordings.names[0]) is None:
        middle = len(recordings.sound) // 2
        return in_a_row([recordings.sound[:middle] if which == "choosing" else recordings.sound[middle:]], recordings.names)
    rows = [
        row for row, name in enumerate(recordings.names) if (half_of_noise(name) or ("choosing", "judging")[row % 2]) == which
    ]
    return recordings.pick(rows)


def measured_clips(corpus: Corpus, which: Half | None = None) -> tuple[Samples, list[str]]:
    """All that a network is measured on, ``[clips, CLIP]``, and what each clip is: its word, ``_unknown_`` or noise.

    ``which``: only the noise of this half (the clips are all speakers').
    """
    if which is not None:
        corpus = replace(corpus, noise=noise_of(corpus.noise, which))
    phrases, noise = cut(corpus.phrases), cut(corpus.noise)
    truth = [*corpus.clips.words, *[UNKNOWN] * len(phrases), *[NOISE] * len(noise)]
    return np.concatenate([corpus.clips.sound, phrases, noise]), truth


def in_batches(sound: Samples) -> Iterator[npt.NDArray[np.float32]]:
    """Clips ``[clips, CLIP]`` between -1 and 1, so many at a time that memory holds them."""
    for at in range(0, len(sound), BATCH):
        yield sound[at : at + BATCH].astype(np.float32) / np.float32(32768.0)
