"""The recognizer's process: follows the host's requests from a socket, until that is closed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
from typing import Any

from voicetrail.errors import VoicetrailError
from voicetrail.recognizer_service.engine import Engine
from voicetrail.recognizer_service.messages import (
    LINE_LIMIT,
    ServiceReport,
    decode_line,
    decode_sound,
    encode_line,
    encode_status,
)
from voicetrail.text import printable

NICER = 5
"""By how much the process lowers its nice value, to have priority over the games."""
ENDS_S = 1.0
"""Seconds for open connections to end."""


def main() -> None:
    """Serve until the host closes the socket."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True, help="descriptor of the socket with the host's requests")
    parser.add_argument("--weights", action="append", default=[], help="weights to load at the start; may be repeated")
    args = parser.parse_args()
    # The host ends this process by closing the socket, after informing the visitors; ctrl+c in the terminal is for the host.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _go_first()
    asyncio.run(_serve(socket.socket(fileno=args.control), args.weights))


def _go_first() -> None:
    """Raise the priority of this process above that of the games, if the system allows it (root, or CAP_SYS_NICE)."""
    with contextlib.suppress(OSError):
        os.nice(-NICER)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as weight:
        weight.write(str(-NICER))


async def _serve(control: socket.socket, weights: list[str]) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=control, limit=LINE_LIMIT)

    def send(message: dict[str, Any]) -> None:
        if not writer.is_closing():
            writer.write(encode_line(message))

    def report(event: ServiceReport) -> None:
        send({"report": event.kind, "visitor": event.visitor, "text": event.text})

    engine = Engine(asyncio.get_running_loop(), report)
    tasks: set[asyncio.Task[None]] = set()
    try:
        for name in weights:
            await engine.load(name)
        # Imported modules stay for good; collecting garbage among them would delay every visitor by a tenth of a second.
        gc.collect()
        gc.freeze()
        send({"ready": list(weights)})
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                task = asyncio.create_task(_obey(engine, decode_line(line), send))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
    except VoicetrailError as error:
        send({"failed": str(error)})
    finally:
        engine.close()
        # Closed connections finish by themselves.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDS_S):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0.01)
        writer.close()


async def _obey(engine: Engine, order: dict[str, Any], send: Any) -> None:
    answer: dict[str, Any] = {"id": order.get("id")}
    try:
        answer["result"] = await _result(engine, order)
    except VoicetrailError as error:
        answer["error"] = str(error)
    except Exception as error:  # an error in one request must not affect other visitors
        answer["error"] = f"{type(error).__name__}: {printable(error, 200)}"
    send(answer)


async def _result(engine: Engine, order: dict[str, Any]) -> Any:
    match order["do"]:
        case "add":
            return await engine.add(order["visitor"], decode_sound(order["sound"]))
        case "remove":
            return engine.remove(order["visitor"])
        case "sound":
            return engine.set_sound(order["visitor"], decode_sound(order["sound"]))
        case "status":
            return encode_status(engine.status())
    raise VoicetrailError("an unknown order")
