"""Messages that no page sends: each ends at most its own connection, and everybody else plays on."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import struct
from typing import Any

import aiohttp
import pytest

from tests.serve.conftest import HELLO, Running, output_until, serving, until
from voicetrail.serve.sound_format import CHUNK_BYTES

PER_CONNECTION = 40
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "\ud800",
    "x" * 300,
    "\x1b[2J\x07",
    [],
    [[]],
    {},
    {"type": "resize"},
)
TYPES = ("resize", "seen", "state", "pong", "hello", "key", "quit", "\x00", 7, None)


def message(chance: random.Random) -> bytes | str:
    """Something that is nearly a message, or nothing like one."""
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randbytes(chance.choice((0, 1, 11, 12, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 1200)))
    if kind == 1:
        stamp = chance.choice((0.0, -1.0, float("nan"), float("inf"), 1e300, chance.uniform(0, 1e6)))
        return struct.pack("<Id", chance.getrandbits(32), stamp) + chance.randbytes(CHUNK_BYTES - 12)
    if kind == 2:
        names = ("type", "columns", "rows", "bytes", "state", "text", "key")
        return json.dumps({name: chance.choice((*VALUES, *TYPES)) for name in names if chance.random() < 0.5})
    if kind == 3:
        return json.dumps(
            {
                "type": chance.choice(TYPES),
                "columns": chance.randrange(-5, 500),
                "rows": chance.randrange(-5, 500),
                "bytes": chance.choice(VALUES),
            }
        )
    if kind == 4:
        return chance.choice(
            ("", "{", "[" * 5000, '{"type":' * 300, "null", "NaN", '{"type":NaN}', '{"a":1e999}', "\x00", '"\\ud800"')
        )
    return "".join(chance.choice('{}[]":,\\u0eE+-. typeresize\x1b') for _ in range(chance.randrange(200)))


async def attack(running: Running, chance: random.Random, count: int, seen: list[int]) -> None:
    """Send so many messages over one connection after the other."""
    sent = 0
    while sent < count:
        try:
            path = chance.choice(("terminal", "microphone"))
            socket = await running.socket(path)
            if chance.random() < 0.7:
                key = chance.choice(running.page_games.all).key if running.page_games.all and chance.random() < 0.2 else ""
                await socket.send_json(HELLO if path == "terminal" else {"key": key})
            for _ in range(min(PER_CONNECTION, count - sent)):
                each = message(chance)
                sent += 1
                await (socket.send_bytes(each) if isinstance(each, bytes) else socket.send_str(each))
                if socket.closed or socket.close_code is not None:
                    break
            await asyncio.wait_for(socket.close(), 60)
        except (aiohttp.ClientError, ConnectionError, UnicodeError):
            sent += 1
    seen.append(sent)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("messages", [1_000, pytest.param(20_000, marks=pytest.mark.e2e)])
async def test_any_messages_do_not_disturb_other_games(messages: int) -> None:
    async with serving(visitors=40, per_address=40, returns_within_s=0.2) as running:
        problems: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(str(context)))
        socket, _ = await running.terminal()
        seen: list[int] = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Some of it is sent as the player's own microphone; the player's terminal has a key that nobody knows.
        attackers = [attack(running, random.Random(f"serve {number}"), messages // 8, seen) for number in range(8)]
        work = asyncio.gather(*attackers)
        turn = 0
        while not work.done():
            turn += 1
            await socket.send_bytes(f"still {turn}\r".encode())
            await output_until(socket, f"still {turn}\r\n".encode())
            await asyncio.sleep(0.02)
        await work
        assert sum(seen) >= messages
        assert turn > 5
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert grown_mb < 150
        await until(lambda: len(running.page_games.all) <= 2)
        assert not [problem for problem in problems if "Traceback" in problem], problems[:3]
        assert problems == []
