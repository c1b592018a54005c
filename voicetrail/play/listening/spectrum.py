"""What the recognizer sees, made small enough for the screen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BANDS = 16
HOP_S = 0.04
"""Part of the picture, which shows a second, that is new at every hop."""
LOWEST, HIGHEST = -0.4, 2.2
"""The network's input, log-mel energies about their mean, that is shown as silence and as the loudest."""


@runtime_checkable
class HasPicture(Protocol):
    """A recognizer that shows its input."""

    @property
    def picture(self) -> npt.NDArray[np.float32]:
        """The network's input at the last hop, ``[mels, frames]``, the newest frame last; the next hop overwrites it."""
        ...


def picture_of(recognizer: object) -> npt.NDArray[np.float32] | None:
    """The input of a recognizer at its last hop; ``None`` where it shows none (it runs on another machine)."""
    return recognizer.picture if isinstance(recognizer, HasPicture) else None


def bands_of(picture: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """The levels of the newest hop.

    Args:
        picture: ``[mels, frames]`` for a window.

    Returns:
        One a band from the lowest, each between 0 and 1.
    """
    mels, frames = picture.shape
    newest = picture[:, -max(1, round(frames * HOP_S)) :].max(axis=1)
    levels = ((newest - LOWEST) / (HIGHEST - LOWEST)).clip(0.0, 1.0)
    edges = [place * mels // BANDS for place in range(BANDS + 1)]
    return tuple(round(float(levels[a:b].max()), 2) for a, b in pairwise(edges) if b > a)
