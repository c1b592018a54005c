"""Random choices that a seed decides, the same on every machine and with every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Choices from a seed.

    Only ``Random.random`` is used: of the methods of ``random``, Python promises the same numbers from the same seed for it alone.

    Args:
        seed: decides every choice.
        stream: one of many rows of choices of the same seed.
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._random = Random(seed * 1_000_003 + stream)

    def below(self, count: int) -> int:
        """A whole number from 0 to ``count`` - 1."""
        return int(self._random.random() * count)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order (Fisher and Yates)."""
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = self.below(last + 1)
            out[last], out[other] = out[other], out[last]
        return out
