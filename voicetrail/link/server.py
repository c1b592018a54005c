"""The sending end of a line: a microphone (or a recognizer's words) served on loopback or on a private Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from wyoming.event import Event
from wyoming.ping import Ping, Pong

from voicetrail.errors import RemoteError
from voicetrail.link.address import Address, is_loopback, peer_owner, trusted
from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import HELLO, PROOF, PROTOCOL, EventDecoder, WireError, encode, proof, same_proof
from voicetrail.text import printable

CLIENTS = 4
"""Connections at once; further ones are closed at once."""
PROVE_WITHIN = 5.0
"""Seconds in which a client has to show that it knows the secret."""
UNSENT_LIMIT = 32 * 1024
"""Bytes of sound (a second) that may wait for one client; what comes then is dropped for it, and counted."""
BEHIND_LIMIT = 2.5
"""Seconds of sound on the way to a client that acknowledges; more would only arrive too late."""
UNSENT_WORDS_LIMIT = 64 * 1024
"""Bytes of anything that may wait for a client before it is taken for dead."""
ASKS_A_SECOND = 4 * 1024
ASKS_IN_HAND = 64 * 1024
"""Bytes that a client may send: pings and settings need far fewer."""


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
        """Give out messages until ``stop`` is called or there are no more. Runs in a thread of its own."""
        ...

    def stop(self) -> None:
        """Ask ``run`` to end; called from any thread."""
        ...

    def handshake(self) -> list[Event]:
        """What a new client has to know first. Called from the server's thread, as is ``received``."""
        ...

    def received(self, event: Event) -> None:
        """A client sent something. A ``WireError`` closes its connection."""
        ...


