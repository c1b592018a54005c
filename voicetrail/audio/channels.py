"""Mixes several channels to one: their mean, or the loudest channel if the channels cancel each other out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE

CANCELLED_DB = 10.0
"""The channels count as canceling each other out if their mean is at least this far below the loudest channel, in dB."""
MEMORY_S = 1.0
"""Time constant of the loudness, in s. An inverted channel stays inverted, so this may be slow."""

Sound = npt.NDArray[np.float32]


class ChannelMixer:
    """Mixes the channels of a stream, block after block.

    If one channel of a microphone or a file is inverted (left = −right), the mean is almost silent. The decision uses the loudness of
    the last second, so that a stream does not switch back and forth.

    Args:
        rate: samples per second.
    """

    def __init__(self, rate: int = SAMPLE_RATE) -> None:
        self._rate = rate
        self._powers: npt.NDArray[np.float64] | None = None
        """Mean squares over the last second: one per channel, then that of the mean."""
        self.chosen: int | None = None
        """The channel in use; ``None`` for the mean."""

    def mix(self, frames: Sound) -> Sound:
        """Mix a block of finite samples, ``[frames, channels]``; return ``[frames]``."""
        if frames.shape[1] == 1:
            return np.ascontiguousarray(frames[:, 0])
        mean: Sound = frames.mean(axis=1, dtype=np.float32)
        if not len(frames):
            return mean
        powers = np.append(np.mean(np.square(frames, dtype=np.float64), axis=0), np.mean(np.square(mean, dtype=np.float64)))
        fresh = 1.0 if self._powers is None else min(1.0, len(frames) / (MEMORY_S * self._rate))
        self._powers = powers if self._powers is None else self._powers + fresh * (powers - self._powers)
        if self._powers[:-1].max() > 0.0:
            loudest = int(np.argmax(self._powers[:-1]))
            is_canceled = self._powers[-1] * 10 ** (CANCELLED_DB / 10) <= self._powers[loudest]
            # Keep the current channel unless another is clearly louder, so that two equal channels do not alternate.
            self.chosen = None if not is_canceled else loudest if self.chosen is None else self.chosen
        return mean if self.chosen is None else np.ascontiguousarray(frames[:, self.chosen])
