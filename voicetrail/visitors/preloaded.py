"""The host's side of ``fork_server``: games that begin at once, and share what they have in common in memory. Linux only."""

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
"""Seconds that the process is given to import the game."""
ANSWERS_WITHIN_S = 2.0
"""Seconds in which a game has to be there; a fork takes some milliseconds."""
CODE_WITHIN_S = 0.5
"""Seconds in which the exit code of a game that has ended has to come."""


class NotPreloadedError(Exception):
    """No game can be forked now; one can still be started from nothing."""


class ForkedGame:
    """A game that was forked, with as much of ``subprocess.Popen`` as ``GameProcess`` uses.

    Args:
        games: what it was forked by.
        pid: its process, leader of a session of its own.
    """

    def __init__(self, games: PreloadedGames, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """Negative for a signal, as ``subprocess.Popen`` has it; 0 where nobody was left to know it."""
        self._games = games

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        self._games.read()
        if self.returncode is None and not self._exists():
            # It has ended: its code is on the way.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(CODE_WITHIN_S)
            self.returncode = self.returncode or 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code.

        Raises:
            subprocess.TimeoutExpired: it does not come in time.
        """
        self._games.read_until(lambda: self.returncode is not None, timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a game", timeout or 0.0)
        return self.returncode

    def _exists(self) -> bool:
        try:
            # One that has ended and was not yet waited for is still there, as `Z`.
            return Path(f"/proc/{self.pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False


class PreloadedGames:
    """Keeps a process that games are forked from. Used in one asyncio loop.

    Args:
        preload: modules that it imports before the first game.
        environment: variables that these modules read when they are imported, which is before a game has its own.
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
        """Start the process and wait until it has imported the game; where it cannot, games are started from nothing."""
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
        """Fork no more; games that run go on. Safe to call twice."""
        if self._starting is not None:
            self._starting.cancel()
        self._lose()
        self._end()

    def launch(self, launch: Launch, terminal: int, hand_on: Sequence[int]) -> ForkedGame:
        """Fork a game.

        Args:
            launch: what it is to be.
            terminal: descriptor of its terminal.
            hand_on: descriptors that it inherits under the numbers in ``launch``.

        Raises:
            NotPreloadedError: it cannot be forked.
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
            self._lose()  # whatever comes later would be taken for the answer to another message
            raise NotPreloadedError
        game = self._games[pid] = ForkedGame(self, pid)
        return game

    def read(self) -> None:
        """Take what the process has sent."""
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
        """Take what the process sends until something is so, or the time is over, or the process is gone."""
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
        """A process that has died is started again, for the visitors to come."""
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
