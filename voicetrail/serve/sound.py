"""The WebSocket of the microphone: sound from the page, pings to it.

The page begins with a text message that names its session, then sends chunks (``sound_format``) as binary messages. Its text messages
are ``state`` (how its microphone stands) and ``pong``; those of the server are ``ping``.
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
from voicetrail.serve.sessions import KEY_LIMIT, Sessions
from voicetrail.serve.sound_format import CHUNK_BYTES, SoundError
from voicetrail.serve.terminal import HEARTBEAT_S, HELLO_TIME_S, POLICY

TEXTS_PER_SECOND, TEXTS_IN_HAND = 25, 100
"""Answers to pings and reports that a page may send; a game pings less than twice a second, ten times at first."""
REPORTS_PER_SECOND, REPORTS_IN_HAND = 1, 10
"""Changes of its microphone that a page may report. The game lets a source go that reports more than five a second."""


async def serve_sound(request: web.Request, sessions: Sessions) -> web.WebSocketResponse:
    """Answer the page's request to send its sound."""
    socket = web.WebSocketResponse(max_msg_size=2 * CHUNK_BYTES, heartbeat=HEARTBEAT_S, compress=False, timeout=1)
    await socket.prepare(request)
    try:
        await _SoundPage(socket).serve(sessions)
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
        socket: to the page.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._pings = set[asyncio.Task[None]]()
        self._texts_left = TokenBucket(TEXTS_PER_SECOND, TEXTS_IN_HAND)
        self._reports_left = TokenBucket(REPORTS_PER_SECOND, REPORTS_IN_HAND)

    async def serve(self, sessions: Sessions) -> None:
        """Hand the page's sound on until it goes, or connects its microphone again.

        Raises:
            WireError: the page sent what it must not.
            SoundError: a chunk of sound is none.
            TimeoutError: the page did not say which session it has.
        """
        bridge = await self._bridge(sessions)
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

    async def _bridge(self, sessions: Sessions) -> MicrophoneBridge:
        first = await self._socket.receive(HELLO_TIME_S)
        if first.type is not WSMsgType.TEXT:
            raise WireError("no text where one was due")
        session = sessions.find(text(_object(first.data), "session", KEY_LIMIT))
        if session is None:
            raise WireError("a session that there is not")
        return session.bridge

    def _take_text(self, bridge: MicrophoneBridge, message: str) -> None:
        if self._texts_left.spend(1, time.monotonic()):
            raise WireError("more than a page has to send")
        data = _object(message)
        match data.get("type"):
            case "pong":
                bridge.pong(text(data, "text", 32))
            case "state":
                state = text(data, "state", 20)
                if state not in STATES or self._reports_left.spend(1, time.monotonic()):
                    raise WireError("a state that there is not, or too many of them")
                bridge.report(state)
            case _:
                raise WireError("a message of no known type")

    def _relay_ping(self, asked: str) -> None:
        task = self._loop.create_task(_send(self._socket, {"type": "ping", "text": asked}))
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        await socket.send_json(message)


def _object(data: str) -> dict[str, Any]:
    return parse_object(data.encode("utf-8", "surrogatepass"), "message")
