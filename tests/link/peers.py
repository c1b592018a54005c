"""The other end of a line, made by hand: a real listening socket that says what a test wants."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from wyoming.audio import AudioChunk, AudioStart

from voicetrail.events import AudioBlock, SourceEvent
from voicetrail.link.receiving.source import NetworkSource
from voicetrail.link.wire import encode

Play = Callable[[socket.socket], None]


@contextlib.contextmanager
def peer(path: Path, *plays: Play) -> Iterator[str]:
    """Listen on a Unix socket; the n-th connection is given to the n-th play, further ones to the last. Yield its path."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    connections: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connections.append(connection)
                play = plays[min(len(connections), len(plays)) - 1]
                threading.Thread(target=run, args=(play, connection), daemon=True).start()

    def run(play: Play, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            play(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield str(path)
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(2)
        for connection in connections:
            connection.close()


def tone(samples: int = 320, height: float = 0.5) -> bytes:
    """Some 16-bit sound."""
    data: bytes = (np.sin(np.arange(samples) * 0.2) * height * 32767).astype("<i2").tobytes()
    return data


def chunk(audio: bytes = b"", *, rate: int = 16_000, width: int = 2, channels: int = 1, stamp: int | None = None) -> bytes:
    return encode(AudioChunk(rate, width, channels, audio or tone(), stamp).event())


def start(rate: int = 16_000) -> bytes:
    return encode(AudioStart(rate, 2, 1).event())


def gather(
    source: NetworkSource, enough: Callable[[list[AudioBlock | SourceEvent]], bool], limit: float = 20.0
) -> list[AudioBlock | SourceEvent]:
    """Read until there is enough; fail where that takes too long."""
    items: list[AudioBlock | SourceEvent] = []
    deadline = time.monotonic() + limit
    while not enough(items):
        assert time.monotonic() < deadline, (
            f"not in time; so far {[item for item in items if not isinstance(item, AudioBlock)]}"
        )
        item = source.read(0.05)
        if item is not None:
            items.append(item)
    return items


def blocks(items: list[AudioBlock | SourceEvent]) -> list[AudioBlock]:
    return [item for item in items if isinstance(item, AudioBlock)]


def samples_of(items: list[AudioBlock | SourceEvent]) -> int:
    return sum(len(block.samples) for block in blocks(items))
