"""The control channel between a server and a visitor's game: a pair of sockets that nobody else can reach.

Messages are JSON objects, one per line. To the game: ``{"say": text}`` shows a text; ``{"closing": seconds}`` announces the shutdown
and prevents new rounds. To the server: ``{"active": true}`` reports a word, ``{"round": true}`` the start of a round, and
``{"round": false}`` its end.
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
from voicetrail.link.messages import messages_of
from voicetrail.text import printable

VARIABLE = "VOICETRAIL_VISIT"
"""Environment variable with the terms of a visitor's game."""
MESSAGE_MAX = 4 * 1024
"""Maximum length of a message, in bytes."""
TEXT_MAX = 200
"""Maximum length of a displayed text, in characters."""
SEND_TIMEOUT_S = 0.2
"""Maximum wait of a game for a server that reads nothing, in s."""
NO_SOURCE = "none"
"""Value of a source for a game with keys only."""


@dataclass(frozen=True, slots=True)
class VisitTerms:
    """The terms that a server passes to a visitor's game."""

    channel: int
    """Descriptor of the game's end of the socket pair."""
    name: str
    """The checked name of the visitor."""
    source: str = NO_SOURCE
    """Source of words: ``words+unix://…``, or ``NO_SOURCE``."""
    hint: str = ""
    """First message to the visitor, such as how to use a microphone."""
    recordings_bytes: int = 0
    """Space for recordings, in bytes; 0 allows no recordings."""

    def to_text(self) -> str:
        """Return the value of the environment variable."""
        return json.dumps(asdict(self))


def terms_of(environment: Mapping[str, str]) -> VisitTerms:
    """Return the terms of this game from its environment.

    Raises:
        UsageError: this is not a visitor's game.
    """
    try:
        return VisitTerms(**json.loads(environment.get(VARIABLE, "")))
    except (ValueError, TypeError):
        raise UsageError("`voicetrail visit` is started by `voicetrail host` and `voicetrail serve`, not by hand") from None


class GameChannel:
    """The game's end. ``send`` is thread-safe; received messages are passed on in a separate thread.

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
            UsageError: there is no such socket.
        """
        try:
            connection = socket.socket(fileno=terms.channel)
            if connection.family != socket.AF_UNIX:
                connection.detach()
                raise OSError
        except OSError:
            raise UsageError("the connection of this visitor's game to its server is lost") from None
        os.set_inheritable(terms.channel, False)
        return cls(connection)

    def send(self, **message: object) -> None:
        """Send a message; does nothing if the connection is lost."""
        with self._lock, suppress(OSError):
            if not self._lost:
                try:
                    self._connection.sendall(json.dumps(message).encode() + b"\n")
                except OSError:
                    self._lost = True  # a part of the message may have been sent, so nothing may follow it

    def listen(self, take: Callable[[Mapping[str, Any]], None]) -> None:
        """Pass received messages to a function, in a thread that ends with the connection."""
        threading.Thread(target=self._read, args=(take,), name="voicetrail-server-channel", daemon=True).start()

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _read(self, take: Callable[[Mapping[str, Any]], None]) -> None:
        for message in messages_of(self._connection, MESSAGE_MAX):
            take(json.loads(message))


class ServerChannel:
    """The server's end. Must be used in one asyncio loop.

    Attributes:
        in_round: whether a round is being played.
    """

    def __init__(self, on_active: Callable[[], None]) -> None:
        """Create both ends.

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
        """Close the game's end in this process, after the game has inherited it."""
        self.game_end.close()

    async def serve(self) -> None:
        """Process messages of the game until it ends. After an invalid message nothing more is read."""
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
        """Show a text to the visitor."""
        self._send(say=printable(text, TEXT_MAX))

    def say_closing(self, seconds: float) -> None:
        """Announce the shutdown of the server to the visitor."""
        self._send(closing=round(seconds))

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self.game_end.close()
        if self._writer is not None:
            self._writer.transport.abort()
        else:
            self._own.close()

    def _send(self, **message: object) -> None:
        writer = self._writer
        # Nothing more is sent to a game that does not read.
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
