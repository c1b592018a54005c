"""Mel powers by the textbook, without torchaudio; run as a program it holds the stand-in for torchaudio's extension against it."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from voicetrail.spotting import features
from voicetrail.spotting.features import FeatureSettings, LogMel


def mel_power(sound: Tensor, s: FeatureSettings) -> Tensor:
    """``[batch, samples]`` to ``[batch, mels, frames]``: triangles on the HTK mel scale over the power of a Hann-windowed STFT."""
    window = torch.hann_window(s.win_length)
    spectrum = torch.stft(sound, s.n_fft, s.hop_length, s.win_length, window, center=False, return_complex=True)
    low, high = (2595 * np.log10(1 + f / 700) for f in (s.f_min, s.f_max))
    corners = 700 * (10 ** (np.linspace(low, high, s.n_mels + 2) / 2595) - 1)
    bins = np.linspace(0, 8000, s.n_fft // 2 + 1)
    up = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    down = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    bank = torch.from_numpy(np.maximum(0, np.minimum(up, down)).astype(np.float32))
    return torch.matmul(bank, spectrum.abs() ** 2)


class BrokenExtension(MetaPathFinder):
    """Makes the import of torchaudio's compiled part fail."""

    error: Exception

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name == "torchaudio._extension":
            sys.modules["torchaudio.half_imported"] = ModuleType("torchaudio.half_imported")
            raise self.error
        return None


def main() -> None:
    broken = BrokenExtension()
    sys.meta_path.insert(0, broken)
    sound = torch.randn(2, 16_000, generator=torch.Generator().manual_seed(1)) * 0.1
    for error in (OSError("libc10_cuda.so: cannot open"), RuntimeError("built for different CUDA versions")):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        broken.error = error
        mel = LogMel(FeatureSettings())
        torch.testing.assert_close(mel.power(sound)[:, 0], mel_power(sound, mel.settings), rtol=1e-3, atol=1e-5)
        assert "torchaudio.half_imported" not in sys.modules, "a half-imported module stayed"
        assert features._mel_spectrogram().__module__ == "torchaudio.transforms._transforms"
        print(type(error).__name__, "passed")


if __name__ == "__main__":
    main()
