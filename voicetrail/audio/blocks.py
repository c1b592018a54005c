"""Sound that a program already holds, or makes block by block, as a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.errors import UsageError
from voicetrail.events import AudioBlock, SourceEnded, SourceEvent


class BlockSource:
    """Gives out blocks of sound as fast as they are read.

    Args:
        blocks: 16 kHz mono samples between -1 and 1, ``[samples]`` each, of any length: a list of one array for a whole
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
            UsageError: a block is not one row of finite numbers.
        """
        if self._ended:
            return None
        try:
            block = next(self._blocks)
        except StopIteration:
            self._ended = True
            return SourceEnded(0)
        samples = np.asarray(block, dtype=np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise UsageError("each block must be one row of finite samples at 16 kHz, between -1 and 1")
        return AudioBlock(samples)

    def close(self) -> None:
        """Give out nothing more."""
        self._ended = True

    def __enter__(self) -> Self:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()
