"""Raw 16-bit sound at any rate becomes 16 kHz mono."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from voicetrail.events import SAMPLE_RATE
from voicetrail.link.address import CHANNELS, RATES
from voicetrail.link.wire import WireError

Sound = npt.NDArray[np.float32]


class PcmConverter:
    """Turns bytes of little-endian signed 16-bit sound into samples; keeps what is cut in the middle of a frame.

    Args:
        rate: samples a second.
        channels: interleaved channels; their mean is taken.
        width: bytes a sample.

    Raises:
        WireError: a rate, width or number of channels that is not taken.
    """

    def __init__(self, rate: int, channels: int, width: int = 2) -> None:
        for value, what, low, high in (
            (rate, "rate", *RATES),
            (channels, "number of channels", 1, CHANNELS),
            (width, "sample width", 2, 2),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise WireError(f"sound of a {what} that is not taken; 16-bit at 16000 a second, one channel, is best")
        self.format = (rate, channels, width)
        self.rate = rate
        self._frame = 2 * channels
        self._channels = channels
        self._left = b""
        self._resampler = (
            None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        )

    def convert(self, data: bytes) -> Sound:
        """Return the samples of these bytes, between -1 and 1."""
        data = self._left + data
        whole = len(data) - len(data) % self._frame
        self._left = data[whole:]
        frames = np.frombuffer(data[:whole], dtype="<i2").astype(np.float32) / 32768.0
        if self._channels > 1:
            frames = frames.reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        if self._resampler is None:
            return frames
        resampled: Sound = self._resampler.resample_chunk(frames)
        return resampled
