"""The protocol of every source of sound."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from voicetrail.events import AudioBlock, SourceEvent


class Source(Protocol):
    """A stream of 16 kHz mono sound.

    The constructor opens a source. One thread reads it, and any thread may close it. A source that loses its device stays open: it
    returns ``SourceLost`` once, tries again with increasing delays, and returns ``SourceBack`` when there is sound again. Only
    wrong usage (a missing file, an unknown device name) raises an error, and only in the constructor.
    """

    name: str
    """The name on the screen: that of the device or file, safe to print."""
    live: bool
    """Whether sound arrives in real time (a microphone, a network, a paced file); ``False`` for a file that is read as fast as
    possible."""

    @property
    def delay_s(self) -> float | None:
        """Delay of the sound over a network, in s; ``None`` without a network, or while the delay is unknown."""
        ...

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Wait at most ``timeout`` seconds for the next block of sound or an event of the source; ``None`` when nothing came.

        After ``SourceEnded`` or ``close()`` it returns ``None`` at once. Times in the events it gives are left 0: the listener
        fills in its own count of samples.
        """
        ...

    def close(self) -> None:
        """Stop and release the device; safe to call twice and from another thread while ``read`` waits."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
