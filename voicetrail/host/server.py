"""The server: listens, keeps who is here, and closes in an orderly way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import asyncssh

from voicetrail.errors import RemoteError
from voicetrail.host.connection import KEX, Gate, GateProtocol, VisitorConnection
from voicetrail.host.keys import VisitorKeys, fingerprint
from voicetrail.host.session import VisitorLogin
from voicetrail.text import printable
from voicetrail.visitors.admission import Admission
from voicetrail.visitors.event_log import EventLog
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.visitor import Visitor

if TYPE_CHECKING:
    from voicetrail.recognizer_service import RecognizerService

KEEPALIVE_S, KEEPALIVES = 15, 3
"""A visitor whose ssh does not answer for so long is gone."""
BACKLOG = 128
ENDS_WITHIN_S = 15.0
"""Seconds that all games together are given to close their files, once they have to end."""


class ScoresDoor(Protocol):
    """Connects visitors' games with the host's scores."""

    def connect(self, name: str, key_fingerprint: str) -> socket.socket:
        """A visitor's end of a connection; the other is served until it closes.

        Args:
            name: what the visitor is called.
            key_fingerprint: of the visitor's key; empty for a guest.
        """
        ...

    async def close(self) -> None:
        """Keep what is under way, and end."""
        ...


class HostServer:
    """Lets visitors in, each to a game of its own. Used in one asyncio loop.

    Args:
        limits: what visitors may use.
        host_key: the host's own key.
        homes: makes the visitors' folders.
        log: gets the events.
        recognizer: hears the visitors; ``None`` lets them play by keys, or with their own recognizer.
        keys: visitors with a key; ``None`` without a file of keys.
        guests: let in who has no key, under any name that is nobody's.
        scores: the host's scores; ``None`` keeps none.
        command: another program in place of the game, for tests.
    """

    def __init__(
        self,
        limits: VisitorLimits,
        host_key: asyncssh.SSHKey,
        homes: VisitorHomes,
        log: EventLog,
        recognizer: RecognizerService | None,
        *,
        keys: VisitorKeys | None = None,
        guests: bool = True,
        scores: ScoresDoor | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self.limits = limits
        self.homes = homes
        self.log = log
        self.recognizer = recognizer
        self.keys = keys
        self.guests = guests
        self.command = command
        self.admission = Admission(limits)
        self._scores = scores
        self.host_key = host_key
        self._gate = Gate(lambda address, reason: log.write("refused", address=address, reason=reason))
        self._connections: set[VisitorConnection] = set()
        self._visitors: set[Visitor] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()

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
            server_host_keys=[self.host_key],
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

        try:
            self._server = await loop.create_server(lambda: GateProtocol(self._gate, make), bind or None, port, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or printable(error)
            raise RemoteError(f"cannot listen at {printable(bind) or 'any address'}, port {port}: {why}") from None

    @property
    def port(self) -> int:
        """The port it listens at."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def visitors(self) -> tuple[Visitor, ...]:
        """Everybody with a game."""
        return tuple(self._visitors)

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
        if tasks := tuple(self._tasks):
            await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
        for connection in tuple(self._connections):
            connection.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in tuple(self._connections):
            connection.abort()
        if self._scores is not None:
            await self._scores.close()
        if self.recognizer is not None:
            await self.recognizer.close()

    # What sessions use

    def keep(self, task: asyncio.Task[None]) -> None:
        """Keep a session's task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def came(self, visitor: Visitor) -> None:
        """A visitor has a game now."""
        self._visitors.add(visitor)

    def left(self, visitor: Visitor) -> None:
        """A visitor's game is over."""
        self._visitors.discard(visitor)

    def home_name(self, key: asyncssh.SSHKey | None) -> str:
        """The name of the home that is kept for a visitor with a key; empty for a guest, whose name anybody can give."""
        return "" if key is None else sha256(fingerprint(key).encode()).hexdigest()[:32]

    def open_scores(self, name: str, key: asyncssh.SSHKey | None) -> socket.socket | None:
        """A visitor's connection to the host's scores."""
        if self._scores is None:
            return None
        with suppress(OSError):
            return self._scores.connect(name, "" if key is None else fingerprint(key))
        return None

    def _ended(self, connection: VisitorConnection) -> None:
        self._connections.discard(connection)
        if connection.late:
            self.log.write("late", address=connection.address)
