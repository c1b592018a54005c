"""Mutated messages at both ends of a network connection, before and after the handshake.

    python -m tools.attack wire --count 100000 --seed 1

What is checked: no unexpected exception (neither in a thread nor in the last handler of a connection), no control characters in the
reports, no connection longer than two seconds, at most 200 MB more memory, and both ends still work afterwards.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.link.feeding import LoudIsUp, Steady
from tools.attack.memory import peak_mb
from tools.attack.wire_messages import chunk, client_events, hello, mutated, ready, sound_events, word_events
from voicetrail.events import AudioBlock, Ready, SourceBack, SourceDelayed, SourceLost, WordHeard
from voicetrail.link.address import parse_address
from voicetrail.link.delay import TokenBucket
from voicetrail.link.receiving import connection
from voicetrail.link.receiving.remote_listener import RemoteListener
from voicetrail.link.receiving.source import open_connection
from voicetrail.link.serving.feeds import SoundFeed, WordsFeed
from voicetrail.link.serving.server import LinkServer
from voicetrail.link.wire import PROOF, EventDecoder, proof

BATCH = 25
"""Messages per connection."""
LONGEST_S = 2.0
LARGEST_MB = 200
SECRET = b"a secret of some length"
UNEXPECTED = re.compile(r"(failed|disconnected) \([A-Za-z]+")
"""The report of an unexpected exception."""


@dataclass
class Outcome:
    """The result of an attack."""

    messages: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    grown_mb: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.messages} messages, {len(self.failures)} failures, the slowest connection took {self.slowest_s:.2f} s, "
            f"memory grew by {self.grown_mb:.0f} MB"
        )


def run(count: int, seed: int) -> Outcome:
    """Attack with ``count`` messages, a quarter of them at each of four ends; the same seed makes the same messages."""
    outcome = Outcome()
    before_mb = peak_mb()
    thread_errors: list[str] = []
    hook, threading.excepthook = (
        threading.excepthook,
        lambda args: thread_errors.append(f"in a thread: {args.exc_type.__name__}"),
    )
    back_off, connection.BACK_OFF_S = connection.BACK_OFF_S, (0.001, 0.002)
    try:
        with tempfile.TemporaryDirectory(prefix="vt") as name:
            for number, end in enumerate((_attack_sound_server, _attack_words_server, _attack_source, _attack_listener)):
                end(Path(name), count // 4, random.Random(f"{seed}/{number}"), outcome)
    finally:
        threading.excepthook, connection.BACK_OFF_S = hook, back_off
    outcome.failures += thread_errors
    outcome.grown_mb = peak_mb() - before_mb
    if outcome.grown_mb > LARGEST_MB:
        outcome.failures.append(f"memory grew by {outcome.grown_mb:.0f} MB")
    return outcome


def _attack_sound_server(folder: Path, count: int, rng: random.Random, outcome: Outcome) -> None:
    _attack_server(LinkServer, SoundFeed(Steady()), None, folder / "sound", count // 2, rng, outcome)
    _attack_server(LinkServer, SoundFeed(Steady()), SECRET, folder / "secret", count - count // 2, rng, outcome)


def _attack_words_server(folder: Path, count: int, rng: random.Random, outcome: Outcome) -> None:
    _attack_server(LinkServer, WordsFeed(Steady(), LoudIsUp(), LoudIsUp.detector), None, folder / "words", count, rng, outcome)


def _attack_server(
    make: Callable[..., LinkServer],
    feed: SoundFeed | WordsFeed,
    secret: bytes | None,
    path: Path,
    count: int,
    rng: random.Random,
    outcome: Outcome,
) -> None:
    """Connect again and again as a client that sends wrong messages."""
    lines: list[str] = []
    server = make(feed, parse_address(f"unix://{path}"), secret=secret, on_problem=lines.append)
    server._problems = TokenBucket(1e9, 1e9)  # every line, not the first few
    server.start()
    try:
        for batch in _batches(count, rng):
            with _timed(outcome, f"a client of {path.name}"), _connect(path) as client:
                if secret is not None and rng.random() < 0.7:
                    _prove(client, secret)
                with contextlib.suppress(OSError):
                    for _ in range(batch):
                        client.sendall(mutated(rng, client_events(rng)))
                    client.shutdown(socket.SHUT_WR)
                    _drain(client)
            outcome.messages += batch
        with _connect(path) as client:
            if secret is not None:
                _prove(client, secret)
            if len(_read(client, 200)) < 200:
                outcome.failures.append(f"{path.name}: nothing is served any more")
    finally:
        server.close()
    _check_lines(lines, path.name, outcome)


def _attack_source(folder: Path, count: int, rng: random.Random, outcome: Outcome) -> None:
    """Attack the game as a microphone, and then check that it still works with a correct one."""
    path = folder / "microphone"
    honest = hello("sound") + b"".join(chunk(20 * n) for n in range(50))
    with _peer(path, count, rng, outcome, sound_events, honest), open_connection(f"unix://{path}") as source:
        lines: list[str] = []
        end = time.monotonic() + 30 + count / 500
        while time.monotonic() < end:
            item = source.read(0.05)
            if isinstance(item, AudioBlock):
                if not np.isfinite(item.samples).all() or np.abs(item.samples).max(initial=0.0) > 1.0:
                    outcome.failures.append("a sample out of bounds")
                if len(item.samples) == 333:  # only the honest one's blocks have this length
                    break
            elif isinstance(item, SourceLost | SourceDelayed):
                lines.append(item.message)
            elif isinstance(item, SourceBack):
                lines.append(item.name)
        else:
            outcome.failures.append("the source does not hear an honest microphone any more")
        began = time.monotonic()
    if time.monotonic() - began > 0.5:
        outcome.failures.append(f"closing the source took {time.monotonic() - began:.1f} s")
    _check_lines(lines, "the source", outcome)


def _attack_listener(folder: Path, count: int, rng: random.Random, outcome: Outcome) -> None:
    """Attack the game as a recognizer, and then check that it still works with a correct one."""
    path = folder / "recognizer"
    word = json.dumps({"type": "vt-heard", "data": {"t": 424_242, "w": "down", "p": 77}}).encode() + b"\n"
    honest = hello("words") + ready("honest") + word
    with _peer(path, count, rng, outcome, word_events, honest):
        listener = RemoteListener(f"words+unix://{path}")
        lines: list[str] = []
        found = threading.Event()

        def listen() -> None:
            for event in listener.events():
                if isinstance(event, SourceLost | SourceDelayed):
                    lines.append(event.message)
                elif isinstance(event, Ready):
                    lines.append(event.source)
                elif isinstance(event, WordHeard) and event.time == 424_242:
                    found.set()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        if not found.wait(30 + count / 500):
            outcome.failures.append("the listener does not hear an honest recognizer any more")
        began = time.monotonic()
        listener.stop()
        thread.join(2)
        if time.monotonic() - began > 0.5:
            outcome.failures.append(f"stopping the listener took {time.monotonic() - began:.1f} s")
    _check_lines(lines, "the listener", outcome)


@contextlib.contextmanager
def _peer(
    path: Path,
    count: int,
    rng: random.Random,
    outcome: Outcome,
    events: Callable[[random.Random], list[dict[str, Any]]],
    honest: bytes,
) -> Iterator[None]:
    """Serve wrong messages, a batch per connection, and afterwards correct ones."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    ended = threading.Event()

    def serve() -> None:
        batches = _batches(count, rng)
        with contextlib.suppress(OSError):
            while not ended.is_set():
                client, _ = server.accept()
                client.settimeout(2)
                batch = next(batches, 0)
                with contextlib.suppress(OSError), client:
                    if not batch:
                        # Again and again: a rate limit may have to recover first.
                        client.sendall(honest)
                        ended.wait(0.5)
                        continue
                    with _timed(outcome, f"a connection to {path.name}"):
                        client.sendall(hello("words" if "recognizer" in path.name else "sound") if rng.random() < 0.8 else b"")
                        for _ in range(batch):
                            client.sendall(mutated(rng, events(rng)))
                        client.shutdown(socket.SHUT_WR)
                        _drain(client)
                outcome.messages += batch

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def _prove(client: socket.socket, secret: bytes) -> None:
    """Do the client's part of the handshake."""
    decoder = EventDecoder()
    (hello,) = decoder.feed(client.recv(4096))[:1]
    own = proof(secret, "game", "mine", hello.data["nonce"])
    client.sendall(json.dumps({"type": PROOF, "data": {"nonce": "mine", "proof": own}}).encode() + b"\n")


def _connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(str(path))
    return client


def _read(client: socket.socket, count: int) -> bytes:
    data = b""
    with contextlib.suppress(OSError):
        while len(data) < count and (more := client.recv(4096)):
            data += more
    return data


def _drain(client: socket.socket) -> None:
    """Read until the other end closes the connection."""
    end = time.monotonic() + LONGEST_S
    while client.recv(65_536):
        if time.monotonic() > end:
            return


def _batches(count: int, rng: random.Random) -> Iterator[int]:
    while count > 0:
        batch = min(count, rng.randrange(1, 2 * BATCH))
        yield batch
        count -= batch


@contextlib.contextmanager
def _timed(outcome: Outcome, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    taken = time.monotonic() - began
    outcome.slowest_s = max(outcome.slowest_s, taken)
    if taken > LONGEST_S:
        outcome.failures.append(f"{what} took {taken:.1f} s")


def _check_lines(lines: list[str], where: str, outcome: Outcome) -> None:
    for line in lines:
        if UNEXPECTED.search(line):
            outcome.failures.append(f"{where}: {line}")
        if not line.isprintable():
            outcome.failures.append(f"{where}: {line!r} is not safe to print")
