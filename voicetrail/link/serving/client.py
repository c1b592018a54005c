"""One client of the server: its handshake, its requests, and how much may be queued for it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from wyoming.event import Event
from wyoming.ping import Ping, Pong

from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import (
    HELLO,
    NONCE_LIMIT,
    PROOF,
    PROTOCOL,
    EventDecoder,
    WireError,
    encode,
    number,
    proof,
    same_proof,
    text,
)
from voicetrail.text import printable

PROOF_TIME_S = 1.0
"""Seconds within which a client must show that it knows the secret."""
UNSENT_SOUND_LIMIT = 32 * 1024
"""Bytes of sound (a second) that may be queued for one client; further sound is dropped for it, and counted."""
BEHIND_LIMIT_S = 2.5
"""Seconds of sound on the way to a client that acknowledges; more would only arrive too late."""
UNSENT_LIMIT = 64 * 1024
"""Bytes that may be queued for a client before it is disconnected."""
BYTES_PER_SECOND, BYTES_IN_HAND = 4 * 1024, 64 * 1024
"""Bytes that a client may send: pings and settings need far fewer."""
UNPROVEN_BYTES_LIMIT = 1024
"""Bytes that a client may send before its proof, and with it."""
DATA_LIMIT = 8 * 1024
"""Bytes of data behind the header of a client's event."""
STAMP_LIMIT_MS = 1e15
"""Largest stamp that a client may acknowledge."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way to every client."""

    event: Event
    samples: int = 0
    """Samples in it, if it is sound, which may be dropped for a client that is slow."""
    stamp: float = 0.0
    """Sender's clock at its last sample, in s."""


class Feed(Protocol):
    """What is served."""

    @property
    def content(self) -> Literal["sound", "words"]:
        """What it is."""
        ...

    name: str

    def run(self, send: Callable[[Message], None]) -> None:
        """Send messages until ``stop`` is called or there are no more. Runs in its own thread."""
        ...

    def stop(self) -> None:
        """Ask ``run`` to end; called from any thread."""
        ...

    def first_events(self) -> list[Event]:
        """What a new client must know first. Called from the server's thread, as ``received`` is."""
        ...

    def received(self, event: Event) -> None:
        """A client sent something. A ``WireError`` closes its connection."""
        ...


class Client:
    """One connection of the server. Everything here runs in the server's thread.

    Args:
        writer: its connection.
        feed: what it is sent, once it may have it.
        secret: what it has to prove that it knows; ``None`` for nothing.
        raw: it is sent bare samples, and nothing else.
        on_proven: called when it has proven that it knows the secret.
        on_ping: called with the text of a ping, where the sound comes from further away; ``pong`` then gives the answer.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        feed: Feed,
        secret: bytes | None,
        *,
        raw: bool,
        on_proven: Callable[[Client], None],
        on_ping: Callable[[str], None] | None = None,
    ) -> None:
        self._writer = writer
        self._feed = feed
        self._secret = secret
        self._raw = raw
        self._on_proven = on_proven
        self._on_ping = on_ping
        self._nonce = secrets.token_hex(16)
        self.proven = secret is None
        """It may receive what is served."""
        self._acknowledged: float | None = None
        self._sent = 0.0
        self._lost = 0

    def greet(self) -> None:
        """Send the hello; a client that has nothing to prove also gets what is served."""
        if self._raw:
            return
        if self.proven:
            self._write(Event(HELLO, {"protocol": PROTOCOL, "nonce": self._nonce, "secret": False, **self._about()}))
            self._welcome()
        else:
            # Nothing but what is needed for the proof: not what is served, nor its name.
            self._write(Event(HELLO, {"protocol": PROTOCOL, "nonce": self._nonce, "secret": True}))

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer what the client sends until it disconnects.

        Raises:
            WireError: it sent something invalid, or too much.
            TimeoutError: it did not show in time that it knows the secret.
        """
        decoder = EventDecoder(payload_limit=0, data_limit=DATA_LIMIT)
        bucket = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND)
        deadline = time.monotonic() + PROOF_TIME_S
        unproven_bytes = 0
        while True:
            left = None if self.proven else max(0.0, deadline - time.monotonic())
            data = await asyncio.wait_for(reader.read(4096), left)
            if not data:
                return
            if not self.proven:
                unproven_bytes += len(data)
            if unproven_bytes > UNPROVEN_BYTES_LIMIT or bucket.spend(len(data), time.monotonic()):
                raise WireError("more than a client has to send")
            if not self._raw:
                for event in decoder.feed(data):
                    self._answer(event)

    def offer(self, message: Message, data: bytes) -> None:
        """Send a message, if this client can take it."""
        if self._writer.is_closing():
            return
        waiting = self._writer.transport.get_write_buffer_size()
        if message.samples:
            behind = 0.0 if self._acknowledged is None else self._sent - self._acknowledged
            if waiting > UNSENT_SOUND_LIMIT or behind > BEHIND_LIMIT_S:
                self._lost += message.samples + message.event.data.get("lost", 0)
                return
            if self._raw:
                data = message.event.payload or b""
            elif self._lost:
                lost = self._lost + message.event.data.get("lost", 0)
                data = encode(Event(message.event.type, {**message.event.data, "lost": lost}, message.event.payload))
                self._lost = 0
            self._sent = message.stamp
            self._writer.write(data)
        elif waiting > UNSENT_LIMIT:
            self.close()
        elif not self._raw:
            self._writer.write(data)

    def close(self) -> None:
        """End the connection without waiting for what was not sent."""
        if not self._writer.is_closing():
            self._writer.transport.abort() if self._writer.transport.get_write_buffer_size() else self._writer.close()

    def _answer(self, event: Event) -> None:
        if not self.proven:
            if event.type == PROOF:
                self._check_proof(event)
        elif Ping.is_type(event.type):
            # No more pongs than the client reads.
            if self._writer.transport.get_write_buffer_size() > UNSENT_LIMIT:
                raise WireError("pings without reading the answers")
            self._ping(printable(event.data.get("text", ""), 32))
            if event.data.get("received") is not None:
                self._acknowledged = number(event.data, "received", -STAMP_LIMIT_MS, STAMP_LIMIT_MS) / 1000
        else:
            self._feed.received(event)

    def pong(self, text: str) -> None:
        """Answer a ping that ``on_ping`` was called with."""
        if not self._writer.is_closing():
            self._write(Pong(text=text).event())

    def _ping(self, text: str) -> None:
        if self._on_ping is None:
            self.pong(text)
        else:
            self._on_ping(text)

    def _check_proof(self, event: Event) -> None:
        assert self._secret is not None
        nonce = text(event.data, "nonce", NONCE_LIMIT)
        if not same_proof(event.data.get("proof"), proof(self._secret, "game", nonce, self._nonce)):
            raise WireError("a wrong proof of the secret")
        own = proof(self._secret, "mic", self._nonce, nonce)
        self.proven = True
        self._write(Event(PROOF, {"proof": own, **self._about()}))
        self._on_proven(self)
        self._welcome()

    def _about(self) -> dict[str, str]:
        return {"content": self._feed.content, "name": printable(self._feed.name, 60)}

    def _welcome(self) -> None:
        for event in self._feed.first_events():
            self._write(event)

    def _write(self, event: Event) -> None:
        self._writer.write(encode(event))
