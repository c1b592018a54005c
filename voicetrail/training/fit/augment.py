"""Augments batches while computing pictures from sound: tempo, vocal tract length, microphone, masks.

The tempo is changed by the hop between frames, and the vocal tract length by warping the mel bands, so that both cost nothing extra.
The tempo is the same for a group of windows that are composed together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from voicetrail.spotting.features import BLANK_LEFT, blank_past
from voicetrail.spotting.frontend import FrontendSettings, build_frontend


class PictureMaker:
    """Turns composed windows into the network's input, with random changes.

    Args:
        settings: of the features.
        strength: of the changes; 0 for none, 1 for the full strength.
    """

    WARPS = 17
    OCTAVES = 0.42
    """Largest shift of a speaker's bands, up or down, at full strength (five semitones)."""
    TEMPO = (0.72, 1.4)
    """Slowest and fastest speech at full strength."""

    def __init__(self, settings: FrontendSettings, strength: float = 1.0) -> None:
        self.settings = settings
        self.strength = strength
        self.plain = build_frontend(settings)
        banks = self.plain.bank
        half = self.WARPS // 2
        self._banks = torch.stack([warp_bank(banks, 2 ** (self.OCTAVES * (step - half) / half)) for step in range(self.WARPS)])
        hertz = torch.arange(len(banks)) * self.plain.bin_hz
        self._hertz = (banks * hertz[:, None]).sum(0) / banks.sum(0).clamp_min(1e-9)
        """Center frequency of each mel band, in Hz."""

    def draw_hop(self, rng: np.random.Generator) -> int:
        """Draw the hop between frames for the next windows; a shorter hop makes slower speech.

        Half of the hops are near the original one, because most speech has a normal tempo.
        """
        slow, fast = (math.log(tempo) * self.strength for tempo in self.TEMPO)
        part = 0.25 if rng.random() < 0.5 else 1.0
        return round(self.settings.hop_length * math.exp(part * float(rng.uniform(slow, fast))))

    def samples(self, hop: int) -> int:
        """Samples of a window with this hop between frames."""
        return self.settings.stream_samples(hop)

    def pictures(self, rng: np.random.Generator, sound: Tensor, hop: int, blank: Sequence[int] = ()) -> Tensor:
        """Turn windows into pictures.

        Args:
            rng: the random generator.
            sound: ``[batch, samples(hop)]``
            hop: samples between frames.
            blank: number of samples at the start of each window to blank.

        Returns:
            ``[batch, 1, mels, frames]``
        """
        power = self.plain.spectrum(sound, hop)
        mel = torch.bmm(power.transpose(1, 2), self._banks[self._speakers(rng, len(sound))]).transpose(1, 2)
        mel = mel * self._lines(rng, len(sound))
        for row, samples in enumerate(blank):
            blank_past(mel[row], min(round(samples / sound.shape[1] * mel.shape[2]), mel.shape[2] - BLANK_LEFT))
        return self.plain.normalize(mel.unsqueeze(1))

    def _speakers(self, rng: np.random.Generator, batch: int) -> Tensor:
        """The index of the filter bank for each window: the original one for three in ten, otherwise mostly similar ones."""
        half = self.WARPS // 2
        steps = np.where(rng.random(batch) < 0.3, 0.0, rng.triangular(-half, 0, half, batch)) * self.strength
        return torch.from_numpy(half + np.round(steps).astype(np.int64))

    def _lines(self, rng: np.random.Generator, batch: int) -> Tensor:
        """Factors ``[batch, mels, 1]`` for the power of each band: some windows are limited to a narrow band, such as that of a
        telephone.
        """
        gains = torch.ones(batch, self.settings.rows)
        for row in np.flatnonzero(rng.random(batch) < 0.16 * bool(self.strength)):
            choice = rng.random()
            low = float(rng.uniform(200, 400)) if choice < 0.6 else float(rng.uniform(80, 300))
            high = float(rng.uniform(3000, 3700)) if choice < 0.6 else float(rng.uniform(2500, 7000))
            steep = float(rng.uniform(4, 16))
            gains[row] = 1 / (1 + (low / self._hertz.clamp_min(1.0)) ** steep) / (1 + (self._hertz / high) ** (2 * steep))
        return gains.unsqueeze(2)

    def vary(self, rng: np.random.Generator, picture: Tensor) -> Tensor:
        """Return varied copies of pictures ``[batch, 1, mels, frames]``, with cheap changes: another microphone, masks."""
        if not self.strength:
            return picture
        return self._mask(rng, picture + self._microphone(rng, len(picture)))

    def _microphone(self, rng: np.random.Generator, batch: int) -> Tensor:
        """A smooth change over the mel bands, as by another microphone or room."""
        bands = np.linspace(0, math.pi, self.settings.rows)
        curves = sum(rng.normal(0, 0.16 / order**0.5, (batch, 1)) * np.cos(order * bands) for order in range(1, 5))
        return torch.from_numpy(np.asarray(curves, dtype=np.float32) * self.strength)[:, None, :, None]

    def _mask(self, rng: np.random.Generator, picture: Tensor) -> Tensor:
        """Mask some bands and frames (Park et al., "SpecAugment", 2019)."""
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
    # A band that is stretched past the top gets the part below it, not zero.
    empty = warped.sum(0) <= 0
    warped[-4:, empty] = 0.25
    return warped
