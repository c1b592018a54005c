from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from voicetrail.audio.file import demo_path
from voicetrail.spotting.fast.moving_features import StreamingFeatures
from voicetrail.spotting.features import FeatureSettings, LogMel
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.recognizer import HOP, Recognizer, load_recognizer, loudest_window

Sound = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer()


@pytest.fixture(scope="module")
def speech() -> Sound:
    """The first words of the bundled voice."""
    sound, _ = soundfile.read(demo_path(), frames=5 * 16_000, dtype="float32")
    return np.asarray(sound, dtype=np.float32)


def windows(sound: Sound, size: int, count: int, first: int = 0) -> list[Sound]:
    return [sound[first + hop * HOP : first + hop * HOP + size] for hop in range(count)]


def apart(scores: tuple[float, ...], truth: Sound) -> float:
    return float(np.abs(np.array(scores) - truth).max())


def test_streaming_scores_equal_those_of_single_windows(recognizer: Recognizer, speech: Sound) -> None:
    each = windows(speech, recognizer.window_samples, 60)
    truth = recognizer.posteriors(np.stack(each))
    assert truth.max(axis=0)[:4].max() > 0.5  # there is something to hear
    for window, row in zip(each, truth, strict=True):
        assert apart(recognizer.score(window), row) <= 0.002


def test_jump_resets_the_streaming_state(recognizer: Recognizer, speech: Sound) -> None:
    places = [0, HOP, 5 * HOP, 5 * HOP, 4 * HOP, 50 * HOP + 1, 51 * HOP + 1]
    each = [speech[at : at + recognizer.window_samples] for at in places]
    for window, row in zip(each, recognizer.posteriors(np.stack(each)), strict=True):
        assert apart(recognizer.score(window), row) <= 0.002


def test_caller_may_reuse_its_window_buffer(recognizer: Recognizer, speech: Sound) -> None:
    window = speech[: recognizer.window_samples].copy()
    for hop in range(1, 20):
        recognizer.score(window)
        window[:-HOP] = window[HOP:].copy()
        at = recognizer.window_samples + (hop - 1) * HOP
        window[-HOP:] = speech[at : at + HOP]
    last = speech[19 * HOP : 19 * HOP + recognizer.window_samples]
    np.testing.assert_array_equal(window, last)
    assert apart(recognizer.score(window), recognizer.posteriors(last[None])[0]) <= 0.002


def test_consecutive_window_computes_only_new_frames(
    recognizer: Recognizer, speech: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[int] = []
    power: Callable[..., object] = recognizer._features.power

    def counted(sound: npt.NDArray[np.float32]) -> object:
        whole.append(sound.shape[-1])
        return power(sound)

    monkeypatch.setattr(recognizer._features, "power", counted)
    # Long enough for the sound to come to the end of its buffer twice.
    each = windows(np.tile(speech, 2), recognizer.window_samples, 130, first=12_345)
    for window in each:
        recognizer.score(window)
    assert whole == [recognizer._features.settings.used_samples]
    assert apart(recognizer.score(each[-1]), recognizer.posteriors(each[-1][None])[0]) <= 0.002


def test_streaming_features_equal_those_of_the_window(recognizer: Recognizer, speech: Sound) -> None:
    features = LogMel(FeatureSettings())
    settings = features.settings
    out = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
    moving = StreamingFeatures(features, recognizer.hop, out)
    for window in windows(speech, recognizer.window_samples, 70):
        moving(window)
        np.testing.assert_allclose(out, recognizer.spectrogram(window), atol=1e-4)


def test_fractional_hop_recomputes_all_features(recognizer: Recognizer, speech: Sound) -> None:
    features = LogMel(FeatureSettings())
    settings = features.settings
    out = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
    moving = StreamingFeatures(features, 500, out)
    for first in (0, 500, 1000):
        moving(speech[first : first + recognizer.window_samples])
        np.testing.assert_allclose(out, recognizer.spectrogram(speech[first : first + recognizer.window_samples]), atol=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_single_window_equals_a_batch_of_one(temperature: float) -> None:
    join = LabelPosteriors(torch.eye(3)[[0, 1, 1, 2, 2]], temperature)
    for logits in (torch.tensor([1.0, -3.0, 0.5, 2.0, 0.0]), torch.tensor([90.0, -90.0, 0.0, 89.0, 1.0])):
        np.testing.assert_allclose(join.one(logits.numpy()), join(logits[None])[0].numpy(), atol=1e-6)


def test_scores_are_rounded_and_sum_to_one(recognizer: Recognizer, speech: Sound) -> None:
    for window in windows(speech, recognizer.window_samples, 10):
        scores = recognizer.score(window)
        assert len(scores) == len(recognizer.labels)
        assert all(score == round(score, 3) and 0 <= score <= 1 for score in scores)
        assert sum(scores) == pytest.approx(1.0, abs=0.004)


def test_silence_scores_no_word(recognizer: Recognizer) -> None:
    scores = dict(zip(recognizer.labels, recognizer.score(np.zeros(recognizer.window_samples, dtype=np.float32)), strict=True))
    assert max(scores, key=lambda label: scores[label]) == "_background_noise_"


def test_picture_and_embedding_have_their_shapes(recognizer: Recognizer, speech: Sound) -> None:
    window = speech[: recognizer.window_samples]
    assert recognizer.spectrogram(window).shape == (40, 97)
    embedding = recognizer.embedding(window)
    assert embedding.ndim == 1
    assert np.isfinite(embedding).all()


def test_recognizer_describes_itself(recognizer: Recognizer) -> None:
    assert recognizer.labels == ("up", "down", "left", "right", "_unknown_", "_background_noise_")
    assert (recognizer.name, recognizer.hop, recognizer.window_samples) == ("directional4w", 640, 16_000)
    assert len(recognizer.hash) == 64


def test_loudest_window_contains_the_word() -> None:
    sound = np.full(50_000, 0.01, dtype=np.float32)
    sound[20_000:30_000] = 0.5
    window = loudest_window(sound, 16_000)
    assert (window == np.float32(0.5)).sum() == 10_000


def test_short_sound_is_centered_in_zeros() -> None:
    window = loudest_window(np.ones(1000, dtype=np.float32), 16_000)
    assert window.shape == (16_000,)
    assert np.flatnonzero(window)[[0, -1]].tolist() == [7500, 8499]


@settings(max_examples=40, deadline=None)
@given(st_numpy.arrays(np.float32, st.integers(0, 60), elements=st.floats(-1, 1, width=32)), st.integers(1, 40))
def test_no_other_window_has_more_energy(sound: Sound, size: int) -> None:
    window = loudest_window(sound, size)
    assert len(window) == size
    energies = [float(np.sum(sound[at : at + size].astype(np.float64) ** 2)) for at in range(max(1, len(sound) - size + 1))]
    assert float(np.sum(window.astype(np.float64) ** 2)) >= max(energies) - 1e-9