class LinkServer:
    """Serves a feed to whoever connects and may.

    Args:
        feed: what to serve.
        address: where to listen: TCP on loopback, or a Unix socket that only this user can use.
        secret: what a client must know; ``None`` asks for nothing but the same user.
        on_client: called with the number of clients when it changes, from the server's thread.

    Raises (from ``start``):
        RemoteError: the address is not this machine's own, is taken, or cannot be made.
    """

    def __init__(
        self, feed: Feed, address: Address, *, secret: bytes | None = None, on_client: Callable[[int], None] | None = None
    ) -> None:
        self.feed = feed
        self.address = address
        self.secret = secret
        """What a client must know; may be changed for the clients to come."""
        self._on_client = on_client
        self._socket: socket.socket | None = None
        self._made: os.stat_result | None = None
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._clients: set[_Client] = set()
        self._threads = [
            threading.Thread(target=self._serve, name="voicetrail-server", daemon=True),
            threading.Thread(target=self._feed, name="voicetrail-feed", daemon=True),
        ]

    def start(self) -> None:
        """Listen, and begin to serve."""
        if self.address.content == "pcm" and self.secret is not None:
            raise RemoteError("raw sound has no way to ask for a secret: serve tcp:// or unix://, or leave the secret out")
        self._socket = self._listen()
        if self.address.transport == "tcp":
            self.address = replace(self.address, port=self.port)
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """Whether the feed has come to its end."""
        return not self._threads[1].is_alive()

    @property
    def port(self) -> int:
        """The TCP port it listens at; the system chose it where the address has port 0."""
        assert self._socket is not None
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop serving, close every connection, remove the socket; safe to call twice."""
        if self._closed or self._socket is None:
            return
        self._closed = True
        self.feed.stop()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join(5)
        self._remove_socket()

    def _listen(self) -> socket.socket:
        address = self.address
        try:
            if address.transport == "tcp":
                if not is_loopback(address.host):
                    raise RemoteError(
                        f"{address} would let other machines listen in: serve 127.0.0.1 or unix://, and let ssh carry it"
                    )
                family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
                return socket.create_server((address.host, address.port), family=family, backlog=CLIENTS)
            return self._listen_unix(Path(address.path))
        except OSError as error:
            raise RemoteError(f"cannot serve {address}: {error.strerror or printable(error)}") from None

    def _listen_unix(self, path: Path) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise RemoteError(f"cannot serve {self.address}: something that is no socket is there")
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.settimeout(1)
                probe.connect(str(path))
                raise RemoteError(f"{self.address} is served already: stop the other program, or take another path")
            path.unlink()
        server = socket.socket(socket.AF_UNIX)
        old_mask = os.umask(0o177)
        try:
            server.bind(str(path))
        except OSError:
            server.close()
            raise
        finally:
            os.umask(old_mask)
        self._made = path.lstat()
        server.listen(CLIENTS)
        return server

    def _remove_socket(self) -> None:
        """Remove the socket's file, unless another program has put its own there meanwhile."""
        if self._made is None:
            return
        path = Path(self.address.path)
        with contextlib.suppress(FileNotFoundError):
            there = path.lstat()
            if (there.st_dev, there.st_ino) == (self._made.st_dev, self._made.st_ino):
                path.unlink()

    def _feed(self) -> None:
        try:
            self.feed.run(self._send)
        finally:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._finish)

    def _send(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # closed between two blocks
            self._loop.call_soon_threadsafe(self._broadcast, message)

    def _broadcast(self, message: Message) -> None:
        data = encode(message.event)
        for client in list(self._clients):
            client.offer(message, data)

    def _finish(self) -> None:
        for client in list(self._clients):
            client.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        assert self._socket is not None
        try:
            self._socket.setblocking(False)
            start = asyncio.start_server if self.address.transport == "tcp" else asyncio.start_unix_server
            server = self._loop.run_until_complete(start(self._client, sock=self._socket))
            self._loop.run_forever()
            server.close()
            self._finish()  # each client's task ends with its connection
            if tasks := asyncio.all_tasks(self._loop):
                self._loop.run_until_complete(asyncio.wait(tasks, timeout=1))
        finally:
            self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        if len(self._clients) >= CLIENTS or not trusted(_owner(connection)):
            writer.close()
            return
        client = _Client(writer, self.feed, self.secret, raw=self.address.content == "pcm")
        self._clients.add(client)
        self._changed()
        try:
            client.greet()
            await client.attend(reader)
        except (OSError, WireError):
            pass  # the connection is of no use any more, whatever was wrong with it
        finally:
            self._clients.discard(client)
            self._changed()
            client.close()

    def _changed(self) -> None:
        if self._on_client is not None:
            self._on_client(len(self._clients))


def _owner(connection: socket.socket) -> int | None:
    try:
        return peer_owner(connection)
    except OSError:
        return None


class _Client:
    """One connection of the server. Everything here runs in the server's thread."""

    def __init__(self, writer: asyncio.StreamWriter, feed: Feed, secret: bytes | None, *, raw: bool) -> None:
        self._writer = writer
        self._feed = feed
        self._secret = secret
        self._raw = raw
        self._nonce = secrets.token_hex(16)
        self._proven = secret is None
        self._acknowledged: float | None = None
        self._sent = 0.0
        self._lost = 0

    def greet(self) -> None:
        """Say hello; to who needs no secret, also what comes first."""
        if self._raw:
            return
        data = {
            "protocol": PROTOCOL,
            "content": self._feed.content,
            "name": self._feed.name,
            "nonce": self._nonce,
            "secret": not self._proven,
        }
        self._write(Event(HELLO, data))
        if self._proven:
            self._welcome()

    async def attend(self, reader: asyncio.StreamReader) -> None:
        """Answer what the client sends until it goes."""
        decoder = EventDecoder(payload_limit=0)
        allowance = TokenBucket(ASKS_A_SECOND, ASKS_IN_HAND)
        began = time.monotonic()
        while True:
            left = None if self._proven else max(0.0, began + PROVE_WITHIN - time.monotonic())
            data = await asyncio.wait_for(reader.read(4096), left)
            if not data:
                return
            if allowance.spend(len(data), time.monotonic()):
                raise WireError("more than a client has to say")
            if not self._raw:
                for event in decoder.feed(data):
                    self._answer(event)

    def offer(self, message: Message, data: bytes) -> None:
        """Send a message, if this client may have it and can take it."""
        if not self._proven or self._writer.is_closing():
            return
        waiting = self._writer.transport.get_write_buffer_size()
        if message.samples:
            behind = 0.0 if self._acknowledged is None else self._sent - self._acknowledged
            if waiting > UNSENT_LIMIT or behind > BEHIND_LIMIT:
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
        elif waiting > UNSENT_WORDS_LIMIT:
            self.close()
        elif not self._raw:
            self._writer.write(data)

    def close(self) -> None:
        """End the connection without waiting for what was not sent."""
        if not self._writer.is_closing():
            self._writer.transport.abort() if self._writer.transport.get_write_buffer_size() else self._writer.close()

    def _answer(self, event: Event) -> None:
        if event.type == PROOF and self._secret is not None and not self._proven:
            nonce = event.data.get("nonce")
            if not isinstance(nonce, str) or len(nonce) > 128:
                raise WireError("no nonce")
            if not same_proof(event.data.get("proof"), proof(self._secret, "game", nonce, self._nonce)):
                raise WireError("a wrong proof")
            self._write(Event(PROOF, {"proof": proof(self._secret, "mic", self._nonce, nonce)}))
            self._proven = True
            self._welcome()
        elif not self._proven:
            return
        elif Ping.is_type(event.type):
            self._write(Pong(text=printable(event.data.get("text", ""), 32)).event())
            received = event.data.get("received")
            if isinstance(received, int | float) and not isinstance(received, bool):
                self._acknowledged = received / 1000
        else:
            self._feed.received(event)

    def _welcome(self) -> None:
        for event in self._feed.handshake():
            self._write(event)

    def _write(self, event: Event) -> None:
        self._writer.write(encode(event))
