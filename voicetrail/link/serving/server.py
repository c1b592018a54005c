"""The server: offers a microphone (or a recognizer's words) on loopback or on a private Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from voicetrail.errors import RemoteError
from voicetrail.link.address import Address
from voicetrail.link.delay import TokenBucket
from voicetrail.link.owner import is_loopback, knows_owners, plain_address, refusal
from voicetrail.link.serving.client import Client, Feed, Message
from voicetrail.link.unix_socket import ListeningSocket
from voicetrail.link.wire import WireError, encode
from voicetrail.text import printable

__all__ = ["Feed", "LinkServer", "Message"]

CLIENTS = 8
"""Most clients at once; a further one replaces the oldest."""
UNPROVEN = 64
"""Most connections at once that have not yet shown that they know the secret; a further one replaces the oldest."""
READ_LIMIT = 8 * 1024
"""Bytes of a client that wait to be read."""
PROBLEMS_PER_SECOND, PROBLEMS_IN_HAND = 0.2, 5
"""Messages about refused or disconnected clients: a client that keeps connecting cannot fill the terminal."""
JOIN_S = 5.0
"""Longest wait in s for a thread at ``close``."""


class LinkServer:
    """Serves a feed to every client that is allowed to have it.

    A client must run as the same user (or root) or, where a secret is given, prove that it knows the secret. Where the system
    does not say which user a connection belongs to, a secret is required. Clients that have not proven it yet share a small
    pool and have little time, so that they cannot keep out the others.

    Args:
        feed: what to serve.
        address: where to listen: TCP on loopback, or a Unix socket that only this user can use.
        secret: what a client must know; ``None`` requires nothing but the same user.
        on_client: called with the number of clients that are served when it changes, from the server's thread.
        on_problem: called with a line about a client that was refused or disconnected, from the server's thread.

    Raises (from ``start``):
        RemoteError: the address is not this machine's own, is taken, cannot be made, or needs a secret.
    """

    def __init__(
        self,
        feed: Feed,
        address: Address,
        *,
        secret: bytes | None = None,
        on_client: Callable[[int], None] | None = None,
        on_problem: Callable[[str], None] | None = None,
    ) -> None:
        self.feed = feed
        self.address = address
        self.secret = secret
        """What a client must know; may be changed for later clients."""
        self.failure: Exception | None = None
        """Why the feed failed, if it did."""
        self._on_client = on_client
        self._on_problem = on_problem
        self._problems = TokenBucket(PROBLEMS_PER_SECOND, PROBLEMS_IN_HAND)
        self._socket: socket.socket | None = None
        self._unix: ListeningSocket | None = None
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        # In the order in which they came.
        self._clients: list[Client] = []
        self._unproven: list[Client] = []
        self._owners = ThreadPoolExecutor(1, "voicetrail-owners")
        self._asked = 0
        """Connections whose owner is being looked up."""
        self._threads = [
            threading.Thread(target=self._serve, name="voicetrail-server", daemon=True),
            threading.Thread(target=self._feed, name="voicetrail-feed", daemon=True),
        ]

    def start(self) -> None:
        """Listen, and begin to serve."""
        if self.address.content == "pcm" and self.secret is not None:
            raise RemoteError("raw sound has no handshake to check a secret: serve tcp:// or unix:// instead")
        if self.address.transport == "tcp" and self.secret is None and not knows_owners():
            raise RemoteError("this system does not say which user a TCP connection belongs to: use --secret FILE, or unix://")
        self._socket = self._listen()
        if self.address.transport == "tcp":
            self.address = replace(self.address, port=self.port)
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """Whether the feed has ended."""
        return not self._threads[1].is_alive()

    @property
    def port(self) -> int:
        """The TCP port it listens on; chosen by the system where the address has port 0."""
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
            self._loop.call_soon_threadsafe(self._closing.set)
        for thread in self._threads:
            thread.join(JOIN_S)
        self._owners.shutdown(wait=False, cancel_futures=True)
        if self._unix is not None:
            self._unix.remove()

    def _listen(self) -> socket.socket:
        address = self.address
        try:
            if address.transport == "tcp":
                if not is_loopback(address.host):
                    raise RemoteError(
                        f"{address} would let other machines listen: serve 127.0.0.1 or unix:// instead, and forward it with ssh"
                    )
                host = "127.0.0.1" if address.host == "localhost" else str(plain_address(address.host))
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                return socket.create_server((host, address.port), family=family, backlog=UNPROVEN)
            self._unix = ListeningSocket(Path(address.path), str(address), UNPROVEN)
            return self._unix.socket
        except OSError as error:
            raise RemoteError(f"cannot serve {address}: {error.strerror or printable(error)}") from None

    def _feed(self) -> None:
        try:
            self.feed.run(self._send)
        except Exception as error:
            # A source that fails (a damaged file) is reported by the caller that started the server.
            self.failure = error
        finally:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._disconnect_all)

    def _send(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # closed between two blocks
            self._loop.call_soon_threadsafe(self._broadcast, message)

    def _broadcast(self, message: Message) -> None:
        data = encode(message.event)
        for client in list(self._clients):
            client.offer(message, data)

    def _disconnect_all(self) -> None:
        for client in [*self._clients, *self._unproven]:
            client.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._on_loop_error)
        try:
            self._loop.run_until_complete(self._serve_until_closed())
        finally:
            self._loop.close()

    async def _serve_until_closed(self) -> None:
        assert self._socket is not None
        self._socket.setblocking(False)
        start = asyncio.start_server if self.address.transport == "tcp" else asyncio.start_unix_server
        server = await start(self._connected, sock=self._socket, limit=READ_LIMIT)
        await self._closing.wait()
        server.close()
        self._disconnect_all()  # each client's task ends with its connection
        if clients := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(clients, timeout=1)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.address.transport == "tcp":
            # Else a block may wait for the next one, until the one before is acknowledged (Nagle). asyncio sees to it only where
            # the listening socket names its protocol, which that of ``socket.create_server`` does not.
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A secret proves more than the owner does, without reading the system's tables.
        reason = None if self.secret is not None else await self._refusal(writer.get_extra_info("socket"))
        if reason is not None:
            self._problem(reason)
            writer.close()
            return
        client = Client(writer, self.feed, self.secret, raw=self.address.content == "pcm", on_proven=self._proven)
        if client.proven:
            self._admit(client)
        else:
            if len(self._unproven) >= UNPROVEN:
                self._unproven.pop(0).close()
            self._unproven.append(client)
        try:
            client.greet()
            await client.serve(reader)
        except TimeoutError:
            self._problem("a client was disconnected: it did not prove that it knows the secret")
        except OSError:
            pass  # the connection broke
        except WireError as error:
            self._problem(f"a client was disconnected: it sent {error}")
        except Exception as error:
            # Whatever a client sends, only its own connection ends.
            self._problem(f"a client was disconnected ({type(error).__name__}: {printable(error, 80)})")
        finally:
            self._forget(client)
            client.close()

    async def _refusal(self, connection: socket.socket) -> str | None:
        """Look up who has connected, outside the loop: many connections at once must not delay the sound."""
        if self._asked >= UNPROVEN:
            return "a connection was refused: too many at once"
        self._asked += 1
        try:
            return await self._loop.run_in_executor(self._owners, refusal, connection)
        finally:
            self._asked -= 1

    def _proven(self, client: Client) -> None:
        if client in self._unproven:
            self._unproven.remove(client)
            self._admit(client)

    def _admit(self, client: Client) -> None:
        if len(self._clients) >= CLIENTS:
            self._clients.pop(0).close()
        self._clients.append(client)
        self._count()

    def _forget(self, client: Client) -> None:
        if client in self._unproven:
            self._unproven.remove(client)
        elif client in self._clients:
            self._clients.remove(client)
            self._count()

    def _count(self) -> None:
        if self._on_client is not None:
            self._on_client(len(self._clients))

    def _problem(self, text: str) -> None:
        if self._on_problem is not None and self._problems.take(1, time.monotonic()):
            self._on_problem(text)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._problem(f"a connection failed ({printable(context.get('exception') or context.get('message'), 120)})")
