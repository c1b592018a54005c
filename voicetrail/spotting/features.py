"""Log-mel spectrograms, the network's input. This is the only module that imports torchaudio.

torchaudio's wheels are linked against one CUDA build of torch. Beside a CPU build, or a torch that is newer than torchaudio's last
release, ``import torchaudio`` fails in its compiled extension. ``MelSpectrogram`` does not need the extension (it consists of torch
operations). ``torchaudio_transforms`` therefore tries the normal import and, if the extension fails, imports torchaudio as if
it had been built without one, which torchaudio supports.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from voicetrail.errors import WeightsError
from voicetrail.events import SAMPLE_RATE

BLANK_QUANTILE = 0.1
"""This quantile of a band's powers in the remaining frames replaces the blanked ones."""
BLANK_LEFT = 8
"""Frames of a window that are never blanked: they are needed to estimate the floor."""


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """How sound becomes a picture; stored with the weights, for a network hears only what it was trained on."""

    n_fft: int = 512
    """Samples of one Fourier transform."""
    win_length: int = 400
    """Samples under the Hann window (25 ms)."""
    hop_length: int = 160
    """Samples between frames (10 ms)."""
    n_mels: int = 40
    f_min: float = 20.0
    """Lower edge of the lowest mel band in Hz."""
    f_max: float = 7600.0
    """Upper edge of the highest mel band in Hz."""
    log_floor: float = 1e-6
    """Added to the power before the logarithm; near the power of a quiet 16-bit recording's own noise."""
    range_db: float = 50.0
    """Dynamic range in dB: whatever is further below the loudest band of the window is raised to an even floor. Digital silence
    between words, which occurs in files but not with microphones, then looks like a quiet room."""
    window_samples: int = SAMPLE_RATE
    """Samples of the network's window (one second)."""

    @property
    def rows(self) -> int:
        """Rows of the picture: mel bands."""
        return self.n_mels

    @property
    def frames(self) -> int:
        """Frames of one window. No frame reaches past the window's edges."""
        return (self.window_samples - self.n_fft) // self.hop_length + 1

    @property
    def used_samples(self) -> int:
        """Samples that the frames cover, at the end of the window, where the newest sound is."""
        return self.n_fft + (self.frames - 1) * self.hop_length

    def stream_samples(self, hop_length: int) -> int:
        """Samples at 16 kHz that the frames cover when they lie ``hop_length`` apart."""
        return self.n_fft + (self.frames - 1) * hop_length

    def as_dict(self) -> dict[str, float | int]:
        """As plain numbers, for the weights' metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureSettings:
        """Read the values that ``as_dict`` returned.

        Raises:
            WeightsError: a value is missing, not a number, or out of range.
        """
        try:
            plain = cls()
            settings = replace(plain, **{f.name: type(getattr(plain, f.name))(values[f.name]) for f in fields(cls)})
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(
                f"the feature settings in the weights file cannot be read ({error!r}); download the file again"
            ) from None
        sane = 1 <= settings.win_length <= settings.n_fft <= settings.window_samples <= 10 * SAMPLE_RATE
        sane = sane and 1 <= settings.hop_length <= settings.n_fft and 1 <= settings.n_mels <= 512
        # Written so that a NaN fails as well.
        sane = (
            sane
            and 0 <= settings.f_min < settings.f_max <= SAMPLE_RATE / 2
            and 0 < settings.log_floor <= 1
            and 0 < settings.range_db <= 200
        )
        if not sane:
            raise WeightsError("the feature settings in the weights file are invalid; download the file again")
        return settings


class LogMel(nn.Module):
    """Log-mel spectrogram, independent of the loudness of the window.

    The mean over the window is subtracted, so a voice far from the microphone looks like a near one (except for the floor of
    ``log_floor``). The result is divided by a constant to have roughly unit scale.
    """

    SCALE = 4.0
    """About twice the standard deviation of speech in a room, in nepers."""

    def __init__(self, settings: FeatureSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or FeatureSettings()
        s = self.settings
        self.mel: nn.Module = torchaudio_transforms().MelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=s.n_fft,
            win_length=s.win_length,
            hop_length=s.hop_length,
            f_min=s.f_min,
            f_max=s.f_max,
            n_mels=s.n_mels,
            power=2.0,
            center=False,
        )
        window = self.mel.get_submodule("spectrogram").get_buffer("window")
        around = s.n_fft - s.win_length
        self.window = torch.nn.functional.pad(window, (around // 2, around - around // 2))
        """The window function that each frame is multiplied by: ``[n_fft]``."""
        self.filters: Tensor = self.mel.get_submodule("mel_scale").get_buffer("fb")
        """Mel filters, from the powers of a frame's spectrum to those of its mel bands: ``[bins, mels]``."""

    def forward(self, sound: Tensor) -> Tensor:
        """Turn sound ``[batch, samples]`` into pictures ``[batch, 1, mels, frames]``."""
        return self.normalize(self.power(sound[..., -self.settings.used_samples :]))

    @property
    def bank(self) -> Tensor:
        """Which bins of the spectrum make up which row: ``[bins, mels]``."""
        return self.filters

    @property
    def bin_hz(self) -> float:
        """Width of a bin of the spectrum in Hz."""
        return SAMPLE_RATE / self.settings.n_fft

    def spectrum(self, sound: Tensor, hop_length: int | None = None) -> Tensor:
        """Turn sound ``[batch, samples]`` into power spectra ``[batch, bins, frames]``, ``hop_length`` samples apart if given."""
        s = self.settings
        spectrum = torch.fft.rfft(sound.unfold(-1, s.n_fft, hop_length or s.hop_length) * self.window)
        power: Tensor = spectrum.real.square() + spectrum.imag.square()
        return power.transpose(-1, -2)

    def power(self, sound: Tensor) -> Tensor:
        """Turn sound ``[batch, samples]`` into the mel powers ``[batch, 1, mels, frames]`` of all its whole frames.

        This computes the same as ``self.mel``, with its window and filters, but without the setup work that takes most of its
        time for a single window.
        """
        return torch.matmul(self.spectrum(sound).transpose(-1, -2), self.filters).transpose(-1, -2).unsqueeze(1)

    def normalize(self, power: Tensor) -> Tensor:
        """Turn mel powers ``[batch, 1, mels, frames]`` into the network's input of the same shape."""
        floor = self.settings.log_floor + power.amax(dim=(2, 3), keepdim=True) * 10 ** (-self.settings.range_db / 10)
        picture = torch.log(power + floor)
        return (picture - picture.mean(dim=(2, 3), keepdim=True)) / self.SCALE


