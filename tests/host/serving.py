"""A host in this process, with a program in place of the game that shows what it was given."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from voicetrail.host.keys import VisitorKeys
from voicetrail.host.server import HostServer
from voicetrail.visitors.event_log import EventLog
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import VisitorLimits

GAME = """
import json, os, signal, socket, sys, tty
terms = json.loads(os.environ["VOICETRAIL_VISIT"])
host = socket.socket(fileno=terms["channel"])
def say(**what): host.sendall(json.dumps(what).encode() + b"\\n")
signal.signal(signal.SIGHUP, lambda *_: sys.exit(5))
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, b"size %d %d;" % tuple(os.get_terminal_size())))
tty.setraw(0)
given = {"terms": terms, "term": os.environ["TERM"], "size": os.get_terminal_size(), "home": os.getcwd()}
print("game", json.dumps(given), "ready", flush=True)
while data := os.read(0, 4096):
    if data == b"q": sys.exit(0)
    if data == b"r": say(round=True)
    if data == b"s": say(round=False)
    if data == b"x": say(rubbish=1)
    if data == b"k": os.kill(os.getpid(), 9)
    if data == b"f":
        while True: os.write(1, b"x" * 4096)
    os.write(1, b"got " + data)
"""


class Logged(io.StringIO):
    """The log's lines."""

    def events(self, event: str) -> list[str]:
        return [line for line in self.getvalue().splitlines() if line.split()[1] == event]


@dataclass
class RunningHost:
    """A running host."""

    server: HostServer
    log: Logged
    homes: VisitorHomes

    def connect(self, name: str = "ada", **options: Any) -> Any:
        """Connect as a visitor; an async context manager."""
        return asyncssh.connect(
            "127.0.0.1",
            self.server.port,
            username=name,
            known_hosts=None,
            config=None,
            **({"client_keys": None, "agent_path": None} | options),
        )


@asynccontextmanager
async def open_host(
    *,
    keys: VisitorKeys | None = None,
    guests: bool = True,
    game: str | None = GAME,
    keep_in: Path | None = None,
    scores: Any = None,
    recognizer: Any = None,
    **limits: float,
) -> AsyncIterator[RunningHost]:
    """A host with these limits, until the block ends."""
    log = Logged()
    # A short path: sockets are made below it.
    with tempfile.TemporaryDirectory(prefix="vt-") as short, VisitorHomes(parent=Path(short), permanent_in=keep_in) as homes:
        command: Sequence[str] | None = None if game is None else [sys.executable, "-I", "-S", "-c", game]
        server = HostServer(
            asyncssh.generate_private_key("ssh-ed25519"),
            VisitorLimits(**limits),  # type: ignore[arg-type]
            homes,
            EventLog(stream=log),
            recognizer=recognizer,
            keys=keys,
            guests=guests,
            command=command,
            scores=scores,
        )
        await server.start("127.0.0.1", 0)
        try:
            yield RunningHost(server, log, homes)
        finally:
            await server.close(0)


async def read_until(process: Any, expected: str, timeout: float = 20) -> str:
    """Read what a visitor's terminal shows until something is there."""
    shown = b""
    async with asyncio.timeout(timeout):
        while expected.encode() not in shown:
            data = await process.stdout.read(65536)
            assert data, shown
            shown += data
    return shown.decode()


async def begin(connection: Any, command: str | None = None, **options: Any) -> Any:
    """Begin a game, as `ssh -t` does, and wait until it is there."""
    process = await connection.create_process(
        command, **({"term_type": "xterm-256color", "term_size": (100, 30), "encoding": None} | options)
    )
    await read_until(process, " ready")
    return process


async def until(condition: Callable[[], object], timeout: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.02)
