"""The channel between a server and a visitor's game besides the terminal: a pair of sockets that nobody else can reach.

Messages are JSON objects, one a line. To the game: ``{"say": text}`` is shown, ``{"closing": seconds}`` is shown and lets no further
round begin. To the server: ``{"active": true}`` a word was said, ``{"round": true}`` a round is being played (``false``: none is).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from voicetrail.errors import UsageError
from voicetrail.link.json_lines import lines_of
from voicetrail.text import printable

VARIABLE = "VOICETRAIL_VISIT"
"""Environment variable with what a visitor's game has to know."""
MESSAGE_MAX = 4 * 1024
"""Longest message, in bytes."""
TEXT_MAX = 200
"""Characters of a text that is shown."""
SEND_TIMEOUT_S = 0.2
"""Seconds that a game waits for a server that reads nothing."""
NO_SOURCE = "none"
"""In place of a source: the game is played by keys."""


@dataclass(frozen=True, slots=True)
class VisitTerms:
    """What a server passes to a visitor's game."""

    channel: int
    """Number of the game's end of the pair of sockets."""
    name: str
    """What the visitor is called, checked."""
    source: str = NO_SOURCE
    """Where words come from: ``words+unix://…``, or ``NO_SOURCE``."""
    hint: str = ""
    """What a visitor should read first: how to bring a microphone."""
    recordings_bytes: int = 0
    """What recordings may take; 0: nothing is recorded."""

    def to_text(self) -> str:
        """The value of the variable."""
        return json.dumps(asdict(self))


def terms_of(environment: Mapping[str, str]) -> VisitTerms:
    """What the server passed to this game.

    Raises:
        UsageError: this is no visitor's game.
    """
    try:
        return VisitTerms(**json.loads(environment.get(VARIABLE, "")))
    except (ValueError, TypeError):
        raise UsageError("`voicetrail visit` is started by `voicetrail host` and `voicetrail serve`, not by hand") from None


class GameChannel:
    """The game's end. ``send`` may be used from any thread; what comes is handed on in a thread of its own.

    Args:
        connection: the socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(SEND_TIMEOUT_S)
        self._lock = threading.Lock()
        self._lost = False

    @classmethod
    def open(cls, terms: VisitTerms) -> GameChannel:
        """Take over the socket that this process inherited.

        Raises:
            UsageError: there is none.
        """
        try:
            connection = socket.socket(fileno=terms.channel)
            if connection.family != socket.AF_UNIX:
                connection.detach()
                raise OSError
        except OSError:
            raise UsageError("this visitor's game has lost its server") from None
        os.set_inheritable(terms.channel, False)
        return cls(connection)

    def send(self, **message: object) -> None:
        """Send a message; does nothing if the server is gone."""
        with self._lock, suppress(OSError):
            if not self._lost:
                try:
                    self._connection.sendall(json.dumps(message).encode() + b"\n")
                except OSError:
                    self._lost = True  # half of it may have been sent: nothing may follow it

    def listen(self, take: Callable[[Mapping[str, Any]], None]) -> None:
        """Start passing on what comes, in a thread that ends with the connection."""
        threading.Thread(target=self._read, args=(take,), name="voicetrail-server-channel", daemon=True).start()

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _read(self, take: Callable[[Mapping[str, Any]], None]) -> None:
        for line in lines_of(self._connection, MESSAGE_MAX):
            take(json.loads(line))


class ServerChannel:
    """The server's end. Used in one asyncio loop.

    Attributes:
        in_round: a round is being played.
    """

    def __init__(self, on_active: Callable[[], None]) -> None:
        """Make both ends.

        Args:
            on_active: called when the game reports that a word was said.

        Raises:
            OSError: there are no descriptors left.
        """
        self.in_round = False
        self._on_active = on_active
        self._own, self.game_end = socket.socketpair()
        self._own.setblocking(False)
        self._writer: asyncio.StreamWriter | None = None

    def started(self) -> None:
        """Close the game's end in this process once the game has it."""
        self.game_end.close()

    async def serve(self) -> None:
        """Read what the game sends until it ends. A game that sends something invalid is no longer read."""
        reader, self._writer = await asyncio.open_unix_connection(sock=self._own, limit=MESSAGE_MAX)
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (ValueError, OSError, RecursionError):
            pass
        finally:
            self.in_round = False
            self.close()

    def say(self, text: str) -> None:
        """Show the visitor a line."""
        self._send(say=printable(text, TEXT_MAX))

    def say_closing(self, seconds: float) -> None:
        """Tell the visitor that the server is shutting down."""
        self._send(closing=round(seconds))

    def close(self) -> None:
        """End the connection; safe to call twice."""
        self.game_end.close()
        if self._writer is not None:
            self._writer.transport.abort()
        else:
            self._own.close()

    def _send(self, **message: object) -> None:
        writer = self._writer
        # A game that reads nothing is sent nothing more.
        if writer is not None and not writer.is_closing() and writer.transport.get_write_buffer_size() < MESSAGE_MAX:
            writer.write(json.dumps(message).encode() + b"\n")

    def _take(self, message: object) -> None:
        match message:
            case {"active": True}:
                self._on_active()
            case {"round": bool(under_way)}:
                self.in_round = under_way
            case _:
                raise ValueError("an unknown message")
