"""A page's microphone as a source of sound: a private Unix socket with the protocol of ``link`` for the page's game.

The bridge does not change the sound. Its timestamps follow the page's clock, and pings of the game are forwarded to the page. So the
age and the delay of the sound are measured over the whole path, by the same code as for other remote microphones.
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
"""Maximum number of pings that wait for the page's answer; the oldest ones are dropped."""
STATES = frozenset({"none", "refused", "missing", "busy", "insecure", "ended", "elsewhere", "hidden", "muted", "off", "gone"})
"""States of a microphone that a page can report; the game shows the text ``game_`` + state."""


class MicrophoneBridge:
    """Forwards the sound of a page to the page's game.

    Everything runs in the server's event loop.

    Args:
        path: path of the Unix socket for the game, in a folder that only this user can access.
        relay_ping: forwards a ping to the page; ``None`` while no microphone is connected.
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
        """Listen on the socket, which only this user can open."""
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
        """Stop listening, disconnect the game, and remove the socket."""
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            self._client.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    # Messages from the page

    def connected(self, relay_ping: Callable[[str], None]) -> None:
        """Start a new connection of the microphone, with its own chunk numbers and clock."""
        self._order, self._clock = ChunkOrder(), DelayEstimator()
        self._pings.clear()
        self.relay_ping = relay_ping

    def disconnected(self, relay_ping: Callable[[str], None]) -> None:
        """End a connection of the microphone; ignored if a newer connection has replaced it."""
        if self.relay_ping == relay_ping:
            self.relay_ping = None
            self.report("gone")

    def take(self, message: bytes) -> None:
        """Process a chunk of sound.

        Raises:
            SoundError: the message is not a chunk; see ``sound_format``.
        """
        now = time.monotonic()
        chunk = decode_chunk(message)
        lost = self._order.take(chunk, now)
        if self._state is not None:
            self.report("on")
        # Converted to this machine's clock, except for the minimum delay, because the page's clock restarts with each load.
        captured = now - self._clock.waited(chunk.stamp_ms / 1000, now)
        event = AudioChunk(SAMPLE_RATE, 2, 1, chunk.samples, round(captured * 1000)).event()
        if lost:
            event.data["lost"] = lost
        self._offer(Message(event, len(chunk.samples) // 2, captured))

    def report(self, state: str) -> None:
        """Report the state of the page's microphone: ``on``, or one of ``STATES``."""
        event = None if state == "on" else _state(state)
        if (event is None) == (self._state is None) and (event is None or event == self._state):
            return
        self._state = event
        self._offer(Message(event if event is not None else Event(SOURCE_STATE, {"state": "back"})))

    def pong(self, text: str) -> None:
        """Process the page's answer to a ping; an answer without a ping is ignored."""
        while self._pings and text in self._pings:
            if self._pings.popleft() == text and self._client is not None:
                self._client.pong(text)
                return

    # The feed for the game's connection

    def first_events(self) -> list[Event]:
        """Return the sound format, and the reason if there is no sound."""
        start = AudioStart(SAMPLE_RATE, 2, 1).event()
        return [start] if self._state is None else [start, self._state]

    def received(self, event: Event) -> None:
        """Ignore messages of the game; a listener of sound sends no requests."""

    def run(self, send: Callable[[Message], None]) -> None:
        """Do nothing: the sound comes from the page and not from a thread."""

    def stop(self) -> None:
        """Do nothing: there is no thread to stop."""

    def _offer(self, message: Message) -> None:
        if self._client is not None:
            self._client.offer(message, encode(message.event))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Only one game can use this microphone; any other client is refused, including other games of the same user.
        if self._client is not None or refusal(writer.get_extra_info("socket")) is not None:
            writer.close()
            return
        client = Client(writer, self, None, raw=False, on_proven=lambda _: None, on_ping=self._ping)
        self._client = client
        try:
            client.greet()
            await client.serve(reader)
        except (OSError, WireError):
            pass  # the game will reopen its source
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
