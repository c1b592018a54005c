"""The server: listens, keeps track of visitors, and shuts down in order."""

from __future__ import annotations

import asyncio
import socket
from typing import Unpack

import asyncssh

from voicetrail.errors import RemoteError
from voicetrail.host.connection import KEX, Gate, GateProtocol, VisitorConnection
from voicetrail.host.keys import HostKey
from voicetrail.host.login import VisitorLogin
from voicetrail.host.state import HostOptions, HostState
from voicetrail.text import printable
from voicetrail.visitors.event_log import EventLog
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import VisitorLimits

KEEPALIVE_S, KEEPALIVES = 15, 3
"""A visitor whose ssh does not answer for so long is gone."""
BACKLOG = 128
ENDS_WITHIN_S = 15.0
"""Seconds that all games together are given to close their files, once they have to end."""


class HostServer(HostState):
    """Lets visitors in, each to a game of its own. Used in one asyncio loop.

    Args:
        host_key: the host's own key.
        limits: what visitors may use.
        homes: makes the visitors' folders.
        log: gets the events.
        options: further arguments of ``HostState``.
    """

    def __init__(
        self, host_key: HostKey, limits: VisitorLimits, homes: VisitorHomes, log: EventLog, **options: Unpack[HostOptions]
    ) -> None:
        super().__init__(limits, homes, log, **options)
        self._host_key = host_key
        self._gate = Gate(lambda address, reason: log.write("refused", address=address, reason=reason))
        self._connections: set[VisitorConnection] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        """The port it listens at, once it does."""

    async def start(self, bind: str, port: int) -> None:
        """Listen.

        Args:
            bind: an address of this machine; empty for all.
            port: 0 lets the system choose.

        Raises:
            RemoteError: the address is taken, or none of this machine's.
        """
        asyncssh.set_log_level("CRITICAL")  # what visitors send does not reach the terminal
        options = asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: VisitorLogin(self),
            server_host_keys=[self._host_key],
            server_version="voicetrail-host",
            encoding=None,
            line_editor=False,
            x11_forwarding=False,
            agent_forwarding=False,
            allow_scp=False,
            gss_host=None,
            gss_kex=False,
            gss_auth=False,
            host_based_auth=False,
            compression_algs=["none"],
            kex_algs=list(KEX),
            login_timeout=0,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVES,
        )
        loop = asyncio.get_running_loop()

        def make() -> VisitorConnection:
            connection = VisitorConnection(loop, options)
            connection.bind(self._gate, self.limits.login_s, self._ended)
            self._connections.add(connection)
            return connection

        listening = listen(bind, port)
        self._server = await loop.create_server(lambda: GateProtocol(self._gate, make), sock=listening, backlog=BACKLOG)
        self.port = listening.getsockname()[1]

    @property
    def connections(self) -> int:
        """Connections that are open, with a game or without."""
        return len(self._connections)

    async def close(self, within_s: float | None = None) -> None:
        """Let nobody in any more, let rounds end, and end everything; safe to call twice.

        Args:
            within_s: seconds that rounds may go on for; the limits' when not given.
        """
        self.admission.closing = True
        if self._server is not None:
            self._server.close()
        within_s = self.limits.closing_s if within_s is None else within_s
        for connection in tuple(self._connections):
            if not connection.entered:
                connection.abort()
        await asyncio.gather(*(visitor.close_within(within_s) for visitor in self.visitors), return_exceptions=True)
        if tasks := self.tasks:
            await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
        for connection in tuple(self._connections):
            connection.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for connection in tuple(self._connections):
            connection.abort()
        if self.scores is not None:
            await self.scores.close()
        if self.recognizer is not None:
            await self.recognizer.close()

    def _ended(self, connection: VisitorConnection) -> None:
        self._connections.discard(connection)
        if connection.late:
            self.log.write("late", address=connection.address)


def listen(bind: str, port: int) -> socket.socket:
    """Listen at an address of this machine; ``::`` takes IPv4 too, where the system can.

    Raises:
        RemoteError: the address is taken, or none of this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise RemoteError(f"cannot listen at {printable(bind) or 'any address'}, port {port}: {printable(why, 80)}") from None
    listening.setblocking(False)
    return listening
