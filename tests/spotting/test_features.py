from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spotting.formula import mel_power
from voicetrail.errors import WeightsError
from voicetrail.spotting.features import FeatureSettings, LogMel
from voicetrail.spotting.networks.model import ARCHITECTURES

LOG_MELS = [each.features for each in ARCHITECTURES.values() if isinstance(each.features, FeatureSettings)]


@pytest.fixture(scope="module")
def plain() -> LogMel:
    return LogMel()


def noise(*shape: int, level: float = 0.1, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * level


def test_one_second_gives_40_mels_and_97_frames(plain: LogMel) -> None:
    picture = plain(noise(3, 16_000))
    assert picture.shape == (3, 1, 40, 97)
    assert plain.settings.frames == 97


@pytest.mark.parametrize("made", LOG_MELS)
def test_no_frame_exceeds_the_window(made: FeatureSettings) -> None:
    s = made
    assert s.used_samples <= s.window_samples < s.used_samples + s.hop_length
    assert LogMel(s).power(noise(1, s.window_samples)).shape[-1] == s.frames


def test_frames_are_aligned_to_the_end_of_the_window(plain: LogMel) -> None:
    sound, used = noise(1, 16_000), plain.settings.used_samples
    other = sound.clone()
    other[:, : 16_000 - used] = 0.5
    torch.testing.assert_close(plain(sound), plain(other), rtol=0, atol=0)
    other[:, -300:] = 0.5
    changed = (plain.power(sound[:, -used:]) != plain.power(other[:, -used:])).any(dim=2)[0, 0]
    assert changed.nonzero().flatten().tolist() == [95, 96]


def test_spectrogram_matches_the_textbook_formula(plain: LogMel) -> None:
    sound = noise(2, 16_000)
    torch.testing.assert_close(plain.power(sound)[:, 0], mel_power(sound, plain.settings), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("made", LOG_MELS)
def test_spectrogram_matches_torchaudio(made: FeatureSettings) -> None:
    mel = LogMel(made)
    for sound in (noise(2, 16_000), noise(1, 1_000 + mel.settings.n_fft, seed=1)):
        torch.testing.assert_close(mel.power(sound)[:, 0], mel.mel(sound), rtol=1e-5, atol=1e-6)


def test_features_do_not_depend_on_loudness(plain: LogMel) -> None:
    sound = noise(1, 16_000, level=0.3)
    assert (plain(sound) - plain(sound * 0.1)).abs().max() < 0.01


def test_features_have_zero_mean_and_about_unit_variance(plain: LogMel) -> None:
    speech = noise(1, 16_000) * torch.sin(torch.arange(16_000) * 2 * torch.pi / 16_000) ** 4
    picture = plain(speech)
    assert abs(float(picture.mean())) < 1e-5
    assert 0.2 < float(picture.std()) < 2.0


def test_digital_silence_gives_constant_finite_features(plain: LogMel) -> None:
    picture = plain(torch.zeros(1, 16_000))
    assert picture.abs().max() < 1e-5


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 9),
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(1, 256),
    st.floats(0, 3000),
    st.floats(3001, 8000),
)
def test_settings_survive_the_weights_file(fft: int, win: int, hop: int, mels: int, low: float, high: float) -> None:
    s = FeatureSettings(400 + 64 * fft, win, hop, mels, low, high)
    assert FeatureSettings.from_dict(s.as_dict()) == s


@pytest.mark.parametrize(
    "change",
    [
        {"n_fft": 0},
        {"n_fft": 20_000},
        {"win_length": 0},
        {"win_length": 513},
        {"hop_length": 0},
        {"hop_length": 513},
        {"n_mels": 0},
        {"n_mels": 100_000},
        {"window_samples": 10**9},
        {"log_floor": 0.0},
        {"log_floor": -1.0},
        {"log_floor": float("nan")},
        {"log_floor": float("inf")},
        {"f_min": 9000.0},
        {"f_min": -1.0},
        {"f_max": 20.0},
        {"f_max": float("nan")},
        {"n_fft": float("inf")},
        {"n_fft": "many"},
        {"n_fft": None},
        {"n_fft": [512]},
    ],
    ids=str,
)
def test_invalid_feature_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match="download the file again"):
        FeatureSettings.from_dict({**FeatureSettings().as_dict(), **change})


@pytest.mark.parametrize("name", list(FeatureSettings().as_dict()))
def test_no_setting_may_be_missing(name: str) -> None:
    values = replace(FeatureSettings()).as_dict()
    del values[name]
    with pytest.raises(WeightsError, match=name):
        FeatureSettings.from_dict(values)


class BrokenExtension(MetaPathFinder):
    """Makes the import of torchaudio's compiled part fail."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name == "torchaudio._extension":
            sys.modules["torchaudio.half_imported"] = ModuleType("torchaudio.half_imported")
            raise self.error
        return None


@pytest.fixture
def torchaudio_not_yet_imported() -> Iterator[None]:
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torchaudio"}
    for name in kept:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.mark.usefixtures("torchaudio_not_yet_imported")
@pytest.mark.parametrize(
    "error",
    [OSError("libc10_cuda.so: cannot open"), RuntimeError("built for different CUDA versions")],
    ids=["OSError", "RuntimeError"],
)
def test_torchaudio_works_where_its_compiled_extension_does_not_load(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [BrokenExtension(error), *sys.meta_path])
    sound, mel = noise(2, 16_000), LogMel()
    torch.testing.assert_close(mel.power(sound)[:, 0], mel_power(sound, mel.settings), rtol=1e-3, atol=1e-5)
    assert "torchaudio.half_imported" not in sys.modules, "a half-imported module stayed"
    assert "torchaudio._extension" in sys.modules
    assert not hasattr(sys.modules["torchaudio._extension"], "__file__"), "it is the stand-in that is used"
