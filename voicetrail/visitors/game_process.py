"""A visitor's game: a process with its own pseudo-terminal, environment, home and limits.

Everything runs in one asyncio loop. No data are buffered: while the visitor does not read the game's output, the game waits, and
while the game does not read its input, ``write`` waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from voicetrail.errors import VoicetrailError
from voicetrail.text import printable
from voicetrail.visitors.fork_server import Launch
from voicetrail.visitors.home import game_command
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.preloaded import ForkedGame, NotPreloadedError, PreloadedGames
from voicetrail.visitors.terminal import TerminalSize

READ_BYTES = 16 * 1024
"""Maximum number of bytes per read from a game."""
FILE_BYTES = 4 * 1024 * 1024
"""Maximum size of a file that a game without recordings may write (scores, settings, log), in bytes."""
ENDS_WITHIN_S = 5.0
"""Maximum time for a game to close its files and exit after each signal, in s."""
STALLED_S = 0.5
"""Output of a game that has to end is discarded if nobody reads it for this time, in s."""
POLL_S = 0.05
"""Polling interval for the end of a process, in s, on systems that cannot report it."""


class GameProcess:
    """A running game, created by ``start``. ``close``, or the end of ``async with``, removes it completely.

    Attributes:
        pid: ID of the process, which leads its own session and process group.
        output_lost: whether some output was not read, so that the visitor's terminal may still be in the game's modes.
    """

    def __init__(self, process: subprocess.Popen[bytes] | ForkedGame, terminal: int) -> None:
        self.pid = process.pid
        self._process = process
        self._terminal = terminal
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._ended = asyncio.Event()
        self._reads = 0
        self.output_lost = False
        self._closed = False
        self._pidfd = _pidfd(process.pid)
        self._poll: asyncio.Task[None] | None = None
        if self._pidfd >= 0:
            self._loop.add_reader(self._pidfd, self._reap)
        else:
            self._poll = self._loop.create_task(self._poll_end())

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        size: TerminalSize,
        folder: Path,
        limits: VisitorLimits | None = None,
        hand_on: Sequence[int] = (),
        preloaded: PreloadedGames | None = None,
    ) -> Self:
        """Start a game; must be called inside a running loop.

        Args:
            command: absolute path of the program, and its arguments.
            environment: the complete environment.
            size: size of the visitor's window.
            folder: working directory: the visitor's home.
            limits: limits of memory and file size.
            hand_on: descriptors to inherit with the same numbers; all others are closed.
            preloaded: forks the game if possible, and if the command is this voicetrail.

        Raises:
            VoicetrailError: the system cannot start it (too many processes, no terminals left).
        """
        limits = limits or VisitorLimits()
        file_bytes = max(FILE_BYTES, int(limits.recordings_mb * 1e6))
        enter = [sys.executable, "-I", "-S", str(Path(__file__).with_name("enter.py"))]
        bounds = [str(limits.memory_mb << 20), str(file_bytes)]
        try:
            terminal, inside = pty.openpty()
        except OSError as error:
            raise VoicetrailError(f"no terminal is left for a visitor ({error.strerror})") from None
        try:
            _resize(terminal, size)
            os.set_blocking(terminal, False)
            process: subprocess.Popen[bytes] | ForkedGame | None = None
            if preloaded is not None and [*command[:3]] == game_command():
                launch = Launch(
                    tuple(command[3:]), environment, str(folder), limits.memory_mb << 20, file_bytes, tuple(hand_on)
                )
                with contextlib.suppress(NotPreloadedError):
                    process = preloaded.launch(launch, inside, hand_on)
            if process is None:
                process = subprocess.Popen(
                    [*enter, *bounds, *command],
                    stdin=inside,
                    stdout=inside,
                    stderr=inside,
                    env=dict(environment),
                    cwd=folder,
                    pass_fds=tuple(hand_on),
                    start_new_session=True,
                )
        except OSError as error:
            os.close(terminal)
            raise VoicetrailError(f"a visitor's game cannot be started ({printable(error.strerror)})") from None
        finally:
            os.close(inside)
        return cls(process, terminal)

    async def read(self) -> bytes:
        """Read output of the game, at least one byte; empty when the game has ended and everything was read."""
        async with self._reading:
            while not self._closed:
                try:
                    data = os.read(self._terminal, READ_BYTES)
                    self._reads += 1
                    return data
                except BlockingIOError:
                    if self.ended:
                        break
                    await self._until_ready()
                except OSError:
                    # Linux reports this error when the last program has closed the terminal.
                    break
            return b""

    async def write(self, data: bytes) -> None:
        """Send input to the game. Waits until it has read everything; input after its end is dropped."""
        async with self._writing:
            while data and not self._closed and not self._ended.is_set():
                try:
                    data = data[os.write(self._terminal, data) :]
                except BlockingIOError:
                    await self._until_ready(to_write=True)
                except OSError:
                    return

    def resize(self, size: TerminalSize) -> None:
        """Change the size of the terminal."""
        if not self._closed:
            with contextlib.suppress(OSError):
                _resize(self._terminal, size)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._ended.is_set()

    async def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        await self._ended.wait()
        return self._process.returncode or 0

    async def end(self, within_s: float = ENDS_WITHIN_S) -> int:
        """End the game: first by SIGHUP, so that recordings are completed, and then by force.

        Args:
            within_s: maximum wait after each signal.

        Returns:
            The exit code, as in ``wait``.
        """
        # Read its remaining output, so that it does not wait for a visitor who no longer reads.
        drain = self._loop.create_task(self._drain())
        try:
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
                if self.ended:
                    break
                self._signal(number)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), within_s)
            return self._process.returncode or 0
        finally:
            drain.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drain

    def close(self) -> None:
        """Kill the process if it is still running, and close the terminal. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if not self._ended.is_set():
            self._signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDS_WITHIN_S)
            self._ended.set()
        if self._poll is not None:
            self._poll.cancel()
        self._forget_pidfd()
        self._loop.remove_reader(self._terminal)
        self._loop.remove_writer(self._terminal)
        os.close(self._terminal)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.ended:
                await self.end()
        finally:
            self.close()

    async def _drain(self) -> None:
        """Discard the remaining output when the visitor has stopped reading."""
        while not self._closed:
            before = self._reads
            await asyncio.sleep(STALLED_S)
            if self._reads == before and not self._reading.locked():
                break
        while not self._closed and await self.read():
            self.output_lost = True

    async def _until_ready(self, *, to_write: bool = False) -> None:
        """Wait until the terminal is readable (or writable), or the game has ended."""
        ready = asyncio.Event()
        (self._loop.add_writer if to_write else self._loop.add_reader)(self._terminal, ready.set)
        waits = [self._loop.create_task(event.wait()) for event in (ready, self._ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            if not self._closed:
                (self._loop.remove_writer if to_write else self._loop.remove_reader)(self._terminal)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _reap(self) -> None:
        if self._process.poll() is not None:
            self._forget_pidfd()
            self._ended.set()

    def _forget_pidfd(self) -> None:
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    async def _poll_end(self) -> None:
        while self._process.poll() is None:
            await asyncio.sleep(POLL_S)
        self._ended.set()


def _resize(terminal: int, size: TerminalSize) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
