"""Opens a source of sound by its name. This is the only module that knows both ``audio`` and ``link``."""

from __future__ import annotations

import stat
from pathlib import Path

from voicetrail.audio.source import Source


def open_source(
    spec: str | Path, *, device: str | None = None, patient: bool = False, paced: bool = False, repeat: bool = False
) -> Source:
    """Open a source of sound.

    Args:
        spec: ``mic``, ``demo`` (the bundled voice), a file's path, or an address: ``tcp://HOST:PORT`` and ``unix://PATH`` for a
            Wyoming microphone, ``pcm+tcp://…``, ``pcm+unix://…``, a FIFO or ``-`` (standard input) for raw 16-bit sound.
        device: for ``mic``: the input's index, or part of its name; ``None`` for the system's default.
        patient: for ``mic``: wait for a named device that is missing (one remembered from an earlier session), instead of raising
            an error.
        paced: read a file in real time (the game), not as fast as possible (``listen``).
        repeat: start a file again at its end.

    Raises:
        AudioError: the file, device or address cannot be used; the message says what to do.
    """
    text = str(spec)
    if text == "mic":
        from voicetrail.audio.microphone import Microphone

        return Microphone(device, patient=patient)
    if "://" in text:
        from voicetrail.link.receiving.source import open_connection

        return open_connection(text)
    if text == "-" or _is_fifo(text):
        from voicetrail.link.receiving.source import open_fifo

        return open_fifo("/dev/stdin" if text == "-" else text, paced=paced)
    from voicetrail.audio.file import FileSource, demo_path

    path = demo_path() if text == "demo" else Path(text)
    return FileSource(path, paced=paced, repeat=repeat, name="demo" if text == "demo" else None)


def notice_of(source: Source) -> str | None:
    """A remark for the user about how a source processes its sound, if any."""
    from voicetrail.audio.file import FileSource

    return source.notice if isinstance(source, FileSource) else None


def _is_fifo(path: str) -> bool:
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False
