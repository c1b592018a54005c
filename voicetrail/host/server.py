"""The SSH server: listening, and an orderly shutdown."""

from __future__ import annotations

import asyncio
import socket
from typing import Unpack

import asyncssh

from voicetrail.errors import RemoteError, reason_of
from voicetrail.host.connection import KEX, Gate, GateProtocol, VisitorConnection
from voicetrail.host.keys import HostKey
from voicetrail.host.login import VisitorLogin
from voicetrail.host.state import HostOptions, HostState
from voicetrail.text import printable
from voicetrail.visitors.event_log import EventLog
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import VisitorLimits

KEEPALIVE_S, KEEPALIVES = 15, 3
"""Interval of keepalive messages in s, and the number of unanswered ones after which a connection is closed."""
BACKLOG = 128
ENDS_WITHIN_S = 15.0
"""Maximum time for all games to close their files at shutdown, in s."""


class HostServer(HostState):
    """Gives each visitor a game. Must be used in one asyncio loop.

    Args:
        host_key: the host key.
        limits: the limits for visitors.
        homes: creates the visitors' folders.
        log: the event log.
        options: more arguments of ``HostState``.
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
        """The port, once the server listens."""

    async def start(self, bind: str, port: int) -> None:
        """Listen.

        Args:
            bind: an address of this machine; empty for all addresses.
            port: the port; 0 lets the system choose.

        Raises:
            RemoteError: the address is in use, or does not belong to this machine.
        """
        asyncssh.set_log_level("CRITICAL")  # data of visitors must not reach the terminal
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
        """Number of open connections, with or without a game."""
        return len(self._connections)

    async def close(self, within_s: float | None = None) -> None:
        """Admit no more visitors, wait for rounds to end, and close everything; safe to call twice.

        Args:
            within_s: maximum time for rounds to end, in s; ``None`` uses the limits.
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
    """Open a listening socket; ``::`` also accepts IPv4 if the system supports it.

    Raises:
        RemoteError: the address is in use, or does not belong to this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except (OSError, OverflowError, UnicodeError) as error:
        why = reason_of(error)
        raise RemoteError(f"cannot listen on {printable(bind) or 'any address'}, port {port}: {printable(why, 80)}") from None
    listening.setblocking(False)
    return listening
