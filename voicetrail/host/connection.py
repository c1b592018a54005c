"""The gate and the connection: who can connect, and limits on a connection's data, processor time and unread output."""

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
"""Maximum number of connections without a game."""
UNENTERED_PER_ADDRESS = 8
CONNECTS_PER_SECOND, CONNECTS_IN_HAND = 1.0, 30
"""Connections per address: sustained rate per second, and burst. Each costs some milliseconds of cryptography."""
ADDRESSES = 4096
"""Maximum number of addresses whose rate is tracked."""
BYTES_PER_SECOND, BYTES_IN_HAND = 128 * 1024, 512 * 1024
"""Bytes that a visitor may send: sustained rate (three times the sound of a microphone), and burst. Beyond that, reading pauses."""
KEYS_PER_SECOND, KEYS_IN_HAND = 16 * 1024, 128 * 1024
"""The same for a visitor who sends no sound."""
UNENTERED_BYTES = 128 * 1024
"""Maximum number of bytes before the game begins; a connection that sends more is closed."""
CPU_PER_SECOND, CPU_IN_HAND = 0.1, 1.0
"""Processor time for the messages of one visitor, in s: sustained per second, and burst. Many small messages cost more time."""
UNREAD_BYTES = 1024 * 1024
"""Maximum number of bytes that wait for a visitor who reads nothing; a connection with more is closed."""
KEX = ("curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256")
"""Cheap key exchange methods; with the large groups of others, a visitor could keep a core busy."""


class Gate:
    """Decides who can connect, before any data are exchanged. Must be used in one loop.

    Args:
        refused: called with the address and the reason of a refusal.
        clock: monotonic, in s.
    """

    def __init__(self, refused: Callable[[str, str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._refused = refused
        self._clock = clock
        self._unentered: Counter[str] = Counter()
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    @property
    def unentered(self) -> int:
        """Number of connections without a game."""
        return self._unentered.total()

    def enter(self, address: str) -> bool:
        """Return whether a new connection is admitted. If so, call ``leave`` when it has a game or is closed."""
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
        """Stop counting a connection, which has a game now or is closed."""
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
    """Return an address in its usual form: an IPv4 address from an IPv6 socket as IPv4."""
    return address.removeprefix("::ffff:") if "." in address else address


class GateProtocol(asyncio.Protocol):
    """A connection that is not admitted yet: only a transport.

    Args:
        gate: decides about the connection.
        make: creates the SSH connection that takes over.
    """

    def __init__(self, gate: Gate, make: Callable[[], VisitorConnection]) -> None:
        self._gate = gate
        self._make = make

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the gate, and start SSH or close the connection."""
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
    """An SSH connection with limits.

    Attributes:
        address: address of the visitor.
        entered: whether a game has begun.
        late: whether there was no game in time.
        writable: event that is set while the visitor reads the output.
    """

    address = ""
    entered = False
    late = False

    def bind(self, gate: Gate, login_s: float, ended: Callable[[VisitorConnection], None]) -> None:
        """Set the parameters of the host; must be called before any data arrive.

        Args:
            gate: counts this connection while it has no game.
            login_s: maximum time until there is a game.
            ended: called once when the connection is closed.
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
        """Initialize the connection (called by asyncssh)."""
        self._socket_transport = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        """Process data within the limits; beyond them, pause reading or close the connection."""
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
        """Stop reading from the game while the visitor reads too slowly."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Continue reading from the game."""
        self.writable.set()

    def enter(self, *, sends_sound: bool) -> None:
        """Record that a game begins, so that the connection no longer counts as one without a game.

        Args:
            sends_sound: whether the visitor will send sound.
        """
        if not self.entered:
            if not sends_sound:
                self._bytes = TokenBucket(KEYS_PER_SECOND, KEYS_IN_HAND)
            self.entered = True
            self._login.cancel()
            self._gate.leave(self.address)

    def connection_lost(self, exc: Exception | None = None) -> None:
        """Clean up after the end of the connection."""
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
