"""A visitor's microphone: the only reverse forward that a host allows, as a socket in the visitor's own folder.

No file with the visitor's name for the socket is created. A connection to the private socket is forwarded to the visitor's ssh,
which connects it to the microphone of the visitor's machine.
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
"""Maximum number of connections to a microphone: the listener's, and a new one while the old one is closing."""
WINDOW = 64 * 1024
"""Size of the receive window, in bytes: two seconds of sound."""
PROBLEMS_LOGGED = 3
"""Maximum number of problems of a microphone in the log, because the recognizer tries again for the whole visit."""
PIECE = 16 * 1024
OPEN_WITHIN_S = 10.0
"""Maximum time for an answer of the visitor's ssh, in s."""


class Granted(asyncssh.SSHListener):
    """Represents the allowed forward for asyncssh; nothing listens on it."""

    def close(self) -> None:
        """Do nothing when the visitor cancels the forward; its connections end with the visitor's connection."""

    async def wait_closed(self) -> None:
        """Return at once, because there is nothing to close."""


class VisitorMicrophone:
    """The private socket of one visitor's microphone.

    Args:
        connection: the visitor's SSH connection.
        name: the visitor's name for the socket.
        folder: the visitor's own folder, with mode 0700.
        log: gets a line if the visitor's ssh refuses a connection.
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
        """Start to listen.

        Raises:
            OSError: the socket cannot be created.
        """
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(self.path), limit=WINDOW, backlog=CONNECTIONS)
        finally:
            os.umask(mask)

    def close(self) -> None:
        """Stop listening; open connections end with the visitor's connection."""
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
