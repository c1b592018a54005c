"""Computes the browser's patch hop by hop: every sample of a stream is resampled once, however many windows contain it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.browser_fft import BrowserFft
from voicetrail.spotting.features import blank_past, frames_before

Array = npt.NDArray[np.float32]


class StreamingPatch:
    """Computes the same patch of a window as its ``BrowserFft``.

    Resampling works in blocks (160 samples become 441), and its filter reaches less than one block to either side. If a window follows
    the last one by one hop, only the blocks that are new or were at the edge are resampled.

    Args:
        features: those that the network was trained on.
        hop: samples between windows.
        out: ``[bins, frames]``: buffer for the patches.
    """

    def __init__(self, features: BrowserFft, hop: int, out: Array) -> None:
        settings = features.settings
        common = math.gcd(SAMPLE_RATE, settings.sample_rate)
        self._features, self._hop, self._out = features, hop, out
        self._block, self._block_out = SAMPLE_RATE // common, settings.sample_rate // common
        self._used = settings.n_fft + (settings.frames - 1) * settings.hop_length
        self._window: Array | None = None
        self._resampled = torch.zeros(0)

    def __call__(self, window: Array, blanked: int = 0) -> None:
        """Write the patch of a window ``[window_samples]`` into ``out``, with its first ``blanked`` samples blanked.

        Call it within ``torch.inference_mode``.
        """
        features, sound = self._features, torch.from_numpy(window)
        if self._goes_on(window):
            moved = self._hop // self._block * self._block_out
            # The last block of the previous window was at an edge, and so is the first block that is resampled now.
            blocks = (len(self._resampled) - moved) // self._block_out - 2
            whole = (blocks + 1) * self._block_out
            fresh = features.resample(sound[None, blocks * self._block :])[0, self._block_out :]
            self._resampled = torch.cat((self._resampled[moved : moved + whole], fresh))
        else:
            self._resampled = features.resample(sound[None])[0]
        self._window = window.copy()
        power = features.power_at_own_rate(self._resampled[None, -self._used :])
        blank_past(power[0, 0], frames_before(features.settings, blanked))
        self._out[:] = features.normalize(power)[0, 0].numpy()

    def _goes_on(self, window: Array) -> bool:
        """Whether a window is the previous one, one hop later."""
        last, hop = self._window, self._hop
        enough = hop % self._block == 0 and len(window) > hop + 4 * self._block
        return last is not None and enough and np.array_equal(window[:-hop], last[hop:])
