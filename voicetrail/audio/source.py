"""Where sound comes from: the one protocol that every source follows, and the one place that opens them."""

from __future__ import annotations

import stat
from pathlib import Path
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
    """Sound comes in the world's time (a microphone, a line, a file paced for the game); ``False`` for a file that is read as
    fast as possible."""

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        """Wait at most ``timeout`` seconds for the next block of sound or news of the source; ``None`` when nothing came.

        After ``SourceEnded`` or ``close()`` it returns ``None`` at once. Times in the events it gives are left 0: the listener
        fills in its own count of samples.
        """
        ...

    def close(self) -> None:
        """Stop and release the device; safe to call twice and from another thread while ``read`` waits."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_source(
    spec: str | Path, *, device: str | None = None, patient: bool = False, paced: bool = False, repeat: bool = False
) -> Source:
    """Open where sound comes from.

    Args:
        spec: ``mic``, ``demo`` (the bundled voice), a file's path, or a line: ``tcp://HOST:PORT`` and ``unix://PATH`` for a
            Wyoming microphone, ``pcm+tcp://…``, ``pcm+unix://…``, a FIFO or ``-`` (standard input) for raw 16-bit sound.
        device: for ``mic``: the input's index, or a part of its name; ``None`` for the system's default.
        patient: for ``mic``: wait for a named device that is not there (one remembered from another day) rather than refuse it.
        paced: give a file out in real time (the game) rather than as fast as possible (``listen``).
        repeat: begin a file again at its end.

    Raises:
        AudioError: the file, device or address cannot be used; the message says what to do.
    """
    text = str(spec)
    if text == "mic":
        from voicetrail.audio.microphone import Microphone

        return Microphone(device, patient=patient)
    if "://" in text:
        from voicetrail.audio.network import open_line

        return open_line(text)
    if text == "-" or _is_fifo(text):
        from voicetrail.audio.network import open_fifo

        return open_fifo("/dev/stdin" if text == "-" else text, paced=paced)
    from voicetrail.audio.file import FileSource, demo_path

    path = demo_path() if text == "demo" else Path(text)
    return FileSource(path, paced=paced, repeat=repeat, name="demo" if text == "demo" else None)


def _is_fifo(path: str) -> bool:
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False
