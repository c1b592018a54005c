"""How loud sound is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FLOOR_DB = -100.0
"""Digital silence counts as this."""
FULL_SCALE = 0.999
"""Magnitude from which a sample counts as clipped."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a stretch of sound is."""

    rms_db: float
    """Root mean square in dB below full scale, at least ``FLOOR_DB``."""
    peak_db: float
    """Largest magnitude in dB below full scale, at least ``FLOOR_DB``."""
    clipped: bool
    """A sample reached full scale."""


def loudness(samples: npt.NDArray[np.float32]) -> Loudness:
    """Measure samples between -1 and 1."""
    loudest = peak(samples)
    return Loudness(decibels(math.sqrt(power(samples))), decibels(loudest), loudest >= FULL_SCALE)


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
