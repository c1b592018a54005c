"""A process that has imported the game and forks for each new game, so that all games share memory.

    python -m voicetrail.visitors.fork_server --control DESCRIPTOR --preload MODULE…

A new process for a game takes 0.5 s of processor time and 38 MB; a forked one takes 0.1 s, and 19 MB of its own. The host requests
each game with one message (``Launch``), which carries the descriptors. The answer is ``{"pid"}`` or ``{"error"}``; when a game has
ended, ``{"ended", "code"}`` follows. The process has no secrets, stores nothing about visitors, and ends with the host.
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
"""Maximum length of a message, in bytes."""
DESCRIPTORS = 16
"""Maximum number of descriptors per message."""


@dataclass(frozen=True, slots=True)
class Launch:
    """The request for a game."""

    arguments: tuple[str, ...]
    """The arguments after ``python -m voicetrail``."""
    environment: Mapping[str, str]
    """The complete environment."""
    folder: str
    memory_bytes: int
    file_bytes: int
    hand_on: tuple[int, ...]
    """Numbers in the game of the descriptors after the first one, which is the terminal."""

    def encode(self) -> bytes:
        """Convert the request to a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Launch:
        """Read the output of ``encode``; the host is trusted."""
        said = json.loads(message)
        said["arguments"], said["hand_on"] = tuple(said["arguments"]), tuple(said["hand_on"])
        return cls(**said)


class _Server:
    """Processes messages until the host ends."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._games: dict[int, int] = {}
        """Process ID by pidfd."""

    def serve(self) -> tuple[Launch, Sequence[int]] | None:
        """Serve. Returns the request in each game, and ``None`` in the server when the host has ended."""
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
            # Before the host knows the process, because signals for a game go to its session.
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
    """Turn this process, which already leads a session, into the game: set terminal, descriptors, environment and limits."""
    # First move all descriptors to unused numbers.
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

    # Replace the server's streams, which are not the terminal, for the lifetime of the process.
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(writer(1), "utf-8", "surrogateescape", line_buffering=True)
    sys.stderr = io.TextIOWrapper(writer(2), "utf-8", "backslashreplace", line_buffering=True)
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
    prepare(launch.memory_bytes, launch.file_bytes)
    sys.argv = ["voicetrail", *launch.arguments]


def threads() -> int:
    """Return the number of threads; a fork keeps only one of them."""
    return len(list(Path("/proc/self/task").iterdir()))


def main() -> None:
    """Serve, and play in each forked game."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--preload", nargs="*", default=[])
    args = parser.parse_args()
    # Ctrl-C in a terminal is for the host.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in args.preload:
        importlib.import_module(name)
    if threads() != 1:
        sys.exit("an imported module has started threads, so games cannot be forked")
    gc.collect()
    gc.freeze()
    begun = _Server(socket.socket(fileno=args.control)).serve()
    if begun is not None:
        become(*begun)
        runpy.run_module("voicetrail", run_name="__main__")


if __name__ == "__main__":
    main()
