"""Serves the words of one visitor to the visitor's game, with the protocol of ``link.words``, on a Unix socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from wyoming.event import Event as WireEvent

from voicetrail.errors import RemoteError
from voicetrail.events import (
    Event,
    Ready,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.link.owner import refusal
from voicetrail.link.serving.client import Client, Message
from voicetrail.link.status import encode_state
from voicetrail.link.unix_socket import ListeningSocket, check_private_folder
from voicetrail.link.wire import WireError, encode
from voicetrail.link.words import HopSummary, encode_ready, encode_word
from voicetrail.recognizer_service.messages import SOCKET_NAME
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.text import printable

CLIENTS = 2
"""Most clients of a visitor's words at once: a game, and one that replaces it. A further client replaces the oldest."""
BACKLOG = 8
READ_LIMIT = 8 * 1024
"""Most unread bytes of a client."""


class WordsServer:
    """Serves a visitor's words, states and scores to the visitor's game; a ``link.serving.client.Feed`` for its clients.

    Everything runs in the thread of the event loop.

    Args:
        folder: the visitor's private folder.
        on_received: called with each event from a game (settings, mute); if it raises a ``WireError``, that game is disconnected.
        on_problem: called with a message about a client that was refused or disconnected.

    Raises:
        RemoteError: the folder is not private, or the socket cannot be created.
    """

    content: Literal["words"] = "words"

    def __init__(self, folder: Path, on_received: Callable[[WireEvent], None], on_problem: Callable[[str], None]) -> None:
        check_private_folder(folder)
        self.name = ""
        self._on_received, self._on_problem = on_received, on_problem
        self._listening = ListeningSocket(folder / SOCKET_NAME, "the words of a visitor", BACKLOG)
        self._server: asyncio.Server | None = None
        self._clients: list[Client] = []
        self._ready: WireEvent | None = None
        self._state: WireEvent | None = None
        """The problem of the source; ``None`` while there is sound."""
        self._busy: WireEvent | None = None
        """The message that the recognizer is overloaded; ``None`` while it is not."""
        self._summary = HopSummary()
        self.shows_scores = True
        """Whether to send scores and levels for the chart."""

    async def start(self) -> None:
        """Start serving."""
        self._server = await asyncio.start_unix_server(self._connected, sock=self._listening.socket, limit=READ_LIMIT)

    def close(self) -> None:
        """Disconnect all clients and remove the socket; safe to call twice."""
        if self._server is not None:
            self._server.close()
        else:
            self._listening.socket.close()
        self._listening.remove()
        for client in list(self._clients):
            client.close()

    def describe(self, ready: Ready, shipped: DetectorSettings) -> None:
        """Set the description of the recognizer; call this before ``start``, and after each change."""
        self.name = ready.source
        self._ready = encode_ready(ready, shipped, takes_gain=True)
        self._broadcast(self._ready)

    def give(self, event: Event, delay_s: float | None = None) -> None:
        """Send an event, like ``link.serving.feeds.WordsFeed``; ``delay_s`` is the delay of the sound."""
        if isinstance(event, WordHeard | WordRejected | SamplesLost):
            self._broadcast(encode_word(event))
        elif isinstance(event, SourceLost | SourceDelayed | SourceBack | SourceEnded):
            state = encode_state(event)
            self._state = None if isinstance(event, SourceBack) else state
            self._broadcast(self._busy or state if self._state is None else state)
        elif self.shows_scores and (scores := self._summary.take(event, delay_s)) is not None:
            self._broadcast(scores)

    def say_busy(self, message: str | None) -> None:
        """Send the player a message that words may be late, or (``None``) that they are in time again."""
        if (message is None) == (self._busy is None):
            return
        self._busy = None if message is None else encode_state(SourceDelayed(0, message))
        if self._state is None:
            self._broadcast(self._busy or encode_state(SourceBack(0, self.name)))

    # The methods of ``Feed``.

    def first_events(self) -> list[WireEvent]:
        """The first events for a new client."""
        return [event for event in (self._ready, self._state or self._busy) if event is not None]

    def received(self, event: WireEvent) -> None:
        """Process an event from a client."""
        self._on_received(event)

    def run(self, send: Callable[[Message], None]) -> None:
        """Do nothing: ``give`` sends the events."""

    def stop(self) -> None:
        """Do nothing, like ``run``."""

    def _broadcast(self, event: WireEvent) -> None:
        if not self._clients:
            return
        message, data = Message(event), encode(event)
        for client in list(self._clients):
            client.offer(message, data)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        if (reason := refusal(connection)) is not None:
            self._on_problem(reason)
            writer.close()
            return
        client = Client(writer, self, None, raw=False, on_proven=lambda _: None)
        if len(self._clients) >= CLIENTS:
            self._clients.pop(0).close()
        self._clients.append(client)
        try:
            client.greet()
            await client.serve(reader)
        except OSError:
            pass  # the connection broke
        except WireError as error:
            self._on_problem(f"a game was disconnected: it sent {error}")
        except (RemoteError, ValueError, TypeError) as error:
            self._on_problem(f"a game was disconnected ({type(error).__name__}: {printable(error, 80)})")
        finally:
            if client in self._clients:
                self._clients.remove(client)
            client.close()
