"""A visitor's microphone: the one reverse forward that a host grants, as a socket in the visitor's own folder.

Whatever name the visitor gave the socket, no such file is made. Who connects to the private one is connected with the visitor's ssh,
which passes it on to the microphone of the visitor's machine.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

import asyncssh

from voicetrail.link.owner import refusal
from voicetrail.visitors.event_log import EventLog

CONNECTIONS = 2
"""Connections to one microphone at once: the listener's, and its next one while the last is not closed yet."""
WINDOW = 64 * 1024
"""Bytes that a visitor may send before they are taken: two seconds of sound."""
PROBLEMS_LOGGED = 3
"""Problems of one microphone that are logged: the recognizer tries again for as long as the visitor is here."""
PIECE = 16 * 1024
OPEN_WITHIN_S = 10.0
"""Seconds in which a visitor's ssh has to answer."""


class Granted(asyncssh.SSHListener):
    """Represents the granted forward; nothing listens on it."""

    def close(self) -> None:
        """The visitor took the forward back; its connections end with the visitor's."""

    async def wait_closed(self) -> None:
        """There is nothing to wait for."""


class Microphone:
    """The private socket of one visitor's microphone.

    Args:
        connection: the visitor's SSH connection.
        name: what the visitor called the forward's socket.
        folder: the visitor's own folder, 0700.
        log: gets a line where the visitor's ssh refuses.
    """

    def __init__(self, connection: asyncssh.SSHServerConnection, name: str, folder: Path, log: EventLog) -> None:
        self.path = folder / f"mic-{secrets.token_hex(8)}"
        self._connection = connection
        self._name = name
        self._log = log
        self._server: asyncio.AbstractServer | None = None
        self._open = 0
        self._problems = 0

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made.
        """
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(self.path), limit=WINDOW, backlog=CONNECTIONS)
        finally:
            os.umask(mask)

    def close(self) -> None:
        """Stop listening; open connections end with the visitor's own."""
        if self._server is not None:
            self._server.close()
        with suppress(OSError):
            self.path.unlink()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._open >= CONNECTIONS or refusal(writer.get_extra_info("socket")) is not None:
                return
            self._open += 1
            try:
                await self._relay(reader, writer)
            finally:
                self._open -= 1
        except (OSError, asyncssh.Error, TimeoutError) as error:
            self._problems += 1
            if self._problems <= PROBLEMS_LOGGED:
                self._log.write("microphone", problem=type(error).__name__)
        finally:
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.wait_for(
            self._connection.open_unix_connection(self._name, encoding=None, window=WINDOW), OPEN_WITHIN_S
        )
        ways = [
            asyncio.create_task(_carry(far_reader, writer)),
            asyncio.create_task(_carry(reader, far_writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()


async def _carry(
    reader: asyncio.StreamReader | asyncssh.SSHReader[bytes], writer: asyncio.StreamWriter | asyncssh.SSHWriter[bytes]
) -> None:
    with suppress(OSError, asyncssh.Error):
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
