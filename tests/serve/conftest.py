"""A running server whose games are `cat`: what is typed comes back."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from voicetrail.serve.app import Server, listen
from voicetrail.serve.games import Games
from voicetrail.serve.guard import Access
from voicetrail.serve.page_games import PageGame, PageGames
from voicetrail.visitors.admission import Admission
from voicetrail.visitors.limits import VisitorLimits

ECHO = ("/bin/cat",)
HELLO = {"key": "", "columns": 80, "rows": 24}
SIZE_REPORTER = (
    sys.executable,
    "-ISc",
    "import os, signal, time\n"
    "def size(*_):\n"
    "    found = os.get_terminal_size(0)\n"
    "    os.write(1, f'{found.lines} {found.columns}\\n'.encode())\n"
    "signal.signal(signal.SIGWINCH, size)\n"
    "signal.signal(signal.SIGCONT, lambda *_: os.write(1, b'painted\\n'))\n"
    "os.write(1, b'begun\\n')\n"
    "while True:\n"
    "    time.sleep(0.05)\n",
)
"""A program that writes what happens to its terminal."""


@dataclass
class Running:
    """A server that runs, and a browser's way to it."""

    server: Server
    client: aiohttp.ClientSession
    homes: Path

    @property
    def port(self) -> int:
        return self.server.access.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page_games(self) -> PageGames:
        return self.server.page_games

    def only_game(self) -> PageGame:
        (page_game,) = self.page_games.all
        return page_game

    async def socket(self, path: str, **headers: str) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket as a page of this server does."""
        return await self.client.ws_connect(f"{self.url}/{path}", headers={"Origin": self.url, **headers})

    async def terminal(self, key: str = "", **more: Any) -> tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]:
        """Open a terminal; return it with the server's first message."""
        socket = await self.socket("terminal")
        await socket.send_json({**HELLO, "key": key, **more})
        return socket, await socket.receive_json(timeout=10)

    async def microphone(self, key: str) -> aiohttp.ClientWebSocketResponse:
        socket = await self.socket("microphone")
        await socket.send_json({"key": key})
        return socket


async def output_until(socket: aiohttp.ClientWebSocketResponse, text: bytes) -> bytes:
    """Read a terminal until a text has come."""
    seen = b""
    async with asyncio.timeout(60):
        while text not in seen:
            message = await socket.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            if message.type is aiohttp.WSMsgType.BINARY:
                seen += message.data
    return seen


async def until(condition: Any, seconds: float = 60) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(
    *,
    command: tuple[str, ...] = ECHO,
    names: frozenset[str] = frozenset(),
    token: str = "",
    returns_within_s: float = 60.0,
    spare: bool = False,
    **limits: Any,
) -> AsyncIterator[Running]:
    """Run a server."""
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        bounds = VisitorLimits(**{"visitors": 8, "per_address": 8, "closing_s": 0, **limits})
        games = Games(bounds, private=True, command=command, parent=Path(folder))
        listening = listen("127.0.0.1", 0)
        access = Access(listening.getsockname()[1], names, token)
        page_games = PageGames(games, Admission(bounds), returns_within_s=returns_within_s, spare=spare)
        server = Server(page_games, access)
        await server.start(listening)
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
                yield Running(server, client, Path(folder))
        finally:
            await server.close()
            assert not list(Path(folder).iterdir())


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with serving() as found:
        yield found
