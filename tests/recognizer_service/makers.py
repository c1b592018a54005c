"""Visitors made by hand: their sound is a list of blocks, their words go into a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tests.sources import Items
from voicetrail.events import AudioBlock, Event, SourceEvent
from voicetrail.recognizer_service.batches import Batches
from voicetrail.recognizer_service.messages import VisitorSound
from voicetrail.recognizer_service.visitor import VisitorStream
from voicetrail.spotting.recognizer import Recognizer

Sound = npt.NDArray[np.float32]


class Blocks(Items):
    """A source of blocks that are all there at once."""

    lost = 0

    def __init__(self, items: Iterable[AudioBlock | SourceEvent]) -> None:
        super().__init__([*items], endless=False)
        self.left = [*cast(Any, self)._items]

    @property
    def waiting_s(self) -> float:
        """As much as the samples that are left."""
        return sum(len(item.samples) for item in self.left if isinstance(item, AudioBlock)) / 16_000

    def drop_waiting(self) -> None:
        """Drop all."""
        self.left.clear()

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """The next one, and then nothing."""
        return self.left.pop(0) if self.left else None


@dataclass
class WordsList:
    """Remembers what a visitor is given."""

    events: list[Event] = field(default_factory=list)

    def give(self, event: Event, delay_s: float | None = None) -> None:
        self.events.append(event)


class HandLoop:
    """Stands in for the event loop: what is due is called when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, call: Callable[[], None]) -> HandLoop:
        self.calls.append((delay, call))
        return self

    def call_soon(self, call: Callable[[], None]) -> HandLoop:
        return self.call_later(0.0, call)

    def cancel(self) -> None:
        self.calls.clear()

    def run(self) -> None:
        """Call until nothing is due."""
        while self.calls:
            self.calls.pop(0)[1]()


def cut(sound: Sound, size: int = 320) -> list[AudioBlock]:
    return [AudioBlock(sound[first : first + size]) for first in range(0, len(sound), size)]


def make_visitor(
    name: str, recognizer: Recognizer, sound: Sound, block: int = 320, **more: Any
) -> tuple[VisitorStream, WordsList]:
    """A visitor who says this sound."""
    words = WordsList()
    visitor = VisitorStream(name, VisitorSound(Path("unused"), **more), recognizer, words)
    visitor.listen_to(Blocks(cut(sound, block)))
    words.events.clear()
    return visitor, words


def score_all(visitors: Iterable[VisitorStream], **more: Any) -> Batches:
    """Let the visitors say all that they have, side by side."""
    loop = HandLoop()

    def failed(visitor: VisitorStream, error: Exception) -> None:
        raise error

    batches = Batches(cast(Any, loop), more.pop("on_failure", failed))
    everybody = [*visitors]
    batches.expected = len(everybody)
    for name, value in more.items():
        setattr(batches, name, value)
    for visitor in everybody:
        batches.sound_came(visitor)
    loop.run()
    return batches
