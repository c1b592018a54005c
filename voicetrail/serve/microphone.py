"""A page's microphone as a source: a private Unix socket that speaks the protocol of ``link`` to the game of that page.

The bridge decides nothing about the sound. Its stamps follow the page's clock, and a ping of the game is passed on to the page and
answered when the page answers it; so the age of the sound, its delay and what comes too late are judged over the whole way, by the
same code as for every other microphone that is far away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from wyoming.audio import AudioChunk, AudioStart
from wyoming.event import Event

from voicetrail.events import SAMPLE_RATE
from voicetrail.link.delay import DelayEstimator
from voicetrail.link.owner import refusal
from voicetrail.link.serving.client import Client, Message
from voicetrail.link.wire import SOURCE_STATE, WireError, encode
from voicetrail.serve.sound_format import ChunkOrder, decode_chunk
from voicetrail.serve.texts import texts

PINGS_WAITING = 16
"""Pings of the game that wait for the page's answer; the oldest are given up."""
STATES = frozenset({"none", "refused", "missing", "busy", "insecure", "ended", "elsewhere", "hidden", "muted", "off", "gone"})
"""What a page may report of its microphone; the text that its game shows is ``game_`` and this."""


class MicrophoneBridge:
    """Hands the sound of one page on to the game of that page.

    Everything runs in the server's event loop.

    Args:
        path: the Unix socket that the game opens; in a folder that only this user can enter.
        relay_ping: asks the page for an answer to a ping; ``None`` while no microphone is connected.
    """

    content: Literal["sound"] = "sound"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = texts()["microphone_name"]
        self.relay_ping: Callable[[str], None] | None = None
        self._server: asyncio.Server | None = None
        self._client: Client | None = None
        self._order = ChunkOrder()
        self._clock = DelayEstimator()
        self._pings: deque[str] = deque(maxlen=PINGS_WAITING)
        self._state: Event | None = _state("none")

    async def start(self) -> None:
        """Listen at the socket, which only this user can open."""
        listening = socket.socket(socket.AF_UNIX)
        old_mask = os.umask(0o177)
        try:
            listening.bind(str(self.path))
        except OSError:
            listening.close()
            raise
        finally:
            os.umask(old_mask)
        listening.setblocking(False)
        self._server = await asyncio.start_unix_server(self._connected, sock=listening)

    async def close(self) -> None:
        """Stop listening, let the game go, and remove the socket."""
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            self._client.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    # What the page sends

    def connected(self, relay_ping: Callable[[str], None]) -> None:
        """A microphone begins: another connection, with numbers and a clock of its own."""
        self._order, self._clock = ChunkOrder(), DelayEstimator()
        self._pings.clear()
        self.relay_ping = relay_ping

    def disconnected(self, relay_ping: Callable[[str], None]) -> None:
        """The connection of a microphone has ended; one that another has replaced has nothing more to say."""
        if self.relay_ping == relay_ping:
            self.relay_ping = None
            self.report("gone")

    def take(self, message: bytes) -> None:
        """Take a chunk of sound.

        Raises:
            SoundError: it is none; see ``sound_format``.
        """
        now = time.monotonic()
        chunk = decode_chunk(message)
        lost = self._order.take(chunk, now)
        if self._state is not None:
            self.report("on")
        # On this machine's clock, up to the shortest time on the way: that of the page begins again when it is loaded again.
        captured = now - self._clock.waited(chunk.stamp_ms / 1000, now)
        event = AudioChunk(SAMPLE_RATE, 2, 1, chunk.samples, round(captured * 1000)).event()
        if lost:
            event.data["lost"] = lost
        self._offer(Message(event, len(chunk.samples) // 2, captured))

    def report(self, state: str) -> None:
        """Say how the page's microphone stands: ``on``, or a name of ``STATES``."""
        event = None if state == "on" else _state(state)
        if (event is None) == (self._state is None) and (event is None or event == self._state):
            return
        self._state = event
        self._offer(Message(event if event is not None else Event(SOURCE_STATE, {"state": "back"})))

    def pong(self, text: str) -> None:
        """The page has answered a ping. What it answers without having been asked is nothing."""
        while self._pings and text in self._pings:
            if self._pings.popleft() == text and self._client is not None:
                self._client.pong(text)
                return

    # What the game sees: the feed of its connection

    def first_events(self) -> list[Event]:
        """The format; and why there is no sound, if there is none."""
        start = AudioStart(SAMPLE_RATE, 2, 1).event()
        return [start] if self._state is None else [start, self._state]

    def received(self, event: Event) -> None:
        """A listener of sound has nothing to ask for."""

    def run(self, send: Callable[[Message], None]) -> None:
        """The sound comes from the page, and not from a thread."""

    def stop(self) -> None:
        """There is no thread to stop."""

    def _offer(self, message: Message) -> None:
        if self._client is not None:
            self._client.offer(message, encode(message.event))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # One game has this microphone: whoever else finds the socket is refused, also another visitor's game of the same user.
        if self._client is not None or refusal(writer.get_extra_info("socket")) is not None:
            writer.close()
            return
        client = Client(writer, self, None, raw=False, on_proven=lambda _: None, on_ping=self._ping)
        self._client = client
        try:
            client.greet()
            await client.serve(reader)
        except (OSError, WireError):
            pass  # the game opens its source again
        finally:
            self._client = None
            self._pings.clear()
            client.close()

    def _ping(self, text: str) -> None:
        if self.relay_ping is not None:
            self._pings.append(text)
            self.relay_ping(text)


def _state(name: str) -> Event:
    return Event(SOURCE_STATE, {"state": "lost", "message": texts()[f"game_{name}"]})
