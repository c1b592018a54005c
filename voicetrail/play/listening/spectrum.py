"""The recognizer's input, reduced to the size of the screen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BANDS = 16
HOP_S = 0.04
"""New part of the one-second picture at each hop, in s."""
LOWEST, HIGHEST = -0.4, 2.2
"""Range of the network's input (log-mel energies minus their mean) from silence to the loudest color."""


@runtime_checkable
class HasPicture(Protocol):
    """A recognizer that provides its input."""

    @property
    def picture(self) -> npt.NDArray[np.float32]:
        """The network's input at the last hop, with shape ``[mels, frames]`` and the newest frame last; the next hop overwrites it."""
        ...


def picture_of(recognizer: object) -> npt.NDArray[np.float32] | None:
    """Return the input of a recognizer at its last hop; ``None`` if it provides none (it runs on another machine)."""
    return recognizer.picture if isinstance(recognizer, HasPicture) else None


def bands_of(picture: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Return the levels of the newest hop.

    Args:
        picture: input for a window, with shape ``[mels, frames]``.

    Returns:
        The level of each band from the lowest, 0 to 1.
    """
    mels, frames = picture.shape
    newest = picture[:, -max(1, round(frames * HOP_S)) :].max(axis=1)
    levels = ((newest - LOWEST) / (HIGHEST - LOWEST)).clip(0.0, 1.0)
    edges = [place * mels // BANDS for place in range(BANDS + 1)]
    return tuple(round(float(levels[a:b].max()), 2) for a, b in pairwise(edges) if b > a)
