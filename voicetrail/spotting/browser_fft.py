"""The features of the browser: the input that the TensorFlow.js speech-commands package gives its networks.

The package reads the AnalyserNode of the Web Audio API every 1024 samples of 44.1 kHz sound. The node windows the last 2048 samples
(Blackman), transforms them, and gives each bin's magnitude in dB (smoothing is off). The lowest 232 bins (to 5 kHz) of 43 readings
are a patch, which is brought to mean 0 and standard deviation 1 (``browser_fft_extractor`` and ``normalize`` of version 0.5.4;
Web Audio API, section 1.8.6).

The sound of the game has a rate of 16 kHz and is resampled here. The bins in use are below 5 kHz, so they lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from voicetrail.errors import WeightsError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.features import torchaudio_transforms

KIND = "browser-fft"
USABLE = 0.91
"""Part of the band below half the stream's rate that resampling preserves; bins above it would be empty."""


@dataclass(frozen=True, slots=True)
class BrowserFftSettings:
    """The shape of a patch; stored with the weights."""

    sample_rate: int = 44_100
    n_fft: int = 2048
    hop_length: int = 1024
    bins: int = 232
    frames: int = 43

    @property
    def rows(self) -> int:
        """Rows of the picture: bins of the spectrum."""
        return self.bins

    @property
    def used_samples(self) -> int:
        """Samples at 16 kHz that the frames cover."""
        return self.stream_samples(self.hop_length)

    @property
    def window_samples(self) -> int:
        """Samples at 16 kHz of the network's window: a little over a second."""
        return self.used_samples

    def stream_samples(self, hop_length: int) -> int:
        """Samples at 16 kHz that the frames cover when they lie ``hop_length`` apart."""
        return math.ceil((self.n_fft + (self.frames - 1) * hop_length) * SAMPLE_RATE / self.sample_rate)

    def as_dict(self) -> dict[str, float | int | str]:
        """As plain values, for the weights' metadata."""
        return {"kind": KIND, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BrowserFftSettings:
        """Read the values that ``as_dict`` returned.

        Raises:
            WeightsError: a value is missing, not a whole number, or out of range.
        """
        numbers = {field.name: values.get(field.name) for field in fields(cls)}
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in numbers.values()):
            raise WeightsError("the feature settings in the weights file cannot be read; download the file again")
        settings = cls(**{name: int(value or 0) for name, value in numbers.items()})
        settings.check()
        return settings

    def check(self) -> None:
        """Check the values.

        Raises:
            WeightsError: a value is out of range, or a bin is above the band of the stream.
        """
        sane = 8_000 <= self.sample_rate <= 96_000 and 64 <= self.n_fft <= 8192 and 1 <= self.hop_length <= self.n_fft
        if not (sane and 1 <= self.frames <= 512 and 1 <= self.bins <= self.n_fft // 2):
            raise WeightsError("the feature settings in the weights file are invalid; download the file again")
        highest, held = self.bins * self.sample_rate / self.n_fft, USABLE * SAMPLE_RATE / 2
        if highest > held or self.window_samples > 5 * SAMPLE_RATE:
            raise WeightsError(
                f"the model's input ({self.frames} columns of {self.bins} bins, up to {highest:.0f} Hz) is larger than this program "
                f"supports: at most five seconds, up to {held:.0f} Hz"
            )


class BrowserFft(nn.Module):
    """Turns sound into a patch, as the browser does.

    A column of digital silence, which occurs in files but not with microphones, has no level in dB. The browser skips such
    columns, and so joins sounds that were apart; here, each of its bins gets the lowest value of that bin in the other columns.

    Args:
        settings: the shape of a patch.
    """

    EPSILON = 1e-7
    """Added to the standard deviation, as TensorFlow.js does."""
    SILENT = 1e-16
    """Power of all used bins of a column, relative to full scale, below which there is no sound: far below a 16-bit sample's step."""
    LOWEST = 1e-20
    """Stands in for a power of zero in a single bin."""

    def __init__(self, settings: BrowserFftSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or BrowserFftSettings()
        s = self.settings
        # A filter of this width changes the bins in use by less than a thousandth of a dB.
        self.resample: nn.Module = torchaudio_transforms().Resample(SAMPLE_RATE, s.sample_rate, lowpass_filter_width=32)
        self._spectrogram = self._make_spectrogram(s.hop_length)
        self._bank = torch.eye(s.n_fft // 2 + 1, s.bins)

    @property
    def bank(self) -> Tensor:
        """Which bins of the spectrum make up which row: ``[bins, rows]``, the lowest ones as they are."""
        return self._bank

    @property
    def bin_hz(self) -> float:
        """Width of a bin of the spectrum in Hz."""
        return self.settings.sample_rate / self.settings.n_fft

    def forward(self, sound: Tensor) -> Tensor:
        """Turn sound ``[batch, samples]`` at 16 kHz into patches ``[batch, 1, bins, frames]`` of its end.

        Shorter sound is padded with silence at its start.
        """
        short = self.settings.used_samples - sound.shape[-1]
        return self.normalize(self.power(nn.functional.pad(sound, (short, 0))))

    def power(self, sound: Tensor) -> Tensor:
        """Turn sound ``[batch, samples]`` at 16 kHz into powers ``[batch, 1, bins, frames]``; the last frame ends with the sound."""
        return self._used(self.spectrum(sound))

    def spectrum(self, sound: Tensor, hop_length: int | None = None) -> Tensor:
        """Turn sound ``[batch, samples]`` at 16 kHz into power spectra ``[batch, all bins, frames]``.

        Args:
            sound: the last frame ends with it.
            hop_length: samples at the frontend's own rate between frames; its own if left out.
        """
        resampled: Tensor = self.resample(sound)
        hop, n_fft = hop_length or self.settings.hop_length, self.settings.n_fft
        frames = (resampled.shape[-1] - n_fft) // hop + 1
        return self._transform(resampled[..., -(n_fft + (frames - 1) * hop) :], hop)

    def power_at_own_rate(self, sound: Tensor) -> Tensor:
        """As ``power``, for sound that already has the frontend's own rate; the first frame starts with the sound."""
        return self._used(self._transform(sound, self.settings.hop_length))

    def pictures(self, sound: Tensor, hop: int) -> Tensor:
        """Turn sound ``[samples]`` at 16 kHz into patches ``[windows, 1, bins, frames]`` of its windows, ``hop`` samples apart.

        All of it is resampled at once where a hop is a whole number of samples at the frontend's own rate as well.
        """
        s = self.settings
        if hop * s.sample_rate % SAMPLE_RATE:
            return self.forward(sound.unfold(0, s.used_samples, hop))
        length, step = s.n_fft + (s.frames - 1) * s.hop_length, hop * s.sample_rate // SAMPLE_RATE
        resampled: Tensor = self.resample(sound[None])[0]
        # As the first window alone would be resampled: what it has more than its frames need is left out at its begin.
        since = math.ceil(s.used_samples * s.sample_rate / SAMPLE_RATE) - length
        windows = (len(sound) - s.used_samples) // hop + 1
        return self.normalize(self.power_at_own_rate(resampled[since:].unfold(0, length, step)[:windows]))

    def _used(self, spectrum: Tensor) -> Tensor:
        return spectrum[..., : self.settings.bins, :].unsqueeze(-3)

    def _transform(self, sound: Tensor, hop_length: int) -> Tensor:
        """The powers as the analyser scales them: divided by the square of the transform's length.

        The transform uses double precision: in single precision, a quiet bin beside a loud one keeps few digits.
        """
        transform = self._spectrogram if hop_length == self.settings.hop_length else self._make_spectrogram(hop_length)
        power: Tensor = transform(sound.double())
        return (power / self.settings.n_fft**2).float()

    def _make_spectrogram(self, hop_length: int) -> nn.Module:
        made: nn.Module = torchaudio_transforms().Spectrogram(
            n_fft=self.settings.n_fft,
            hop_length=hop_length,
            window_fn=torch.blackman_window,
            wkwargs={"dtype": torch.float64},
            power=2.0,
            center=False,
        )
        return made

    def decibels(self, power: Tensor) -> Tensor:
        """Turn powers into dB, with a stand-in for columns without sound."""
        values = 10 * torch.log10(power.clamp_min(self.LOWEST))
        silent = power.sum(dim=-2, keepdim=True) < self.SILENT
        if bool(silent.any()):
            quiet = values.masked_fill(silent, math.inf).amin(dim=-1, keepdim=True)
            values = torch.where(silent, torch.where(quiet.isinf(), torch.zeros_like(quiet), quiet), values)
        return values

    def normalize(self, power: Tensor) -> Tensor:
        """Turn powers ``[batch, 1, bins, frames]`` into the network's input of the same shape."""
        values = self.decibels(power)
        deviation, mean = torch.std_mean(values, dim=(-3, -2, -1), correction=0, keepdim=True)
        return (values - mean) / (deviation + self.EPSILON)
