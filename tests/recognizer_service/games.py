"""An engine with real sockets, microphones made by hand, and games that note what they are sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from wyoming.event import Event as WireEvent

from tests.link.peers import chunk, start, tone
from voicetrail.link.wire import HELLO, EventDecoder, encode
from voicetrail.recognizer_service.engine import Engine
from voicetrail.recognizer_service.messages import ServiceReport
from voicetrail.spotting.recognizer import Recognizer

HELLO_SOUND = encode(WireEvent(HELLO, {"protocol": 1, "nonce": "n", "secret": False, "content": "sound", "name": "desk"}))

SOUND_EVENTS = (
    "audio-chunk",
    "audio-start",
    "audio-stop",
    "voicetrail-hello",
    "voicetrail-source",
    "voicetrail-proof",
    "ping",
    "pong",
)
"""Events that a program of a microphone, or somebody who pretends to be one, may send."""
SOUND_FIELDS = (
    "rate",
    "width",
    "channels",
    "timestamp",
    "lost",
    "state",
    "message",
    "protocol",
    "nonce",
    "secret",
    "content",
    "name",
)
"""Fields of these events."""


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


@asynccontextmanager
async def engine_with(recognizer: Recognizer) -> AsyncIterator[tuple[Engine, list[ServiceReport]]]:
    reports: list[ServiceReport] = []
    engine = Engine(asyncio.get_running_loop(), reports.append, lambda name: recognizer)
    try:
        yield engine, reports
    finally:
        engine.close()
        await asyncio.sleep(0)


def private(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir(mode=0o700)
    return made


Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def serve(path: Path, play: Play) -> asyncio.Server:
    """A visitor's program: what it does with each connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    return await asyncio.start_unix_server(connected, str(path))


class Game:
    """Reads what a visitor's game is sent."""

    def __init__(self) -> None:
        self.events: list[WireEvent] = []

    async def connect(self, folder: Path) -> None:
        self.reader, self.writer = await asyncio.open_unix_connection(str(folder / "words"))
        self._decoder = EventDecoder()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while data := await self.reader.read(65536):
            self.events += self._decoder.feed(data)

    def of(self, kind: str) -> list[WireEvent]:
        return [event for event in self.events if event.type == kind]

    def messages(self) -> str:
        return " | ".join(str(event.data.get("message")) for event in self.events if "message" in event.data)

    async def close(self) -> None:
        self.writer.close()
        self._task.cancel()


async def until(condition: Callable[[], object], limit: float = 50.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)


async def steady(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float = 60) -> None:
    """A microphone that does as it should."""
    writer.write(HELLO_SOUND + start())
    begun = time.monotonic()
    for at in range(int(seconds * 50)):
        writer.write(chunk(tone(height=0.2), stamp=round(time.monotonic() * 1000)))
        await writer.drain()
        await asyncio.sleep(max(0.0, begun + at * 0.02 - time.monotonic()))
