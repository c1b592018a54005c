"""Converts raw sound of any rate, number of channels and sample format to 16 kHz mono."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import soxr

from voicetrail.audio.channels import ChannelMixer
from voicetrail.events import SAMPLE_RATE

Encoding = Literal["u8", "i16", "i24", "i32", "f32", "f64"]
"""Little-endian samples: unsigned, signed, or floats, with their bits."""
SAMPLE_BYTES: dict[Encoding, int] = {"u8": 1, "i16": 2, "i24": 3, "i32": 4, "f32": 4, "f64": 8}

Sound = npt.NDArray[np.float32]


class PcmConverter:
    """Turns bytes into samples. An incomplete frame is kept for the next call.

    Args:
        rate: samples per second.
        channels: number of interleaved channels, which ``audio.channels`` mixes.
        encoding: the sample format.
    """

    def __init__(self, rate: int, channels: int, encoding: Encoding = "i16") -> None:
        self.format = (rate, channels, SAMPLE_BYTES[encoding])
        self._encoding = encoding
        self._frame_bytes = SAMPLE_BYTES[encoding] * channels
        self._channels = channels
        self._left = b""
        self._mixer = ChannelMixer(rate)
        self._resampler = (
            None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        )

    def convert(self, data: bytes) -> Sound:
        """Return the samples of these bytes, between -1 and 1."""
        data = self._left + data if self._left else data
        whole = len(data) - len(data) % self._frame_bytes
        self._left = data[whole:]
        samples = decode_samples(data[:whole], self._encoding)
        if self._channels > 1:
            samples = self._mixer.mix(samples.reshape(-1, self._channels))
        return samples if self._resampler is None else self._within(self._resampler.resample_chunk(samples))

    def finish(self) -> Sound:
        """Return the rest of the sound from the resampler, at the end."""
        if self._resampler is None:
            return np.zeros(0, dtype=np.float32)
        return self._within(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))

    @staticmethod
    def _within(samples: Sound) -> Sound:
        # A resampler rings above full scale at a loud edge.
        within: Sound = np.clip(samples, -1.0, 1.0)
        return within


def decode_samples(data: bytes, encoding: Encoding) -> Sound:
    """Turn complete samples into floats between -1 and 1."""
    if encoding == "u8":
        return (np.frombuffer(data, dtype=np.uint8).astype(np.float32) - 128.0) / np.float32(128)
    if encoding == "i16":
        return np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(2**15)
    if encoding == "i24":
        # Use the three bytes as the upper ones of four.
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    if encoding == "i32":
        return np.frombuffer(data, dtype="<i4").astype(np.float32) / np.float32(2**31)
    floats = np.frombuffer(data, dtype="<f4" if encoding == "f32" else "<f8")
    samples: Sound = np.clip(np.nan_to_num(floats, posinf=1.0, neginf=-1.0), -1.0, 1.0).astype(np.float32)
    return samples
