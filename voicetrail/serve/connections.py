"""Connections of the server: how many there may be, and how long one may take to send its request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

MOST_CONNECTIONS = 256
"""Connections at once; a further one is closed at once."""
HEAD_TIME_S = 5.0
"""Seconds in which a new connection has to send the whole head of its first request."""


class Connections:
    """Counts connections, and closes those that send nothing.

    Args:
        most: connections at once.
        head_time_s: seconds for the head of the first request.
    """

    def __init__(self, most: int = MOST_CONNECTIONS, head_time_s: float = HEAD_TIME_S) -> None:
        self.most = most
        self.head_time_s = head_time_s
        self._open: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._open)

    def arrived(self, request: web.Request) -> None:
        """A request has come whole; aiohttp itself looks after the connection from here on."""
        if request.transport is not None and (timer := self._open.get(request.transport)) is not None:
            timer.cancel()

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """A connection is there."""
        full = len(self._open) >= self.most
        loop = asyncio.get_running_loop()
        abort = getattr(transport, "abort", transport.close)
        self._open[transport] = loop.call_later(0 if full else self.head_time_s, abort)

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """A connection has ended."""
        if (timer := self._open.pop(transport, None)) is not None:
            timer.cancel()

    def watch(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Make protocols whose connections are counted and timed, of those that a factory makes."""
        return lambda: _Watched(factory(), self)


class _Watched(asyncio.Protocol):
    """Passes everything on to another protocol."""

    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        self._inner = inner
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None
        self.data_received = inner.data_received  # type: ignore[method-assign]
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.opened(transport)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.closed(self._transport)
        self._inner.connection_lost(exc)
