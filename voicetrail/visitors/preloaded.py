"""The host's side of ``fork_server``: games that start quickly and share memory. Linux only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from voicetrail.visitors.fork_server import MESSAGE_BYTES, Launch
from voicetrail.visitors.home import HANDED_ON, ONE_THREAD

STARTS_WITHIN_S = 30.0
"""Maximum time for the process to import the game, in s."""
ANSWERS_WITHIN_S = 2.0
"""Maximum time for the start of a game, in s; a fork takes some milliseconds."""
CODE_WITHIN_S = 0.5
"""Maximum wait for the exit code of an ended game, in s."""


class NotPreloadedError(Exception):
    """A game cannot be forked; it can still be started as a new process."""


class ForkedGame:
    """A forked game, with the part of the ``subprocess.Popen`` interface that ``GameProcess`` uses.

    Args:
        games: the process that forked it.
        pid: ID of its process, which leads its own session.
    """

    def __init__(self, games: PreloadedGames, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """Exit code; negative for a signal, as in ``subprocess.Popen``; 0 if it is unknown."""
        self._games = games

    def poll(self) -> int | None:
        """Return the exit code; ``None`` while the game is running."""
        self._games.read()
        if self.returncode is None and not self._exists():
            # The game has ended; its exit code will arrive soon.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(CODE_WITHIN_S)
            self.returncode = self.returncode or 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code.

        Raises:
            subprocess.TimeoutExpired: the game did not end in time.
        """
        self._games.read_until(lambda: self.returncode is not None, timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a game", timeout or 0.0)
        return self.returncode

    def _exists(self) -> bool:
        try:
            # An ended process that was not waited for yet still exists, in state `Z`.
            return Path(f"/proc/{self.pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False


class PreloadedGames:
    """Manages the process from which games are forked. Must be used in one asyncio loop.

    Args:
        preload: modules to import before the first game.
        environment: variables that these modules read during their import, before a game sets its own ones.
    """

    def __init__(self, preload: Sequence[str], environment: Mapping[str, str] = MappingProxyType({})) -> None:
        self._preload = tuple(preload)
        self._environment = dict(environment)
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._games: dict[int, ForkedGame] = {}
        self._answers: list[dict[str, Any]] = []

    async def start(self) -> None:
        """Start the process and wait until it has imported the game. If this fails, games are started as new processes."""
        if sys.platform != "linux" or self._control is not None:
            return
        own, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in (*HANDED_ON, "PATH") if name in os.environ}
        environment |= dict.fromkeys(ONE_THREAD, "1") | {"PYTHONDONTWRITEBYTECODE": "1"} | self._environment
        command = [sys.executable, "-m", "voicetrail.visitors.fork_server", "--control", str(others.fileno()), "--preload"]
        with others:
            try:
                self._process = subprocess.Popen(
                    [*command, *self._preload],
                    pass_fds=(others.fileno(),),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                own.close()
                return
        own.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            first = await asyncio.wait_for(loop.sock_recv(own, MESSAGE_BYTES), STARTS_WITHIN_S)
        except (OSError, TimeoutError):
            first = b""
        if not first:
            own.close()
            self._end()
            return
        self._control = own
        loop.add_reader(own, self.read)

    def close(self) -> None:
        """Stop forking games; running games go on. Safe to call twice."""
        if self._starting is not None:
            self._starting.cancel()
        self._lose()
        self._end()

    def launch(self, launch: Launch, terminal: int, hand_on: Sequence[int]) -> ForkedGame:
        """Fork a game.

        Args:
            launch: the request.
            terminal: descriptor of the terminal.
            hand_on: descriptors to inherit with the numbers in ``launch``.

        Raises:
            NotPreloadedError: the game cannot be forked.
        """
        if self._control is None:
            self._start_again()
            raise NotPreloadedError
        try:
            socket.send_fds(self._control, [launch.encode()], [terminal, *hand_on])
        except OSError:
            self._lose()
            raise NotPreloadedError from None
        self.read_until(lambda: bool(self._answers), ANSWERS_WITHIN_S)
        pid = self._answers.pop().get("pid") if self._answers else None
        if not isinstance(pid, int):
            self._lose()  # a late answer would be taken for the answer to another message
            raise NotPreloadedError
        game = self._games[pid] = ForkedGame(self, pid)
        return game

    def read(self) -> None:
        """Process the received messages."""
        while self._control is not None:
            try:
                message = self._control.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._lose()
                return
            said = json.loads(message)
            if "ended" in said:
                if (game := self._games.pop(said["ended"], None)) is not None:
                    game.returncode = said["code"]
            else:
                self._answers.append(said)

    def read_until(self, done: Any, timeout: float | None) -> None:
        """Process messages until a condition is true, the time is over, or the process has ended."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        while not done() and self._control is not None:
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return
            select.select([self._control], [], [], left)
            self.read()

    def _lose(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
            self._control = None
        self._answers.clear()

    def _start_again(self) -> None:
        """Start the process again after it has died, for later visitors."""
        if self._starting is None or self._starting.done():
            self._end()
            self._starting = asyncio.get_running_loop().create_task(self.start())

    def _end(self) -> None:
        if (process := self._process) is not None:
            self._process = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.0)
            if process.returncode is None:
                process.kill()
                process.wait()
