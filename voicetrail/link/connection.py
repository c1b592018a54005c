"""A line: a thread that keeps one connection up and hands its bytes on. What the bytes mean is its receiver's matter."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from voicetrail.link.address import Address, connect
from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import WireError

CONNECT_TIMEOUT = 5.0
BACK_OFF = (0.25, 4.0)
"""First and longest wait in s before the next try to connect."""
TICK = 0.2
"""Longest wait in s for bytes before the receiver is asked whether something is due."""
READ_SIZE = 32 * 1024
BYTES_A_SECOND = 512 * 1024
"""Bytes taken from a line, sixteen times a microphone's; a peer that sends more has to wait."""
BYTES_IN_HAND = 3 * 1024 * 1024
"""Bytes taken at once: what an SSH channel and the sockets beside it hold after a pause of the network."""
SEND_LIMIT = 64 * 1024
"""Bytes that may wait to be sent; what does not fit is not sent (pings, settings)."""


class Receiver(Protocol):
    """What a line hands its bytes to. All calls come from the line's thread."""

    def connected(self, now: float) -> None:
        """A connection stands."""
        ...

    def received(self, data: bytes, now: float) -> None:
        """Bytes came. A ``WireError`` drops the connection."""
        ...

    def tick(self, now: float) -> None:
        """Called at least every ``TICK`` seconds while the connection stands. A ``WireError`` drops it."""
        ...

    def disconnected(self, message: str, ended: bool) -> None:
        """No connection stands; the line tries again, unless it has ended."""
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
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="voicetrail-line", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Send bytes when the connection takes them; drop them where none stands or too much waits already."""
        with self._lock:
            if self._connection is None or len(self._out) + len(data) > SEND_LIMIT:
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
            self._thread.join(CONNECT_TIMEOUT + 1)

    def _wake(self) -> None:
        with suppress(OSError):
            os.write(self._wake_write, b"x")

    def _release(self) -> None:
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._used()

    def _used(self) -> None:
        """Remove what lies in the file system of an address that serves once."""
        if self._address.once and self._address.transport == "unix":
            Path(self._address.path).unlink(missing_ok=True)

    def _run(self) -> None:
        wait = BACK_OFF[0] / 2
        try:
            while not self._closing.is_set():
                message, lasted = self._connection_once()
                if self._closing.is_set():
                    return
                self._receiver.disconnected(message, self._ends and lasted is not None)
                if self._ends and lasted is not None:
                    return
                wait = BACK_OFF[0] if lasted is not None and lasted > BACK_OFF[1] else min(wait * 2, BACK_OFF[1])
                self._closing.wait(wait)
        finally:
            self._release()

    def _connection_once(self) -> tuple[str, float | None]:
        """Connect and read until it ends; return why it did, and how long it stood (``None`` if it never did)."""
        where = str(self._address)
        try:
            handle = self._open()
        except PermissionError as error:
            return str(error) if error.errno is None else f"{where}: you may not use it ({error.strerror})", None
        except TimeoutError:
            return f"{where} does not answer", None
        except OSError as error:
            return f"nobody serves {where} ({error.strerror or error})", None
        began = self._clock()
        try:
            self._receiver.connected(began)
            self._pump(handle)
            message = f"{where} has ended the connection"
        except WireError as error:
            message = f"{where} sent what is not understood: {error}"
        except OSError as error:
            message = f"the line to {where} broke ({error.strerror or error})"
        finally:
            with self._lock:
                self._connection = None
                self._out.clear()
            if isinstance(handle, socket.socket):
                handle.close()
            else:
                os.close(handle)
        return message, self._clock() - began

    def _open(self) -> socket.socket | int:
        if self._address.transport == "fifo":
            return os.open(self._address.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        connection = connect(self._address, CONNECT_TIMEOUT)
        connection.setblocking(False)
        self._used()
        with self._lock:
            self._connection = connection
        return connection

    def _pump(self, handle: socket.socket | int) -> None:
        allowance = TokenBucket(BYTES_A_SECOND, BYTES_IN_HAND)
        number = handle if isinstance(handle, int) else handle.fileno()
        while not self._closing.is_set():
            with self._lock:
                writing = [number] if self._out else []
            readable, writable, _ = select.select([number, self._wake_read], writing, [], TICK)
            now = self._clock()
            if self._wake_read in readable:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            if writable and isinstance(handle, socket.socket):
                with self._lock:
                    del self._out[: handle.send(self._out)]
            if number in readable:
                try:
                    data = os.read(number, READ_SIZE)
                except BlockingIOError:
                    continue
                if not data:
                    return
                self._receiver.received(data, now)
                wait = allowance.spend(len(data), now)
                if wait:
                    self._closing.wait(wait)
            self._receiver.tick(now)
