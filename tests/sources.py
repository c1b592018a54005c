"""Sources made by hand."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Self

from voicetrail.events import AudioBlock, SourceEnded, SourceEvent

Item = AudioBlock | SourceEvent


class Items:
    """A source that gives out what it was made with; then its end, or (``endless``) nothing until it is closed."""

    live = False
    delay_s = None

    def __init__(self, items: Iterable[Item | None], *, endless: bool = False, name: str = "items") -> None:
        self.name, self.closed = name, False
        self._items, self._endless = iter(items), endless

    def read(self, timeout: float) -> Item | None:
        if self.closed:
            return None
        for item in self._items:
            return item
        if self._endless:
            time.sleep(timeout)
            return None
        return SourceEnded(0)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
