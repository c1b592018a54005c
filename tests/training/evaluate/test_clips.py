"""What clips are measured on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.training.makers import corpus, recording
from voicetrail.training.data.recordings import CLIP
from voicetrail.training.evaluate.clips import BATCH, cut, in_batches, measured_clips


def test_recordings_are_cut_into_whole_clips() -> None:
    long = recording(2.5)
    parts = cut(long)
    assert parts.shape == (2, CLIP)
    assert np.array_equal(parts.reshape(-1), long.sound[: 2 * CLIP])
    assert cut(recording(0)).shape == (0, CLIP)


def test_words_come_with_phrases_and_noise_each_with_its_truth() -> None:
    small = replace(corpus(2), phrases=recording(1.5), noise=recording(2))
    sound, truth = measured_clips(small)
    assert truth == [*small.clips.words, "_unknown_", "_background_noise_", "_background_noise_"]
    assert np.array_equal(sound[-3], small.phrases.sound[:CLIP])
    assert np.array_equal(sound[-1], small.noise.sound[CLIP:])
    assert len(sound) == len(truth)


def test_batches_hold_every_clip_once_between_minus_one_and_one() -> None:
    sound = np.full((BATCH + 1, 2), [-32768, 16384], dtype=np.int16)
    parts = list(in_batches(sound))
    assert [len(part) for part in parts] == [BATCH, 1]
    assert all(part.dtype == np.float32 for part in parts)
    assert np.unique(np.concatenate(parts), axis=0).tolist() == [[-1.0, 0.5]]
