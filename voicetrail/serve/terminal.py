"""The WebSocket of the terminal: what a page and its game say to each other.

Binary messages are the terminal's bytes, in both directions. Text messages are JSON objects. The page begins with ``hello`` and
then sends ``resize`` and ``seen`` (how many bytes it has painted, so that a page that is behind holds up its game and not the
server's memory). The server sends ``session``, and one last message that says why it lets the page go; and every few seconds
``alive``, for a browser does not say when nothing comes any more.
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
from voicetrail.serve.sessions import KEY_LIMIT, LARGEST, Session, Sessions
from voicetrail.visitors.admission import AdmissionRefused

MESSAGE_LIMIT = 32 * 1024
"""Most bytes of a page's message; a paste is cut by the page."""
HELLO_TIME_S = 5.0
"""Seconds in which a page has to say which game it is for."""
HEARTBEAT_S = 20.0
"""Seconds between two looks at whether the page is still there."""
ALIVE_S = 4.0
"""Seconds between two messages that only say that the server is there; ``page.js`` takes a connection for dead after three of them."""
UNSEEN_LIMIT = 128 * 1024
"""Bytes on the way to a page that it has not painted; more only wait."""
STALLED_S = 20.0
"""Seconds for which a page may paint nothing of what it was sent, before it is let go."""
BYTES_PER_SECOND, BYTES_IN_HAND = 16 * 1024, 64 * 1024
"""What a page may send; a mouse that moves sends some 2,000 bytes a second."""
MESSAGES_PER_SECOND, MESSAGES_IN_HAND = 500, 2000
POLICY = 1008
"""Code of a WebSocket that is closed because of what was sent."""


class TerminalPage:
    """One page that shows a game."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._sent = self._seen = 0
        self._painted = asyncio.Event()

    async def show(self, output: bytes) -> None:
        """See ``sessions.Page``."""
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
        """See ``sessions.Page``."""
        await self.say({"type": reason})
        await self.close()

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message; a page that is gone does not get it."""
        with contextlib.suppress(OSError, RuntimeError):
            await self._socket.send_json(message)

    async def say_alive(self) -> None:
        """Say again and again that the server is there."""
        while True:
            await asyncio.sleep(ALIVE_S)
            await self.say({"type": "alive"})

    async def close(self, code: int = 1000) -> None:
        """Let the page go. One that does not answer is not waited for."""
        self._painted.set()
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(self._socket.close(code=code), 1)

    def seen(self, total: int) -> None:
        """The page has painted so many bytes in all."""
        if total > self._sent:
            raise WireError("more seen than was sent")
        self._seen = max(self._seen, total)
        self._painted.set()


async def serve_terminal(request: web.Request, sessions: Sessions, address: str) -> web.WebSocketResponse:
    """Answer the page's request for its terminal.

    Args:
        request: the request.
        sessions: all games.
        address: of whoever plays.
    """
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, heartbeat=HEARTBEAT_S, compress=False, timeout=1)
    await socket.prepare(request)
    page = TerminalPage(socket)
    session: Session | None = None
    alive = asyncio.create_task(page.say_alive())
    try:
        hello = _object(await socket.receive(HELLO_TIME_S))
        columns, rows = integer(hello, "columns", 1, 10_000), integer(hello, "rows", 1, 10_000)
        key = text(hello, "session", KEY_LIMIT, "")
        session = sessions.find(key)
        resumed = session is not None
        if session is None:
            session = await sessions.begin(address, columns, rows, still=hello.get("still") is True)
        await page.say({"type": "session", "session": session.key, "resumed": resumed, "known": resumed or not key})
        await session.attach(page, columns, rows)
        await _take_messages(socket, page, session)
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
        if session is not None:
            session.detach(page)
        await page.close()
    return socket


async def _take_messages(socket: web.WebSocketResponse, page: TerminalPage, session: Session) -> None:
    size, count = TokenBucket(BYTES_PER_SECOND, BYTES_IN_HAND), TokenBucket(MESSAGES_PER_SECOND, MESSAGES_IN_HAND)
    async for message in socket:
        now = time.monotonic()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        if count.spend(1, now) or size.spend(len(message.data), now):
            raise WireError("more than a page has to send")
        if message.type is WSMsgType.BINARY:
            await session.type(message.data)
            continue
        data = _object(message)
        match data.get("type"):
            case "seen":
                page.seen(integer(data, "bytes", 0, 2**53))
            case "resize":
                session.resize(integer(data, "columns", 1, LARGEST[0] * 10), integer(data, "rows", 1, LARGEST[1] * 10))
            case _:
                raise WireError("a message of no known type")


def _object(message: Any) -> dict[str, Any]:
    if message.type is not WSMsgType.TEXT:
        raise WireError("no text where one was due")
    return parse_object(message.data.encode("utf-8", "surrogatepass"), "message")
