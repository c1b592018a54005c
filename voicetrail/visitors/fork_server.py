"""A process that has the game imported, and becomes one game after the other by forking: they share what is in memory.

    python -m voicetrail.visitors.fork_server --control DESCRIPTOR --preload MODULE…

A game that is started from nothing takes 0.5 s of a processor and 38 MB; one that is forked takes 0.1 s, and 19 MB of its own. The
host asks for each with one message (``Launch``) that the descriptors come with, and is answered ``{"pid"}`` or ``{"error"}``; when a
game has ended, ``{"ended", "code"}`` follows. The process holds nothing secret, keeps nothing of a visitor whose game has begun, and
ends with the host.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from voicetrail.visitors.enter import prepare

MESSAGE_BYTES = 64 * 1024
"""Longest message."""
DESCRIPTORS = 16
"""Most descriptors with a message."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What one game is to be."""

    arguments: tuple[str, ...]
    """What follows ``python -m voicetrail``."""
    environment: Mapping[str, str]
    """All of it."""
    folder: str
    memory_bytes: int
    file_bytes: int
    hand_on: tuple[int, ...]
    """Numbers that the descriptors after the first, the terminal, have in the game."""

    def encode(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Launch:
        """Read what ``encode`` gave; the host is trusted."""
        said = json.loads(message)
        said["arguments"], said["hand_on"] = tuple(said["arguments"]), tuple(said["hand_on"])
        return cls(**said)


class _Server:
    """Takes messages until the host is gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._games: dict[int, int] = {}
        """Process by its descriptor."""

    def serve(self) -> tuple[Launch, Sequence[int]] | None:
        """Serve; returns in each game with what it is to be, and in the server with nothing, once the host is gone."""
        self._answer({"ready": True})
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._control:
                    self._reap(key.fd)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, DESCRIPTORS)
                if not message:
                    return None
                launch = self._launch(Launch.decode(message), descriptors)
                if launch is not None:
                    return launch, descriptors

    def _launch(self, launch: Launch, descriptors: Sequence[int]) -> Launch | None:
        try:
            pid = os.fork()
        except OSError as error:
            pid = -1
            self._answer({"error": error.strerror})
        if pid == 0:
            # Before the host knows of it: signals for a game go to its session's processes.
            os.setsid()
            self._answer({"pid": os.getpid()})
            self._control.close()
            self._selector.close()
            for game in self._games:
                os.close(game)
            return launch
        for descriptor in descriptors:
            os.close(descriptor)
        if pid > 0:
            game = os.pidfd_open(pid)
            self._games[game] = pid
            self._selector.register(game, selectors.EVENT_READ)
        return None

    def _reap(self, game: int) -> None:
        pid = self._games.pop(game)
        self._selector.unregister(game)
        os.close(game)
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(pid, 0)
            self._answer({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    def _answer(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):
            self._control.send(json.dumps(message).encode())


def become(launch: Launch, descriptors: Sequence[int]) -> None:
    """Be a game from now on: its terminal, descriptors, environment and limits; the leader of a session already."""
    # First out of the way of each other's numbers.
    beyond = max((2, *launch.hand_on, *descriptors)) + 1
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for number in (0, 1, 2):
        os.dup2(high[0], number)
    for descriptor, number in zip(high[1:], launch.hand_on, strict=True):
        os.dup2(descriptor, number)
    for descriptor in high:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(launch.environment)
    os.chdir(launch.folder)
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        signal.signal(number, handler)

    def writer(number: int) -> io.BufferedWriter:
        return io.BufferedWriter(io.FileIO(number, "w", closefd=False))

    # The streams of the server are no terminal; these last as long as the process.
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(writer(1), "utf-8", "surrogateescape", line_buffering=True)
    sys.stderr = io.TextIOWrapper(writer(2), "utf-8", "backslashreplace", line_buffering=True)
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
    prepare(launch.memory_bytes, launch.file_bytes)
    sys.argv = ["voicetrail", *launch.arguments]


def threads() -> int:
    """Threads of this process: a fork takes only one of them along."""
    return len(list(Path("/proc/self/task").iterdir()))


def main() -> None:
    """Serve; in each game, play."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--preload", nargs="*", default=[])
    args = parser.parse_args()
    # A terminal's keys are for the host.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in args.preload:
        importlib.import_module(name)
    if threads() != 1:
        sys.exit("what was imported has started threads: games cannot be forked from it")
    gc.collect()
    gc.freeze()
    begun = _Server(socket.socket(fileno=args.control)).serve()
    if begun is not None:
        become(*begun)
        runpy.run_module("voicetrail", run_name="__main__")


if __name__ == "__main__":
    main()
