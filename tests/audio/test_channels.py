from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from voicetrail.audio.channels import ChannelMixer

Sound = npt.NDArray[np.float32]


def noise(seconds: float, db: float = -20, seed: int = 0) -> Sound:
    return np.random.default_rng(seed).normal(0, 10 ** (db / 20), round(seconds * 16_000)).astype(np.float32)


def mixed(left: Sound, right: Sound, block: int = 640) -> Sound:
    mixer, frames = ChannelMixer(), np.stack([left, right], axis=1)
    return np.concatenate([mixer.mix(frames[at : at + block]) for at in range(0, len(frames), block)])


def test_mono_passes_unchanged() -> None:
    sound = noise(0.1)
    np.testing.assert_array_equal(ChannelMixer().mix(sound[:, None]), sound)


def test_two_channels_are_averaged() -> None:
    left, right = noise(0.5, seed=1), noise(0.5, seed=2)
    np.testing.assert_allclose(mixed(left, right), (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("other", [-1.0, -0.9, -0.6])
def test_an_inverted_channel_does_not_cancel_the_other(other: float) -> None:
    left = noise(1)
    np.testing.assert_allclose(mixed(left, other * left), left, atol=1e-7)


def test_louder_channel_is_used_if_channels_cancel() -> None:
    left = noise(1)
    np.testing.assert_allclose(mixed(-0.8 * left, left), left, atol=1e-7)


def test_silent_channel_is_still_averaged() -> None:
    left = noise(0.5)
    np.testing.assert_allclose(mixed(left, np.zeros_like(left)), left / 2, atol=1e-7)


def test_short_stereo_difference_does_not_switch_channels() -> None:
    left = noise(3)
    right = left.copy()
    right[16_000:16_640] *= -1
    out = mixed(left, right)
    np.testing.assert_allclose(out[:16_000], left[:16_000], atol=1e-7)
    np.testing.assert_allclose(out[17_000:], left[17_000:], atol=1e-7)


def test_a_block_may_be_empty() -> None:
    assert len(ChannelMixer().mix(np.zeros((0, 2), dtype=np.float32))) == 0
