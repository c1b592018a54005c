"""The gate and the connection: who may connect, and limits on what a connection sends, costs and leaves unread."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import cast

import asyncssh

from voicetrail.link.delay import TokenBucket
from voicetrail.visitors.admission import address_group

UNENTERED = 64
"""Connections at once that have no game yet."""
UNENTERED_PER_ADDRESS = 8
CONNECTS_PER_SECOND, CONNECTS_IN_HAND = 1.0, 30
"""Connections of one address: in the long run, and at once. Each costs some milliseconds of cryptography."""
ADDRESSES = 4096
"""Addresses that are remembered for that."""
BYTES_PER_SECOND, BYTES_IN_HAND = 128 * 1024, 512 * 1024
"""Bytes that a visitor may send: three times the sound of a microphone; then the connection is not read for a while."""
KEYS_PER_SECOND, KEYS_IN_HAND = 16 * 1024, 128 * 1024
"""The same of a visitor who sends no sound."""
UNENTERED_BYTES = 128 * 1024
"""Bytes that a connection may send before its game begins; one that sends more is ended."""
CPU_PER_SECOND, CPU_IN_HAND = 0.1, 1.0
"""Seconds of this process's time that the messages of one visitor may take: many small messages cost more than their bytes."""
UNREAD_BYTES = 1024 * 1024
"""Bytes that may wait for a visitor who reads nothing; a connection with more is ended."""
KEX = ("curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256")
"""Key exchanges that cost little; with the large groups of others a visitor could keep a core busy."""


class Gate:
    """Decides who may connect, before anything is said. Used in one loop.

    Args:
        refused: called with the address and the reason.
        clock: seconds, never falling.
    """

    def __init__(self, refused: Callable[[str, str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._refused = refused
        self._clock = clock
        self._unentered: Counter[str] = Counter()
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    @property
    def unentered(self) -> int:
        """Connections that have no game yet."""
        return self._unentered.total()

    def enter(self, address: str) -> bool:
        """Whether a new connection may go on; ``leave`` has to follow once it has a game, or is over."""
        group = address_group(address)
        reason = ""
        if self.unentered >= UNENTERED:
            reason = "connections"
        elif self._unentered[group] >= UNENTERED_PER_ADDRESS:
            reason = "connections-of-address"
        elif not self._bucket(group).take(1, self._clock()):
            reason = "rate-of-address"
        if reason:
            self._refused(address, reason)
            return False
        self._unentered[group] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection has a game now, or is over without one."""
        group = address_group(address)
        self._unentered[group] -= 1
        if self._unentered[group] <= 0:
            del self._unentered[group]

    def _bucket(self, group: str) -> TokenBucket:
        bucket = self._buckets.get(group)
        if bucket is None:
            bucket = self._buckets[group] = TokenBucket(CONNECTS_PER_SECOND, CONNECTS_IN_HAND)
            if len(self._buckets) > ADDRESSES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(group)
        return bucket


def plain(address: str) -> str:
    """An address as people write it: an IPv4 one that came through an IPv6 socket as IPv4."""
    return address.removeprefix("::ffff:") if "." in address else address


class GateProtocol(asyncio.Protocol):
    """A connection that the gate has not admitted yet: only a transport.

    Args:
        gate: decides.
        make: makes the connection that takes over.
    """

    def __init__(self, gate: Gate, make: Callable[[], VisitorConnection]) -> None:
        self._gate = gate
        self._make = make

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check who connects."""
        socket_transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        address = plain(peer[0]) if peer else "unknown"
        if not self._gate.enter(address):
            socket_transport.abort()
            return
        connection = self._make()
        connection.address = address
        socket_transport.set_protocol(cast(asyncio.BaseProtocol, connection))
        connection.connection_made(transport)


class VisitorConnection(asyncssh.SSHServerConnection):
    """An SSH connection with bounds.

    Attributes:
        address: the visitor's.
        entered: a game has begun.
        late: there was no game in time.
        writable: set while the visitor reads what is sent.
    """

    address = ""
    entered = False
    late = False

    def bind(self, gate: Gate, login_s: float, ended: Callable[[VisitorConnection], None]) -> None:
        """Take what belongs to the host; called before anything comes.

        Args:
            gate: counts this connection while it has no game.
            login_s: seconds until there has to be a game.
            ended: called once when it is over.
        """
        self._login = asyncio.get_running_loop().call_later(login_s, self._login_is_late)
        self.writable = asyncio.Event()
        self.writable.set()
        self._gate = gate
        self._ended: Callable[[VisitorConnection], None] | None = ended
        self._bytes = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND)
        self._cpu = TokenBucket(CPU_PER_SECOND, CPU_IN_HAND)
        self._received = 0
        self._socket_transport: asyncio.Transport | None = None
        self._resume: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up."""
        self._socket_transport = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        """Bytes came: within the bounds they are taken, beyond them the connection waits, or ends."""
        transport = self._socket_transport
        if transport is None or transport.is_closing():
            return
        self._received += len(data)
        unread = transport.get_write_buffer_size()
        if unread > UNREAD_BYTES or (not self.entered and self._received > UNENTERED_BYTES):
            transport.abort()
            return
        before = time.thread_time()
        super().data_received(data, datatype)
        now = time.monotonic()
        wait = max(self._bytes.spend(len(data), now), self._cpu.spend(time.thread_time() - before, now))
        if wait and not transport.is_closing() and self._resume is None:
            transport.pause_reading()
            self._resume = asyncio.get_running_loop().call_later(wait, self._go_on)

    def pause_writing(self) -> None:
        """The visitor reads too slowly: the game is not read meanwhile."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """The visitor has caught up."""
        self.writable.set()

    def enter(self, *, sends_sound: bool) -> None:
        """A game begins: the connection no longer counts as one without.

        Args:
            sends_sound: a microphone's sound will come.
        """
        if not self.entered:
            if not sends_sound:
                self._bytes = TokenBucket(KEYS_PER_SECOND, KEYS_IN_HAND)
            self.entered = True
            self._login.cancel()
            self._gate.leave(self.address)

    def connection_lost(self, exc: Exception | None = None) -> None:
        """The connection is over."""
        super().connection_lost(exc)
        self.writable.set()
        self._login.cancel()
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        ended, self._ended = self._ended, None
        if ended is not None:
            if not self.entered:
                self._gate.leave(self.address)
            ended(self)

    def _login_is_late(self) -> None:
        self.late = True
        if self._socket_transport is not None:
            self._socket_transport.abort()

    def _go_on(self) -> None:
        self._resume = None
        if self._socket_transport is not None and not self._socket_transport.is_closing():
            self._socket_transport.resume_reading()
