"""A thread that keeps one connection up and passes its bytes on. The receiver knows what the bytes mean."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from voicetrail.link.address import Address, remove_own_socket
from voicetrail.link.delay import TokenBucket
from voicetrail.link.owner import connect
from voicetrail.link.wire import WireError
from voicetrail.text import printable

CONNECT_TIMEOUT_S = 5.0
BACK_OFF_S = (0.25, 4.0)
"""First and longest wait in s before the next attempt to connect."""
TICK_S = 0.2
"""Longest wait for bytes in s before the receiver's ``tick`` is called."""
LEAVE_S = 0.3
"""Longest wait in s for the thread at ``close``: it may be connecting to a host that does not answer."""
READ_BYTES = 32 * 1024
BYTES_PER_SECOND = 512 * 1024
"""Bytes read from a connection, sixteen times a microphone's; a peer that sends more has to wait."""
BYTES_IN_HAND = 3 * 1024 * 1024
"""Bytes read at once: what an SSH channel and its sockets hold after the network has stalled."""
SEND_LIMIT = 64 * 1024
"""Bytes that may be queued for sending; what does not fit (pings, settings) is not sent."""


def why_not_connected(where: str, error: OSError | ValueError) -> str:
    """Explain why there is no connection to an address."""
    if isinstance(error, PermissionError):
        return str(error) if error.errno is None else f"{where}: you may not use it ({error.strerror})"
    if isinstance(error, TimeoutError):
        return f"{where} does not answer"
    return f"nobody serves {where} ({getattr(error, 'strerror', None) or printable(error, 80)})"


def why_broken(where: str, error: Exception) -> str:
    """Explain why a connection that was up has ended."""
    if isinstance(error, WireError):
        return f"{where} sent something invalid: {error}"
    if isinstance(error, OSError):
        return f"the connection to {where} broke ({error.strerror or error})"
    return f"the connection to {where} failed ({type(error).__name__}: {printable(error, 80)})"


class Receiver(Protocol):
    """Receives the bytes of a connection. All calls come from the connection's thread.

    An error of any kind in ``connected``, ``received`` or ``tick`` ends the connection; it is reported by ``disconnected``.
    """

    def connected(self, now: float) -> None:
        """The connection is up."""
        ...

    def received(self, data: bytes, now: float) -> None:
        """Bytes came."""
        ...

    def tick(self, now: float) -> None:
        """Called at least every ``TICK_S`` seconds while the connection is up."""
        ...

    def disconnected(self, message: str, ended: bool) -> None:
        """The connection is down; it is tried again unless it has ``ended``."""
        ...


class Transport(Protocol):
    """What keeps a connection up for its receiver: ``Connection`` in a thread, or a loop that serves many of them."""

    def start(self) -> None:
        """Begin to connect."""
        ...

    def send(self, data: bytes) -> None:
        """Send bytes when the connection takes them; drop them where it is down or too much waits already."""
        ...

    def close(self) -> None:
        """End the connection; safe to call twice."""
        ...


class Connection:
    """Keeps a connection to an address up until closed.

    Args:
        address: where to connect, or the FIFO to read.
        receiver: gets what comes.
        ends: the other end's closing is the end (a FIFO read by ``listen``), not a loss.
        clock: this machine's clock.
    """

    def __init__(
        self, address: Address, receiver: Receiver, *, ends: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = address
        self._receiver = receiver
        self._ends = ends
        self._clock = clock
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._lock = threading.Lock()
        self._out = bytearray()
        self._socket: socket.socket | None = None
        self._released = False
        self._thread = threading.Thread(target=self._run, name="voicetrail-connection", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Send bytes when the connection takes them; drop them where it is down or too much waits already."""
        with self._lock:
            if self._socket is None or len(self._out) + len(data) > SEND_LIMIT:
                return
            self._out += data
        self._wake()

    def close(self) -> None:
        """End the connection and the thread; safe to call twice and from any thread."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake()
        if self._thread.ident is None:
            self._release()
        elif self._thread is not threading.current_thread():
            self._thread.join(LEAVE_S)

    def _wake(self) -> None:
        with self._lock, suppress(OSError):
            if not self._released:
                os.write(self._wake_write, b"x")

    def _release(self) -> None:
        with self._lock:
            self._released = True
            os.close(self._wake_read)
            os.close(self._wake_write)
        self._remove_used()

    def _remove_used(self) -> None:
        """Remove the socket file of an address that serves only once."""
        if self._address.once and self._address.transport == "unix":
            remove_own_socket(self._address.path)

    def _run(self) -> None:
        wait = BACK_OFF_S[0] / 2
        try:
            while not self._closing.is_set():
                message, lasted = self._connect_once()
                if self._closing.is_set():
                    return
                ended = self._ends and lasted is not None
                self._receiver.disconnected(message, ended)
                if ended:
                    return
                wait = BACK_OFF_S[0] if lasted is not None and lasted > BACK_OFF_S[1] else min(wait * 2, BACK_OFF_S[1])
                self._closing.wait(wait)
        finally:
            self._release()

    def _connect_once(self) -> tuple[str, float | None]:
        """Connect and read until it ends; return why it did, and how long it was up (``None`` if it never was)."""
        where = str(self._address)
        try:
            handle = self._open()
        except (OSError, ValueError) as error:
            return why_not_connected(where, error), None
        began = self._clock()
        try:
            self._receiver.connected(began)
            self._pump(handle)
            message = f"{where} has closed the connection"
        except Exception as error:
            # Whatever a peer sends, the thread goes on and connects again.
            message = why_broken(where, error)
        finally:
            with self._lock:
                self._socket = None
                self._out.clear()
            if isinstance(handle, socket.socket):
                handle.close()
            else:
                os.close(handle)
        return message, self._clock() - began

    def _open(self) -> socket.socket | int:
        if self._address.transport == "fifo":
            return os.open(self._address.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        connection = connect(self._address, CONNECT_TIMEOUT_S)
        connection.setblocking(False)
        self._remove_used()
        with self._lock:
            self._socket = connection
        return connection

    def _pump(self, handle: socket.socket | int) -> None:
        bucket = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND)
        number = handle if isinstance(handle, int) else handle.fileno()
        while not self._closing.is_set():
            with self._lock:
                writing = [number] if self._out else []
            readable, writable, _ = select.select([number, self._wake_read], writing, [], TICK_S)
            now = self._clock()
            if self._wake_read in readable:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            if writable and isinstance(handle, socket.socket):
                with self._lock:
                    del self._out[: handle.send(self._out)]
            if number in readable:
                try:
                    data = os.read(number, READ_BYTES)
                except BlockingIOError:
                    continue
                if not data:
                    return
                self._receiver.received(data, now)
                wait = bucket.spend(len(data), now)
                if wait:
                    self._closing.wait(wait)
            self._receiver.tick(now)
