"""A detected word is blanked in the windows after it, so that its next saying stands alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from voicetrail.audio.blocks import BlockSource
from voicetrail.events import SAMPLE_RATE, WordHeard, WordRejected
from voicetrail.listening import Listener
from voicetrail.spotting.browser_fft import BrowserFft
from voicetrail.spotting.detector import BLANK_DELAY_S, BLANK_REACH_S, Detector, DetectorSettings
from voicetrail.spotting.fast.moving_features import StreamingFeatures
from voicetrail.spotting.fast.moving_patch import StreamingPatch
from voicetrail.spotting.features import BLANK_LEFT, FeatureSettings, LogMel, blank_past, frames_before

Sound = npt.NDArray[np.float32]
LABELS = ("up", "left", "_unknown_", "_background_noise_")
HOP = 640
WINDOW = SAMPLE_RATE


def noise(samples: int) -> Sound:
    return np.random.default_rng(3).normal(0, 0.05, samples).astype(np.float32)


@pytest.mark.parametrize("blanked", [0, 300, 4000, 9000, 15_000, 16_000])
def test_fast_and_plain_recognizer_blank_the_same_sound(blanked: int) -> None:
    features = LogMel(FeatureSettings())
    settings, sound = features.settings, noise(WINDOW + 8 * HOP)
    out = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
    moving = StreamingFeatures(features, HOP, out)
    for hop in range(8):
        window = sound[hop * HOP : hop * HOP + WINDOW]
        moving(window, blanked if hop % 2 else 0)
        power = features.power(torch.from_numpy(window[-settings.used_samples :])[None])
        blank_past(power[0, 0], frames_before(settings, blanked if hop % 2 else 0))
        np.testing.assert_allclose(out, features.normalize(power)[0, 0].numpy(), atol=1e-4)


def test_browser_patch_is_blanked_too() -> None:
    features = BrowserFft()
    settings = features.settings
    sound = noise(settings.window_samples)
    out = np.zeros((settings.rows, settings.frames), dtype=np.float32)
    with torch.inference_mode():
        StreamingPatch(features, HOP, out)(sound, 8000)
        power = features.power(torch.from_numpy(sound)[None])
        blank_past(power[0, 0], frames_before(settings, 8000))
        np.testing.assert_allclose(out, features.normalize(power)[0, 0].numpy(), atol=1e-3)


def test_blanked_sound_has_no_effect_but_the_rest_has() -> None:
    features = LogMel(FeatureSettings())
    settings, one = features.settings, noise(WINDOW)
    other = one.copy()
    other[:7000] = 0.3 * np.sin(np.arange(7000) / 5)

    def picture(sound: Sound) -> Sound:
        out = np.zeros((settings.n_mels, settings.frames), dtype=np.float32)
        StreamingFeatures(features, HOP, out)(sound, 8000)
        return out

    np.testing.assert_allclose(picture(one), picture(other), atol=1e-5)
    other[12_000:13_000] = 0.0
    assert np.abs(picture(one) - picture(other)).max() > 0.1


def test_blanking_always_leaves_frames_for_the_floor() -> None:
    for settings in (FeatureSettings(), BrowserFft().settings):
        counts = [frames_before(settings, samples) for samples in range(0, 2 * settings.window_samples, 97)]
        assert counts == sorted(counts)
        assert counts[0] == 0
        assert counts[-1] == settings.frames - BLANK_LEFT


class Spy:
    """Gives out *up* for every loud hop, and notes what was blanked at each."""

    labels: tuple[str, ...] = LABELS
    hop = HOP
    window_samples = WINDOW
    score_filter = None

    def __init__(self) -> None:
        self.blanked: list[int] = []

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        self.blanked.append(blanked)
        loud = float(np.abs(window[-HOP:]).max() > 0.5)
        return (loud, 0.0, 0.0, 1.0 - loud)


def blanked_hops(loud: list[int], *, muted: bool = False, settings: DetectorSettings | None = None) -> list[int]:
    """What was blanked at each hop of two seconds, of which these hops are loud."""
    sound = np.zeros(50 * HOP, dtype=np.float32)
    for hop in loud:
        sound[hop * HOP : (hop + 1) * HOP] = 0.9
    spy = Spy()
    settings = settings or DetectorSettings(threshold=0.8, smoothing=0.0, refractory=0.3)
    listener = Listener(BlockSource([sound]), spy, Detector(LABELS, settings))
    listener.muted = muted
    events = [event for event in listener.events() if isinstance(event, WordHeard | WordRejected)]
    assert events
    return spy.blanked


@pytest.mark.parametrize("muted", [False, True])
def test_word_is_blanked_until_it_leaves_the_window(muted: bool) -> None:
    blanked = blanked_hops([5], muted=muted)
    given = 6 * HOP
    first = next(hop for hop, samples in enumerate(blanked) if samples)
    assert first * HOP >= given + BLANK_DELAY_S * SAMPLE_RATE > (first - 1) * HOP
    reach = given + round(BLANK_REACH_S * SAMPLE_RATE)
    assert blanked == [max(0, reach - ((hop + 1) * HOP - WINDOW)) if hop >= first else 0 for hop in range(50)]


def test_word_within_the_refractory_time_is_blanked_too() -> None:
    once, twice = blanked_hops([5]), blanked_hops([5, 9])
    assert twice[20] == once[20] + 4 * HOP


def test_lost_source_resets_blanking() -> None:
    detector = Detector(LABELS, DetectorSettings(threshold=0.8, smoothing=0.0))
    for hop in range(1, 20):
        detector.feed(hop * HOP, (0.9 if hop == 2 else 0.0, 0.0, 0.0, 0.0))
    assert detector.blanked(20 * HOP, WINDOW) > 0
    detector.reset()
    assert detector.blanked(20 * HOP, WINDOW) == 0
