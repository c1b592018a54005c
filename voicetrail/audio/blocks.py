"""Sound that a program already holds, or makes block by block, as a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.errors import UsageError
from voicetrail.events import AudioBlock, SourceEnded, SourceEvent

LOUDEST = 4.0
"""Samples further out than this were not meant as numbers between -1 and 1; a little over 1 is a recording that was amplified."""


def as_samples(given: npt.ArrayLike, name: str) -> npt.NDArray[np.float32]:
    """Return sound that a program hands over, as samples between -1 and 1.

    Args:
        given: 16 kHz mono samples, ``[samples]``: floating point numbers between -1 and 1, or 16-bit integers.
        name: what the sound is called in an error.

    Raises:
        UsageError: it is anything else; the message says what to do.
    """
    expected = f"{name} must be one row of finite samples at 16 kHz, between -1 and 1 or 16-bit integers"
    try:
        array = np.asarray(given)
    except ValueError:
        raise UsageError(f"{expected}; this is no row of numbers") from None
    if array.ndim != 1:
        raise UsageError(f"{expected}; this has {array.ndim} dimensions: take one channel")
    if array.dtype == np.int16:
        scaled: npt.NDArray[np.float32] = array.astype(np.float32) / np.float32(32768)
        return scaled
    if not np.issubdtype(array.dtype, np.floating) and array.any():
        raise UsageError(f"{expected}; this is of type {array.dtype}: convert it with astype")
    samples = array.astype(np.float32)
    if not np.isfinite(samples).all():
        raise UsageError(f"{expected}; a sample is not finite")
    if len(samples) and float(np.abs(samples).max()) > LOUDEST:
        raise UsageError(f"{expected}; a sample is {np.abs(samples).max():.0f}: divide 16-bit numbers by 32768")
    return samples


class BlockSource:
    """Gives out blocks of sound as fast as they are read.

    Args:
        blocks: 16 kHz mono samples, as ``as_samples`` takes them, of any length: a list of one array for a whole
            recording, or a generator, which is asked for a block only when that is read.
        name: what the source is called.
    """

    live = False
    delay_s = None

    def __init__(self, blocks: Iterable[npt.ArrayLike], name: str = "blocks") -> None:
        self.name = name
        self._blocks: Iterator[npt.ArrayLike] = iter(blocks)
        self._ended = False

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """The next block, then once the end, then nothing.

        Raises:
            UsageError: a block is not one row of samples.
        """
        if self._ended:
            return None
        try:
            block = next(self._blocks)
        except StopIteration:
            self._ended = True
            return SourceEnded(0)
        return AudioBlock(as_samples(block, "each block"))

    def close(self) -> None:
        """Give out nothing more."""
        self._ended = True

    def __enter__(self) -> Self:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()
