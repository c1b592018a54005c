"""A source for sound that a program has in memory, or generates block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.errors import UsageError
from voicetrail.events import AudioBlock, SourceEnded, SourceEvent

LOUDEST = 4.0
"""Samples with a larger magnitude were not meant to be between -1 and 1. (A little above 1 is normal for amplified recordings.)"""


def as_samples(given: npt.ArrayLike, name: str) -> npt.NDArray[np.float32]:
    """Check sound that a program passes in, and convert it to samples between -1 and 1.

    Args:
        given: 16 kHz mono samples, ``[samples]``: floating point numbers between -1 and 1, or 16-bit integers.
        name: the name of the sound in error messages.

    Raises:
        UsageError: it is anything else; the message says what to do.
    """
    expected = f"{name} must be one row of finite samples at 16 kHz, between -1 and 1 or 16-bit integers"
    try:
        array = np.asarray(given)
    except ValueError:
        raise UsageError(f"{expected}; this is not a row of numbers") from None
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
    """Returns blocks of sound as fast as they are read.

    Args:
        blocks: 16 kHz mono samples, as for ``as_samples``, of any length: a list with one array for a whole
        recording, or a generator, which is advanced only when a block is read.
        name: the name of the source.
    """

    live = False
    delay_s = None

    def __init__(self, blocks: Iterable[npt.ArrayLike], name: str = "blocks") -> None:
        self.name = name
        self._blocks: Iterator[npt.ArrayLike] = iter(blocks)
        self._ended = False

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Return the next block; after the last one, ``SourceEnded`` once, then ``None``.

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
        """Return no more blocks."""
        self._ended = True

    def __enter__(self) -> Self:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()
