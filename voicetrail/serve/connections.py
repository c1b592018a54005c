"""Limits of the server's connections: their number, and the time to send a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

MOST_CONNECTIONS = 256
"""Maximum number of connections; others are closed immediately."""
HEAD_TIME_S = 5.0
"""Maximum time for the complete head of the first request, in s."""


class Connections:
    """Counts connections, and closes those that send no request.

    Args:
        most: maximum number of connections.
        head_time_s: maximum time for the head of the first request.
    """

    def __init__(self, most: int = MOST_CONNECTIONS, head_time_s: float = HEAD_TIME_S) -> None:
        self.most = most
        self.head_time_s = head_time_s
        self._open: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._open)

    def arrived(self, request: web.Request) -> None:
        """Record a complete request; from then on aiohttp handles the timeouts of the connection."""
        if request.transport is not None and (timer := self._open.get(request.transport)) is not None:
            timer.cancel()

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Record a new connection."""
        full = len(self._open) >= self.most
        loop = asyncio.get_running_loop()
        abort = getattr(transport, "abort", transport.close)
        self._open[transport] = loop.call_later(0 if full else self.head_time_s, abort)

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Record the end of a connection."""
        if (timer := self._open.pop(transport, None)) is not None:
            timer.cancel()

    def watch(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Wrap a factory of protocols so that their connections are counted and timed."""
        return lambda: _Watched(factory(), self)


class _Watched(asyncio.Protocol):
    """Forwards everything to another protocol."""

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
