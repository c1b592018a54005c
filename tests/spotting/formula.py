"""Mel powers by the textbook, without torchaudio."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from voicetrail.spotting.features import FeatureSettings


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
