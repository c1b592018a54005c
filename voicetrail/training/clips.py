"""What clips are measured on: the words of the validation split, and the noise and the phrases held out, cut into clips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from voicetrail.training.dataset import CLIP, Corpus, Reel, Samples
from voicetrail.vocabulary import NOISE, UNKNOWN

BATCH = 256
"""Clips that are turned into floating point, and through a network, at a time."""


def cut(reel: Reel) -> Samples:
    """Long recordings as clips, ``[clips, CLIP]``; what is left over at the end is left out."""
    count = len(reel.sound) // CLIP
    return reel.sound[: count * CLIP].reshape(-1, CLIP)


def measured_clips(corpus: Corpus) -> tuple[Samples, list[str]]:
    """All that a network is measured on, ``[clips, CLIP]``, and what each clip is: its word, ``_unknown_`` or noise."""
    phrases, noise = cut(corpus.phrases), cut(corpus.noise)
    truth = [*corpus.clips.words, *[UNKNOWN] * len(phrases), *[NOISE] * len(noise)]
    return np.concatenate([corpus.clips.sound, phrases, noise]), truth


def in_batches(sound: Samples) -> Iterator[npt.NDArray[np.float32]]:
    """Clips ``[clips, CLIP]`` between -1 and 1, so many at a time that memory holds them."""
    for at in range(0, len(sound), BATCH):
        yield sound[at : at + BATCH].astype(np.float32) / np.float32(32768.0)
