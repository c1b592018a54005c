"""Measures the loudness of sound, and removes constant offsets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE

FLOOR_DB = -100.0
"""Level of digital silence, in dB."""
FULL_SCALE = 0.999
"""A sample of this magnitude or more counts as clipped."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """The loudness of a piece of sound."""

    rms_db: float
    """Root mean square in dB below full scale, at least ``FLOOR_DB``."""
    peak_db: float
    """Largest magnitude in dB below full scale, at least ``FLOOR_DB``."""
    clipped: bool
    """A sample reached full scale."""


def loudness(samples: npt.NDArray[np.float32]) -> Loudness:
    """Measure samples between -1 and 1, ignoring a constant offset (which cheap USB microphones have)."""
    if not len(samples):
        return Loudness(FLOOR_DB, FLOOR_DB, False)
    mean, highest, lowest = _mean(samples), float(samples.max()), float(samples.min())
    variance = max(0.0, power(samples) - mean * mean)
    clipped = max(highest, -lowest) >= FULL_SCALE
    return Loudness(decibels(math.sqrt(variance)), decibels(max(highest - mean, mean - lowest)), clipped)


class OffsetRemover:
    """Removes the constant offset of a stream, block after block.

    The estimate of the offset adapts slowly, so that the rest of the sound is unchanged: a high-pass filter with a cutoff of a
    fraction of a hertz.
    """

    TIME_S = 1.0
    """Time constant of the estimate, in s."""

    def __init__(self) -> None:
        self.offset: float | None = None
        """The estimate; ``None`` before the first block."""
        self._ramp: npt.NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def restart(self) -> None:
        """Forget the estimate: another stream follows, or the same one after a gap."""
        self.offset = None

    def remove(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the samples of a block without the offset."""
        if not len(samples):
            return samples
        mean = _mean(samples)
        if self.offset is None:
            self.offset = mean
        before = self.offset
        self.offset += (mean - before) * min(1.0, len(samples) / (self.TIME_S * SAMPLE_RATE))
        if before == self.offset:
            return samples - np.float32(before) if before else samples
        # From the one estimate to the next along a line, so that there is no step between two blocks.
        if len(self._ramp) != len(samples):
            self._ramp = np.linspace(0.0, 1.0, len(samples), dtype=np.float32)
        out = self._ramp * np.float32(before - self.offset)
        out += samples
        out -= np.float32(before)
        return out


def power(samples: npt.NDArray[np.float32]) -> float:
    """The mean square of samples; 0 of none."""
    exact = samples.astype(np.float64)
    return float(np.dot(exact, exact)) / len(samples) if len(samples) else 0.0


def peak(samples: npt.NDArray[np.float32]) -> float:
    """The largest magnitude of samples; 0 of none."""
    return max(float(samples.max()), -float(samples.min())) if len(samples) else 0.0


def decibels(magnitude: float) -> float:
    """Turn a magnitude into dB below full scale, at least ``FLOOR_DB``."""
    return max(FLOOR_DB, 20.0 * math.log10(magnitude)) if magnitude > 0 else FLOOR_DB


def _mean(samples: npt.NDArray[np.float32]) -> float:
    return float(samples.sum(dtype=np.float64)) / len(samples)
