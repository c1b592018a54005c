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
from voicetrail.serve.microphone import STATES
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
    loop = asyncio.get_running_loop()
    pings = set[asyncio.Task[None]]()

    def relay_ping(asked: str) -> None:
        task = loop.create_task(_send(socket, {"type": "ping", "text": asked}))
        pings.add(task)
        task.add_done_callback(pings.discard)

    bridge = None
    try:
        first = await socket.receive(HELLO_TIME_S)
        if first.type is not WSMsgType.TEXT:
            raise WireError("no text where one was due")
        hello = _object(first.data)
        session = sessions.find(text(hello, "session", KEY_LIMIT))
        if session is None:
            raise WireError("a session that there is not")
        bridge = session.bridge
        bridge.connected(relay_ping)
        texts_left, reports_left = (
            TokenBucket(TEXTS_PER_SECOND, TEXTS_IN_HAND),
            TokenBucket(REPORTS_PER_SECOND, REPORTS_IN_HAND),
        )
        async for message in socket:
            if bridge.relay_ping != relay_ping:
                break  # the page has connected its microphone again
            if message.type is WSMsgType.BINARY:
                bridge.take(message.data)
                continue
            if message.type is not WSMsgType.TEXT:
                break
            if texts_left.spend(1, time.monotonic()):
                raise WireError("more than a page has to send")
            data = _object(message.data)
            match data.get("type"):
                case "pong":
                    bridge.pong(text(data, "text", 32))
                case "state":
                    state = text(data, "state", 20)
                    if state not in STATES or reports_left.spend(1, time.monotonic()):
                        raise WireError("a state that there is not, or too many of them")
                    bridge.report(state)
                case _:
                    raise WireError("a message of no known type")
    except (WireError, SoundError):
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(socket.close(code=POLICY), 1)
    except TimeoutError:
        pass
    finally:
        if bridge is not None:
            bridge.disconnected(relay_ping)
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(socket.close(), 1)
    return socket


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        await socket.send_json(message)


def _object(data: str) -> dict[str, Any]:
    return parse_object(data.encode("utf-8", "surrogatepass"), "message")
