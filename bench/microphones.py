"""Many microphones in one event loop: each serves the sound of a speaker in real time, like ``voicetrail mic``, on a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event
from wyoming.ping import Ping, Pong

from bench.speakers import BLOCK, Speaker
from voicetrail.events import SAMPLE_RATE
from voicetrail.link.wire import HELLO, PROTOCOL, EventDecoder, encode

SLOTS = 4
"""The microphones are spread over the time of a block, so that they do not all send at once."""
BLOCK_S = BLOCK / SAMPLE_RATE


class Microphone:
    """The microphone of one speaker."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.began: float | None = None
        """``time.monotonic()`` at the start of the sound; ``None`` while nobody listens."""
        self.sent = 0
        """Blocks sent so far."""
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def serve(self, path: Path) -> None:
        """Wait for a listener on a socket."""
        self._server = await asyncio.start_unix_server(self._connected, str(path))

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()

    def start(self, now: float) -> None:
        """Start the sound."""
        self.began = now

    def send(self, now: float) -> None:
        """Send the blocks that are due."""
        while self.began is not None and self.sent < len(self.speaker.blocks):
            spoken = self.began + (self.sent + 1) * BLOCK_S
            if spoken > now:
                return
            event = AudioChunk(SAMPLE_RATE, 2, 1, self.speaker.blocks[self.sent], round(spoken * 1000)).event()
            data = encode(event)
            for writer in self._writers:
                if writer.transport.get_write_buffer_size() < 65536:
                    writer.write(data)
            self.sent += 1

    @property
    def listened_to(self) -> bool:
        """Whether somebody is connected."""
        return bool(self._writers)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = {"protocol": PROTOCOL, "nonce": "0" * 32, "secret": False, "content": "sound", "name": "scripted"}
        writer.write(encode(Event(HELLO, hello)) + encode(AudioStart(SAMPLE_RATE, 2, 1).event()))
        self._writers.append(writer)
        decoder = EventDecoder()
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                for event in decoder.feed(data):
                    if Ping.is_type(event.type):
                        writer.write(encode(Pong(text=event.data.get("text", "")).event()))
        self._writers.remove(writer)
        writer.close()


async def speak(microphones: Sequence[Microphone], seconds: float) -> None:
    """Run all microphones in parallel, for ``seconds``."""
    begun = time.monotonic() + 0.1
    for at, microphone in enumerate(microphones):
        microphone.start(begun + (at % SLOTS) * BLOCK_S / SLOTS)
    step, at = BLOCK_S / SLOTS, 0
    while time.monotonic() < begun + seconds:
        now = time.monotonic()
        for microphone in microphones[at % SLOTS :: SLOTS]:
            microphone.send(now)
        at += 1
        await asyncio.sleep(max(0.0, begun + at * step - time.monotonic()))
