"""Changes made to whole batches on their way from sound to pictures: tempo, the speaker's size, the microphone, masks.

Tempo is changed by the step between the frames, and the size of the speaker by warping the mel bands, so that neither costs more
than the plain picture. Both hold for a group of windows that are composed together.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from voicetrail.spotting.frontend import FrontendSettings, build_frontend


class PictureMaker:
    """Turns composed windows into the network's input, with random changes.

    Args:
        settings: of the features.
        strength: 0 changes nothing, 1 is what training uses.
    """

    WARPS = 13

    def __init__(self, settings: FrontendSettings, strength: float = 1.0) -> None:
        self.settings = settings
        self.strength = strength
        self.plain = build_frontend(settings)
        banks = self.plain.bank
        self._banks = [warp_bank(banks, 2 ** (0.28 * (step / (self.WARPS // 2) - 1))) for step in range(self.WARPS)]

    def draw_hop(self, rng: np.random.Generator) -> int:
        """Draw the step between frames for the next group: below the plain one is slower speech in the picture."""
        spread = 0.18 * self.strength
        return round(self.settings.hop_length * float(rng.uniform(1 - spread, 1 + spread)))

    def samples(self, hop: int) -> int:
        """Samples of a window with this step between frames."""
        return self.settings.stream_samples(hop)

    def pictures(self, rng: np.random.Generator, sound: Tensor, hop: int) -> Tensor:
        """Turn windows ``[batch, samples(hop)]`` into pictures ``[batch, 1, mels, frames]``."""
        power = self.plain.spectrum(sound, hop)
        middle = self.WARPS // 2
        choice = middle if rng.random() < 0.3 else int(rng.integers(0, self.WARPS))
        choice = middle + round((choice - middle) * self.strength)
        mel = torch.matmul(power.transpose(1, 2), self._banks[choice]).transpose(1, 2)
        return self.plain.normalize(mel.unsqueeze(1))

    def vary(self, rng: np.random.Generator, picture: Tensor) -> Tensor:
        """Change pictures ``[batch, 1, mels, frames]`` in ways that cost little: another microphone, masks. Those given stay whole."""
        if not self.strength:
            return picture
        return self._mask(rng, picture + self._microphone(rng, len(picture)))

    def _microphone(self, rng: np.random.Generator, batch: int) -> Tensor:
        """A smooth change over the mel bands: another microphone, another room."""
        bands = np.linspace(0, math.pi, self.settings.rows)
        curves = sum(rng.normal(0, 0.16 / order**0.5, (batch, 1)) * np.cos(order * bands) for order in range(1, 5))
        return torch.from_numpy(np.asarray(curves, dtype=np.float32) * self.strength)[:, None, :, None]

    def _mask(self, rng: np.random.Generator, picture: Tensor) -> Tensor:
        """Cover some bands or frames (Park et al., "SpecAugment", 2019)."""
        batch, _, mels, frames = picture.shape
        for row in range(batch):
            if rng.random() < 0.4:
                size = int(rng.integers(1, max(2, mels // 6)))
                since = int(rng.integers(0, mels - size))
                picture[row, :, since : since + size] = 0.0
            if rng.random() < 0.25:
                size = int(rng.integers(1, max(2, frames // 10)))
                since = int(rng.integers(0, frames - size))
                picture[row, :, :, since : since + size] = 0.0
        return picture


def warp_bank(bank: Tensor, factor: float) -> Tensor:
    """Stretch a mel filter bank ``[bins, mels]`` along frequency by ``factor``: a smaller or larger speaker.

    Vocal tract length perturbation (Jaitly and Hinton, 2013), applied to the filters instead of the signal.
    """
    bins = torch.arange(len(bank), dtype=torch.float64) / factor
    low = bins.floor().clamp(0, len(bank) - 1).long()
    high = (low + 1).clamp(max=len(bank) - 1)
    part = (bins - low).clamp(0, 1).unsqueeze(1).float()
    warped = bank[low] * (1 - part) + bank[high] * part
    warped[bins > len(bank) - 1] = 0.0
    # A band that is stretched past the top hears what is left below it rather than nothing.
    empty = warped.sum(0) <= 0
    warped[-4:, empty] = 0.25
    return warped
