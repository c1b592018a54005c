"""The WebSocket of the microphone: sound from the page, and pings to the page.

The first text message of the page contains the key of its game. Then the page sends chunks (``sound_format``) as binary messages, and
the text messages ``state`` (state of its microphone) and ``pong``. The server sends ``ping``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from aiohttp import WSMsgType, web

from voicetrail.link.delay import TokenBucket
from voicetrail.link.wire import WireError, parse_object, text
from voicetrail.serve.microphone import STATES, MicrophoneBridge
from voicetrail.serve.page_games import KEY_LIMIT, PageGames
from voicetrail.serve.sound_format import CHUNK_BYTES, SoundError
from voicetrail.serve.terminal import HEARTBEAT_S, HELLO_TIME_S, POLICY

TEXTS_PER_SECOND, TEXTS_IN_HAND = 25, 100
"""Rate limit of text messages: sustained per second, and burst. A game sends less than two pings per second, but ten at first."""
REPORTS_PER_SECOND, REPORTS_IN_HAND = 1, 10
"""Rate limit of state reports: sustained per second, and burst. The game drops a source with more than five reports per second."""


async def serve_sound(request: web.Request, page_games: PageGames) -> web.WebSocketResponse:
    """Handle the WebSocket on which a page sends its sound."""
    socket = web.WebSocketResponse(max_msg_size=2 * CHUNK_BYTES, heartbeat=HEARTBEAT_S, compress=False, timeout=1)
    await socket.prepare(request)
    try:
        await _SoundPage(socket).serve(page_games)
    except (WireError, SoundError):
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(socket.close(code=POLICY), 1)
    except TimeoutError:
        pass
    finally:
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(socket.close(), 1)
    return socket


class _SoundPage:
    """A page's connection for its sound.

    Args:
        socket: the WebSocket to the page.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._pings = set[asyncio.Task[None]]()
        self._texts_left = TokenBucket(TEXTS_PER_SECOND, TEXTS_IN_HAND)
        self._reports_left = TokenBucket(REPORTS_PER_SECOND, REPORTS_IN_HAND)

    async def serve(self, page_games: PageGames) -> None:
        """Forward the page's sound until the page disconnects, or connects its microphone again.

        Raises:
            WireError: the page sent an invalid message.
            SoundError: the page sent an invalid chunk of sound.
            TimeoutError: the page did not send its key in time.
        """
        bridge = await self._bridge(page_games)
        relay_ping = self._relay_ping
        bridge.connected(relay_ping)
        try:
            async for message in self._socket:
                if bridge.relay_ping != relay_ping:
                    return  # the page has connected its microphone again
                if message.type is WSMsgType.BINARY:
                    bridge.take(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._take_text(bridge, message.data)
                else:
                    return
        finally:
            bridge.disconnected(relay_ping)

    async def _bridge(self, page_games: PageGames) -> MicrophoneBridge:
        first = await self._socket.receive(HELLO_TIME_S)
        if first.type is not WSMsgType.TEXT:
            raise WireError("a text message was expected")
        page_game = page_games.find(text(_object(first.data), "key", KEY_LIMIT))
        if page_game is None:
            raise WireError("unknown key")
        return page_game.bridge

    def _take_text(self, bridge: MicrophoneBridge, message: str) -> None:
        if self._texts_left.spend(1, time.monotonic()):
            raise WireError("too many messages")
        data = _object(message)
        match data.get("type"):
            case "pong":
                bridge.pong(text(data, "text", 32))
            case "state":
                state = text(data, "state", 20)
                if state not in STATES or self._reports_left.spend(1, time.monotonic()):
                    raise WireError("unknown state, or too many states")
                bridge.report(state)
            case _:
                raise WireError("unknown message type")

    def _relay_ping(self, asked: str) -> None:
        task = self._loop.create_task(_send(self._socket, {"type": "ping", "text": asked}))
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        await socket.send_json(message)


def _object(data: str) -> dict[str, Any]:
    return parse_object(data.encode("utf-8", "surrogatepass"), "message")
