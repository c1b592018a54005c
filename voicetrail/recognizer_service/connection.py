"""A visitor's connection, served by the event loop. (``link.receiving.connection.Connection`` uses a thread for each connection.)"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable

from voicetrail.link.address import Address
from voicetrail.link.delay import TokenBucket
from voicetrail.link.owner import connect
from voicetrail.link.receiving.connection import BACK_OFF_S, SEND_LIMIT, Receiver, why_broken
from voicetrail.link.wire import WireError

READ_BYTES = 8 * 1024
"""Bytes read from one visitor at a time, before the other visitors: a quarter of a second of sound."""
BYTES_PER_SECOND = 80 * 1024
"""Bytes read from a visitor per second, twice the rate of a microphone; a visitor who sends more has to wait."""
BYTES_IN_HAND = 320 * 1024
"""Bytes read in one burst: the backlog after the network stalls (the sender drops older sound)."""
FAULTS_PER_SECOND, FAULTS_IN_HAND = 1 / 60, 3
"""How often a visitor may send invalid data before it is cut off for good."""
STALE_S = 1.0
"""A connection that lasted this long, in s, counts as successful."""


class LoopConnection:
    """Keeps a visitor's connection up until it is closed, or has sent invalid data too often.

    Everything runs in the loop's thread.

    Args:
        address: a Unix socket.
        receiver: receives the data.
        loop: the event loop.
        on_activity: called after the receiver received data.
        on_cut_off: called with a message when the visitor is cut off; no data follow.
    """

    def __init__(
        self,
        address: Address,
        receiver: Receiver,
        loop: asyncio.AbstractEventLoop,
        *,
        on_activity: Callable[[], None],
        on_cut_off: Callable[[str], None],
    ) -> None:
        self._address, self._receiver, self._loop = address, receiver, loop
        self._on_activity, self._on_cut_off = on_activity, on_cut_off
        self._faults = TokenBucket(FAULTS_PER_SECOND, FAULTS_IN_HAND)
        self._bytes = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND)
        self._out = bytearray()
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wait_s = BACK_OFF_S[0] / 2
        self._since = 0.0
        self._closed = False

    def start(self) -> None:
        """Start to connect, in the event loop."""
        self._timer = self._loop.call_later(0, self._connect)

    def send(self, data: bytes) -> None:
        """See ``link.connection.Transport``."""
        if self._socket is None or len(self._out) + len(data) > SEND_LIMIT:
            return
        if not self._out:
            self._loop.add_writer(self._socket, self._writable)
        self._out += data

    def tick(self, now: float) -> None:
        """Let the receiver do what is due; call this a few times per second."""
        if self._socket is not None:
            try:
                self._receiver.tick(now)
            except Exception as error:
                self._broken(error)
            self._on_activity()

    def close(self) -> None:
        """See ``link.connection.Transport``."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._drop()

    def _connect(self) -> None:
        self._timer = None
        try:
            # Non-blocking: a Unix socket accepts a connection at once, or its program is too busy.
            connection = connect(self._address, 0.0)
        except PermissionError as error:
            self._down(f"{self._address} cannot be used: {error.strerror or error}")
            return
        except (OSError, ValueError):
            self._down(f"{self._address} has no microphone yet")
            return
        self._socket, self._since = connection, time.monotonic()
        try:
            self._receiver.connected(self._since)
        except Exception as error:
            self._broken(error)
            return
        self._loop.add_reader(connection, self._readable)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._broken(error)
            return
        if not data:
            self._down(f"{self._address} was closed")
            self._on_activity()
            return
        now = time.monotonic()
        try:
            self._receiver.received(data, now)
        except Exception as error:
            self._broken(error)
            return
        wait = self._bytes.spend(len(data), now)
        if wait and self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._timer = self._loop.call_later(wait, self._read_on)
        self._on_activity()

    def _read_on(self) -> None:
        self._timer = None
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._readable)

    def _writable(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError):
            del self._out[: self._socket.send(self._out)]
        if not self._out:
            self._loop.remove_writer(self._socket)

    def _broken(self, error: Exception) -> None:
        """The connection failed, or sent invalid data."""
        message = why_broken(str(self._address), error)
        if not isinstance(error, OSError) and not self._faults.take(1, time.monotonic()):
            self.close()
            again = message if isinstance(error, WireError) else f"{self._address} sent invalid data"
            self._on_cut_off(
                f"{again} repeatedly and was cut off: restart the game to use the microphone (the arrow keys still work)"
            )
            return
        self._down(message)
        self._on_activity()

    def _down(self, message: str) -> None:
        lasted = self._socket is not None and time.monotonic() - self._since > STALE_S
        self._drop()
        if self._closed:
            return
        self._receiver.disconnected(message, False)
        self._on_activity()
        self._wait_s = BACK_OFF_S[0] if lasted else min(self._wait_s * 2, BACK_OFF_S[1])
        self._timer = self._loop.call_later(self._wait_s, self._connect)

    def _drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        self._out.clear()
