"""Raw 16-bit sound of any rate becomes 16 kHz mono."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from voicetrail.audio.channels import ChannelMixer
from voicetrail.events import SAMPLE_RATE
from voicetrail.link.address import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, MOST_CHANNELS
from voicetrail.link.wire import WireError

Sound = npt.NDArray[np.float32]


class PcmConverter:
    """Turns bytes of little-endian signed 16-bit sound into samples; keeps a frame that is not complete for the next call.

    Args:
        rate: samples a second.
        channels: interleaved channels, mixed as ``audio.channels`` does.
        width: bytes a sample.

    Raises:
        WireError: a rate, width or number of channels that is not accepted.
    """

    def __init__(self, rate: int, channels: int, width: int = 2) -> None:
        for value, what, low, high in (
            (rate, "rate", LOWEST_RATE_HZ, HIGHEST_RATE_HZ),
            (channels, "number of channels", 1, MOST_CHANNELS),
            (width, "sample width", 2, 2),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise WireError(f"sound of a {what} that is not accepted; 16-bit at 16000 a second, one channel, is best")
        self.format = (rate, channels, width)
        self.rate = rate
        self._frame = 2 * channels
        self._channels = channels
        self._left = b""
        self._mixer = ChannelMixer(rate)
        self._resampler = (
            None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        )

    def convert(self, data: bytes) -> Sound:
        """Return the samples of these bytes, between -1 and 1."""
        data = self._left + data
        whole = len(data) - len(data) % self._frame
        self._left = data[whole:]
        samples: Sound = np.frombuffer(data[:whole], dtype="<i2").astype(np.float32) / 32768.0
        if self._channels > 1:
            samples = self._mixer.mix(samples.reshape(-1, self._channels))
        if self._resampler is None:
            return samples
        # A resampler rings above full scale at a loud edge.
        resampled: Sound = np.clip(self._resampler.resample_chunk(samples), -1.0, 1.0)
        return resampled
