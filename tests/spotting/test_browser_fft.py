"""The browser's features; ``importing/test_tfjs`` holds them against the package's own extractor."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.errors import WeightsError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.browser_fft import BrowserFft, BrowserFftSettings
from voicetrail.spotting.fast.moving_patch import StreamingPatch
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.frontend import build_frontend, frontend_settings

RATE = 44_100


@pytest.fixture(scope="module")
def frontend() -> BrowserFft:
    return BrowserFft()


def speech_like(seconds: float, rate: int, seed: int = 0) -> torch.Tensor:
    """The same sound at any rate: tones below 5 kHz that come and go, above a little hiss of its own."""
    rng, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    sound = sum(
        a * np.sin(2 * np.pi * f * time + p) * (1 + np.sin(2 * np.pi * m * time))
        for a, f, p, m in zip(
            rng.uniform(0.001, 0.05, 60), rng.uniform(60, 5000, 60), rng.uniform(0, 6, 60), rng.uniform(1, 9, 60), strict=True
        )
    )
    return torch.from_numpy(np.asarray(sound, dtype=np.float32))[None]


def test_window_gives_a_patch_of_the_browsers_size(frontend: BrowserFft) -> None:
    assert frontend.settings.window_samples == 16_347
    patch = frontend(torch.randn(3, 16_347) * 0.1)
    assert patch.shape == (3, 1, 232, 43)
    assert patch.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert (patch.std(dim=(1, 2, 3), correction=0) - 1).abs().max() < 1e-5


def test_resampled_sound_gives_the_same_patch_as_original_sound(frontend: BrowserFft) -> None:
    """What resampling costs, in dB, in every bin that holds something."""
    seconds = (2048 + 42 * 1024) / RATE
    direct = frontend.decibels(frontend.power_at_own_rate(speech_like(seconds, RATE)))
    stream = frontend.decibels(frontend.power(speech_like(seconds, SAMPLE_RATE)))
    # The first and the last column lie at the edges, where the resampling filter finds no sound beyond them.
    apart = (direct - stream)[..., 1:-1].abs()
    loud = direct[..., 1:-1] > direct.max() - 60
    assert loud.float().mean() > 0.5
    assert apart[loud].median() < 0.05
    assert apart[loud].quantile(0.95) < 1.0


def test_short_sound_is_padded_with_silence_in_front(frontend: BrowserFft) -> None:
    sound = torch.randn(1, 16_000) * 0.1
    padded = torch.cat((torch.zeros(1, 347), sound), dim=1)
    torch.testing.assert_close(frontend(sound), frontend(padded), rtol=0, atol=0)


def test_resampling_a_stream_once_gives_the_same_patches(frontend: BrowserFft) -> None:
    out, hop, size = np.zeros((232, 43), dtype=np.float32), 640, frontend.settings.window_samples
    sound = (torch.randn(size + 60 * hop, generator=torch.Generator().manual_seed(4)) * 0.1).numpy()
    moving, resampled = StreamingPatch(frontend, hop, out), list[int]()
    counted = frontend.resample.register_forward_pre_hook(lambda _, given: resampled.append(given[0].shape[-1]))
    places = [*range(0, 40 * hop, hop), 7, 7 + hop, 60 * hop, 60 * hop]  # a stream, a jump, another stream, a window again
    with torch.inference_mode():
        for place in places:
            window = sound[place : place + size]
            moving(window)
            np.testing.assert_allclose(out, frontend(torch.from_numpy(window)[None])[0, 0].numpy(), atol=2e-3)
            resampled.pop()  # that of the line before
    counted.remove()
    assert all(size < 1200 for size in resampled[1:40])
    assert resampled[40:] == [size, resampled[41], size, size]


def test_digital_silence_does_not_dominate_the_patch(frontend: BrowserFft) -> None:
    """Columns of zeros would otherwise push everything else to one side of the mean."""
    sound = torch.randn(1, 16_347) * 0.01
    sound[:, :6000] = 0.0
    patch = frontend(sound)
    assert torch.isfinite(patch).all()
    silent, rest = patch[..., :15], patch[..., 15:]
    torch.testing.assert_close(silent, rest.amin(dim=3, keepdim=True).expand_as(silent))
    assert frontend(torch.zeros(1, 16_347)).abs().max() == 0.0


@given(
    st.fixed_dictionaries(
        {
            "sample_rate": st.integers(8000, 96_000),
            "n_fft": st.integers(64, 8192),
            "hop_length": st.integers(1, 8192),
            "bins": st.integers(1, 4096),
            "frames": st.integers(1, 512),
        }
    )
)
def test_settings_round_trip_or_are_refused(values: dict[str, int]) -> None:
    settings = BrowserFftSettings(**values)
    try:
        settings.check()
    except WeightsError:
        with pytest.raises(WeightsError):
            frontend_settings(settings.as_dict())
        return
    assert frontend_settings(settings.as_dict()) == settings


@pytest.mark.parametrize("change", [{"bins": 1.5}, {"bins": None}, {"frames": True}, {"n_fft": "2048"}, {"kind": "wavelet"}])
def test_invalid_browser_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(WeightsError):
        frontend_settings(BrowserFftSettings().as_dict() | change)


def test_settings_select_the_frontend() -> None:
    assert isinstance(build_frontend(BrowserFftSettings()), BrowserFft)
    assert frontend_settings({**FeatureSettings().as_dict()}) == FeatureSettings()
    assert frontend_settings({"kind": "log-mel", **FeatureSettings().as_dict()}) == FeatureSettings()