class PictureShape(Protocol):
    """The shape of a spectrogram, to map times of the window to frames."""

    @property
    def frames(self) -> int:
        """Columns."""
        ...

    @property
    def used_samples(self) -> int:
        """Samples that they cover, at the window's end."""
        ...

    @property
    def window_samples(self) -> int:
        """Samples of the window."""
        ...


def frames_before(shape: PictureShape, samples: int) -> int:
    """The number of frames whose center is within the first ``samples`` of a window, leaving at least ``BLANK_LEFT`` frames."""
    within = samples - (shape.window_samples - shape.used_samples)
    return max(0, min(round(shape.frames * within / shape.used_samples), shape.frames - BLANK_LEFT))


def blank_past(power: Tensor, frames: int) -> None:
    """Blank the first frames of mel powers ``[mels, frames]``, in place: they get an even floor, the quiet level of each band
    later on.

    A word that was detected then no longer counts, so that the next utterance of it is scored on its own (``spotting.detector``).
    """
    if 0 < frames < power.shape[-1]:
        power[:, :frames] = torch.quantile(power[:, frames:], BLANK_QUANTILE, dim=1, keepdim=True)


def torchaudio_transforms() -> Any:
    """Import torchaudio's transforms, even if its compiled extension does not load."""
    try:
        from torchaudio import transforms
    except (OSError, RuntimeError, ImportError):
        for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
            del sys.modules[name]
        stand_in = types.ModuleType("torchaudio._extension")
        vars(stand_in).update(
            _IS_TORCHAUDIO_EXT_AVAILABLE=False,
            _IS_ALIGN_AVAILABLE=False,
            _IS_RIR_AVAILABLE=False,
            fail_if_no_align=lambda function: function,
            lazy_import_sox_ext=lambda: None,
        )
        sys.modules["torchaudio._extension"] = stand_in
        from torchaudio import transforms
    return transforms
