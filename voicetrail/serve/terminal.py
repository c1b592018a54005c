"""The WebSocket of the terminal, between a page and its game.

Binary messages are bytes of the terminal, in both directions. Text messages are JSON objects. The page first sends ``hello``, and then
``resize`` and ``seen``: the number of bytes that it has painted, so that a slow page slows down its game instead of filling the
server's memory. The server sends ``game`` with the key of the page's game, and at the end the reason why it disconnects the page.
Every few seconds it sends ``alive``, because a browser does not report a lost network.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from aiohttp import WSMsgType, web

from voicetrail.errors import VoicetrailError
from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import WireError, integer, parse_object, text
from voicetrail.serve.page_games import KEY_LIMIT, LARGEST, PageGame, PageGames
from voicetrail.visitors.admission import AdmissionRefused

MESSAGE_LIMIT = 32 * 1024
"""Maximum size of a page's message, in bytes; the page splits a long paste."""
HELLO_TIME_S = 5.0
"""Maximum time for a page to send ``hello``, in s."""
HEARTBEAT_S = 20.0
"""Interval of WebSocket heartbeats, in s."""
ALIVE_S = 4.0
"""Interval of ``alive`` messages, in s; ``page.js`` treats a connection as lost after three missing ones."""
UNSEEN_LIMIT = 128 * 1024
"""Maximum number of sent bytes that a page has not painted yet; beyond that, the game waits."""
STALLED_S = 20.0
"""A page is disconnected if it paints nothing of the sent output for this time, in s."""
BYTES_PER_SECOND, BYTES_IN_HAND = 16 * 1024, 64 * 1024
"""Rate limit of bytes from a page: sustained per second, and burst. A moving mouse sends about 2,000 bytes per second."""
MESSAGES_PER_SECOND, MESSAGES_IN_HAND = 500, 2000
POLICY = 1008
"""Close code of a WebSocket after an invalid message (policy violation)."""


class TerminalPage:
    """A page that shows a game."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._sent = self._seen = 0
        self._painted = asyncio.Event()

    async def show(self, output: bytes) -> None:
        """See ``page_games.Page``."""
        self._sent += len(output)
        with contextlib.suppress(OSError, RuntimeError):
            await self._socket.send_bytes(output)
        while self._sent - self._seen > UNSEEN_LIMIT and not self._socket.closed:
            self._painted.clear()
            try:
                await asyncio.wait_for(self._painted.wait(), STALLED_S)
            except TimeoutError:
                await self.close()

    async def leave(self, reason: str) -> None:
        """See ``page_games.Page``."""
        await self.say({"type": reason})
        await self.close()

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message; ignored if the page has disconnected."""
        with contextlib.suppress(OSError, RuntimeError):
            await self._socket.send_json(message)

    async def say_alive(self) -> None:
        """Send ``alive`` messages until the task is cancelled."""
        while True:
            await asyncio.sleep(ALIVE_S)
            await self.say({"type": "alive"})

    async def close(self, code: int = 1000) -> None:
        """Disconnect the page, without waiting for one that does not answer."""
        self._painted.set()
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(self._socket.close(code=code), 1)

    def seen(self, total: int) -> None:
        """Record the total number of bytes that the page has painted."""
        if total > self._sent:
            raise WireError("the page reported more bytes than were sent")
        self._seen = max(self._seen, total)
        self._painted.set()


async def serve_terminal(request: web.Request, page_games: PageGames, address: str) -> web.WebSocketResponse:
    """Handle the WebSocket of a page's terminal.

    Args:
        request: the request.
        page_games: the games of the server.
        address: address of the visitor.
    """
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, heartbeat=HEARTBEAT_S, compress=False, timeout=1)
    await socket.prepare(request)
    page = TerminalPage(socket)
    page_game: PageGame | None = None
    alive = asyncio.create_task(page.say_alive())
    try:
        hello = _object(await socket.receive(HELLO_TIME_S))
        columns, rows = integer(hello, "columns", 1, 10_000), integer(hello, "rows", 1, 10_000)
        key = text(hello, "key", KEY_LIMIT, "")
        page_game = page_games.find(key)
        resumed = page_game is not None
        if page_game is None:
            page_game = await page_games.begin(address, columns, rows, still=hello.get("still") is True)
        await page.say({"type": "game", "key": page_game.key, "resumed": resumed, "known": resumed or not key})
        await page_game.attach(page, columns, rows)
        await _take_messages(socket, page, page_game)
    except WireError:
        await page.close(POLICY)
    except AdmissionRefused as refused:
        await page.say({"type": refused.kind})
    except TimeoutError:
        pass  # an OSError too
    except (VoicetrailError, OSError):
        await page.say({"type": "failed"})
    finally:
        alive.cancel()
        if page_game is not None:
            page_game.detach(page)
        await page.close()
    return socket


async def _take_messages(socket: web.WebSocketResponse, page: TerminalPage, page_game: PageGame) -> None:
    size, count = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND), TokenBucket(MESSAGES_PER_SECOND, MESSAGES_IN_HAND)
    async for message in socket:
        now = time.monotonic()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        if count.spend(1, now) or size.spend(len(message.data), now):
            raise WireError("too many messages")
        if message.type is WSMsgType.BINARY:
            await page_game.type(message.data)
            continue
        data = _object(message)
        match data.get("type"):
            case "seen":
                page.seen(integer(data, "bytes", 0, 2**53))
            case "resize":
                page_game.resize(integer(data, "columns", 1, LARGEST[0] * 10), integer(data, "rows", 1, LARGEST[1] * 10))
            case _:
                raise WireError("unknown message type")


def _object(message: Any) -> dict[str, Any]:
    if message.type is not WSMsgType.TEXT:
        raise WireError("a text message was expected")
    return parse_object(message.data.encode("utf-8", "surrogatepass"), "message")
