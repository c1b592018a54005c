"""How loud sound is."""

from __future__ import annotations

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
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    peak = float(np.max(np.abs(samples), initial=0.0))
    return Loudness(decibels(rms), decibels(peak), peak >= FULL_SCALE)


def decibels(magnitude: float) -> float:
    """Turn a magnitude into dB below full scale, at least ``FLOOR_DB``."""
    return max(FLOOR_DB, 20.0 * float(np.log10(magnitude))) if magnitude > 0 else FLOOR_DB
