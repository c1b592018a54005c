"""The protocol that every source of sound follows."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from voicetrail.events import AudioBlock, SourceEvent


class Source(Protocol):
    """A stream of 16 kHz mono sound.

    A source is opened by its constructor, read from one thread, and closed from any. One that loses its device stays open: it
    gives out ``SourceLost`` once, tries again with a back-off, and gives out ``SourceBack`` when sound comes again. Only wrong
    usage (a file that is not there, a device name that matches none) raises, and only from the constructor.
    """

    name: str
    """What the screen calls it: the device's or the file's name, safe to show."""
    live: bool
    """Sound comes in real time (a microphone, a network, a file paced for the game); ``False`` for a file that is read as fast
    as possible."""

    @property
    def delay_s(self) -> float | None:
        """Seconds that sound is on its way over a network; ``None`` without one, or while that is not known."""
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
