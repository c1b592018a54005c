"""Measures the connection of `voicetrail ssh`: its additional delay, and its traffic."""

from __future__ import annotations

import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from tests.e2e.sshd import delayed
from voicetrail.audio.source import Source
from voicetrail.events import AudioBlock
from voicetrail.link.address import Address, parse_address
from voicetrail.link.receiving.source import NetworkSource
from voicetrail.link.serving.feeds import SoundFeed
from voicetrail.link.serving.server import Feed, LinkServer
from voicetrail.sources import open_source

Row = dict[str, str | float]
BLOCK = 320
SECONDS = 5.0
ONE_WAY_S = (0.05, 0.15, 0.3)


class Counting:
    """A microphone whose n-th block consists of the number n; it records the time of each block."""

    name = "counting"
    live = True
    delay_s = None

    def __init__(self, height: float | None = None) -> None:
        self.spoken: list[float] = []
        self._height = height
        self._due = time.monotonic()
        self._noise = np.random.default_rng(1)

    def read(self, timeout: float) -> AudioBlock:
        """Return the next block when it is due."""
        self._due += BLOCK / 16_000
        time.sleep(max(0.0, self._due - time.monotonic()))
        self.spoken.append(time.monotonic())
        if self._height is not None:
            return AudioBlock(self._noise.normal(0, self._height, BLOCK).astype(np.float32), self.spoken[-1])
        return AudioBlock(np.full(BLOCK, (len(self.spoken) - 1) / 32768, dtype=np.float32), self.spoken[-1])

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing."""


def added_delay(one_way: float = 0.0) -> float:
    """Median time in s from a block at the microphone to the same block in the game, over a connection with this one-way delay."""
    microphone = Counting()
    server = LinkServer(SoundFeed(microphone), parse_address("tcp://127.0.0.1:0"))
    server.start()
    delays: list[float] = []
    try:
        with delayed(server.port, one_way) as proxy, NetworkSource(parse_address(f"tcp://127.0.0.1:{proxy.port}")) as source:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                item = source.read(0.1)
                if isinstance(item, AudioBlock):
                    delays.append(time.monotonic() - microphone.spoken[round(float(item.samples[0]) * 32768)])
    finally:
        server.close()
    return statistics.median(delays[len(delays) // 3 :])


def bytes_a_second(feed: Feed, seconds: float = SECONDS) -> float:
    """Bytes per second to a client, after the handshake."""
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        path = str(Path(folder) / "mic")
        server = LinkServer(feed, Address("wyoming", "unix", path=path))
        server.start()
        total = 0
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                client.settimeout(0.2)
                began = time.monotonic()
                while time.monotonic() < began + 1 + seconds:
                    try:
                        count = len(client.recv(65536))
                    except TimeoutError:
                        continue
                    if time.monotonic() > began + 1:
                        total += count
        finally:
            server.close()
    return total / seconds


def words_feed(source: Source) -> Feed:
    """The shipped recognizer on this source."""
    from voicetrail.link.serving.feeds import WordsFeed
    from voicetrail.spotting.recognizer import load_recognizer

    recognizer = load_recognizer("directional4w")
    return WordsFeed(source, recognizer, recognizer.detector)


def rows() -> Iterator[Row]:
    """The rows of the table."""
    yield {"name": "connection: added delay on loopback", "value": added_delay() * 1000, "unit": "ms", "limit": 60}
    for one_way in ONE_WAY_S:
        value = added_delay(one_way) * 1000
        name = f"connection: delay over {one_way * 1000:.0f} ms one way"
        yield {"name": name, "value": value, "unit": "ms", "limit": one_way * 1000 + 60}
    yield {
        "name": "connection: sound, bytes per second",
        "value": bytes_a_second(SoundFeed(Counting())),
        "unit": "B/s",
        "limit": 40_000,
    }
    quiet = bytes_a_second(words_feed(Counting(0.001)), 10)
    yield {"name": "connection: words only, silent room, bytes per second", "value": quiet, "unit": "B/s", "limit": 50}
    spoken = bytes_a_second(words_feed(open_source("demo", paced=True)), 20)
    yield {"name": "connection: words only, somebody plays, bytes per second", "value": spoken, "unit": "B/s", "limit": 300}
