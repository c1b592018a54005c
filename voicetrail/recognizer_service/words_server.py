"""The words of one visitor, for the visitor's game: the protocol of ``link.words`` on a Unix socket in the visitor's folder."""

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
"""Programs at once that are sent a visitor's words: a game, and one that takes its place. The oldest gives way to a further one."""
BACKLOG = 8
READ_LIMIT = 8 * 1024
"""Bytes of a client that wait to be read."""


class WordsServer:
    """Serves a visitor's words, states and scores to the visitor's game; a ``link.client.Feed`` for its clients.

    Everything runs in the loop's thread.

    Args:
        folder: the visitor's, private.
        on_received: is given what a game sends (settings, mute); a ``WireError`` from it ends that game's connection.
        on_problem: is given a line about a client that was refused or disconnected.

    Raises:
        RemoteError: the folder is not private, or the socket cannot be made.
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
        """What is wrong with the source; ``None`` while sound comes."""
        self._busy: WireEvent | None = None
        """That the recognizer cannot keep up, while that is so."""
        self._summary = HopSummary()
        self.shows_scores = True
        """Send scores and levels for the chart."""

    async def start(self) -> None:
        """Begin to serve."""
        self._server = await asyncio.start_unix_server(self._connected, sock=self._listening.socket, limit=READ_LIMIT)

    def close(self) -> None:
        """Disconnect everybody and remove the socket; safe to call twice."""
        if self._server is not None:
            self._server.close()
        else:
            self._listening.socket.close()
        self._listening.remove()
        for client in list(self._clients):
            client.close()

    def describe(self, ready: Ready, shipped: DetectorSettings) -> None:
        """Say what recognizes; to be called before ``start``, and again where that has changed."""
        self.name = ready.source
        self._ready = encode_ready(ready, shipped, takes_gain=True)
        self._broadcast(self._ready)

    def give(self, event: Event, delay_s: float | None = None) -> None:
        """Send what happened, as ``link.feeds.WordsFeed`` does; ``delay_s`` is that of the sound."""
        if isinstance(event, WordHeard | WordRejected | SamplesLost):
            self._broadcast(encode_word(event))
        elif isinstance(event, SourceLost | SourceDelayed | SourceBack | SourceEnded):
            state = encode_state(event)
            self._state = None if isinstance(event, SourceBack) else state
            self._broadcast(self._busy or state if self._state is None else state)
        elif self.shows_scores and (scores := self._summary.take(event, delay_s)) is not None:
            self._broadcast(scores)

    def say_busy(self, message: str | None) -> None:
        """Tell the player that words may come late, or (``None``) that they come in time again."""
        if (message is None) == (self._busy is None):
            return
        self._busy = None if message is None else encode_state(SourceDelayed(0, message))
        if self._state is None:
            self._broadcast(self._busy or encode_state(SourceBack(0, self.name)))

    # What the clients ask of their feed.

    def first_events(self) -> list[WireEvent]:
        """What a new client has to know first."""
        return [event for event in (self._ready, self._state or self._busy) if event is not None]

    def received(self, event: WireEvent) -> None:
        """A client sent something."""
        self._on_received(event)

    def run(self, send: Callable[[Message], None]) -> None:
        """Nothing: what is sent comes through ``give``."""

    def stop(self) -> None:
        """Nothing, as ``run``."""

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
