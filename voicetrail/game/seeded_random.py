"""Reproducible random numbers: a seed gives the same choices on every machine and with every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """A random number generator with a seed.

    Only ``Random.random`` is used: it is the only method for which Python guarantees the same numbers from the same seed.

    Args:
        seed: determines every choice.
        stream: number of the stream; each stream of a seed gives independent choices.
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._random = Random(seed * 1_000_003 + stream)

    def randbelow(self, count: int) -> int:
        """Return an integer from 0 to ``count`` - 1."""
        return int(self._random.random() * count)

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.randbelow(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher-Yates shuffle)."""
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = self.randbelow(last + 1)
            out[last], out[other] = out[other], out[last]
        return out
