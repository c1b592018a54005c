"""The host's side of the recognizer: starts its process, sends requests, and restarts it if it dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from voicetrail.errors import RemoteError
from voicetrail.recognizer_service.messages import (
    LINE_LIMIT,
    ServiceReport,
    ServiceStatus,
    VisitorSound,
    decode_line,
    decode_report,
    encode_line,
    encode_sound,
    words_spec,
)
from voicetrail.text import printable

STARTS_WITHIN_S = 60.0
"""Longest time in s for the process to load torch and the weights."""
ANSWERS_WITHIN_S = 15.0
"""Longest time in s for the process to answer a request; then it is killed and restarted."""
LOOK_S = 5.0
"""Seconds between checks whether it still answers."""
AGAIN_S = (0.2, 10.0)
"""First and longest wait in s before it is restarted."""
HELD_S = 60.0
"""If a process ran for this long, in s, before it died, the wait starts from its first value again."""
ENDS_WITHIN_S = 3.0
"""Longest time in s for the process to end after its socket is closed."""
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")
"""Variables of the host's environment that the process receives."""


class _DiedError(Exception):
    """The process ended before it answered."""


class RecognizerService:
    """One recognizer for all visitors of a host. The docstring of the package shows how to use it.

    All calls must come from the event loop that ran ``start``.

    Args:
        weights: names or paths to load at the start; others are loaded when the first visitor needs them.
        on_report: called with each event for the host's log.
        command: the command of the process; for tests.
    """

    def __init__(
        self,
        *,
        weights: Sequence[str] = ("directional4w",),
        on_report: Callable[[ServiceReport], None] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "voicetrail.recognizer_service"),
    ) -> None:
        self._weights, self._command = tuple(weights), tuple(command)
        self._on_report = on_report or (lambda report: None)
        self._visitors: dict[str, VisitorSound] = {}
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._running = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        """``start`` was called and did not fail."""
        self.starts = 0
        """How often the process was started."""

    @property
    def pid(self) -> int | None:
        """The process id; ``None`` while there is no process."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            RemoteError: it cannot be started, or the weights cannot be used.
        """
        self._begun = True
        try:
            reader = await self._launch()
        except BaseException:
            self._begun = False
            raise
        self._task = asyncio.create_task(self._keep(reader))

    async def close(self) -> None:
        """End the process; safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end()

    async def add_visitor(self, name: str, sound: VisitorSound) -> str:
        """Start serving a visitor.

        Args:
            name: a unique name for the visitor, used in reports.
            sound: the source of the sound.

        Returns:
            The address of the words (``words+unix://…``), for the ``--source`` of the visitor's game. It does not change when the
            process is restarted.

        Raises:
            RemoteError: the folder, the weights or the socket cannot be used, there already is a visitor with this name, or the
                recognizer was not started.
        """
        if not self._begun:
            raise RemoteError("the recognizer was not started")
        if name in self._visitors:
            raise RemoteError(f"there already is a visitor {printable(name, 40)}")
        self._visitors[name] = sound
        try:
            return str(await self._order("add", name, sound))
        except _DiedError:
            # The next process receives every visitor at its start.
            await self._running.wait()
            return words_spec(sound.folder)
        except BaseException:
            self._visitors.pop(name, None)
            raise

    async def remove_visitor(self, name: str) -> None:
        """Stop serving a visitor, and close its connection and socket; does nothing if there is none."""
        if self._visitors.pop(name, None) is not None:
            with contextlib.suppress(_DiedError):
                await self._order("remove", name)

    async def set_sound(self, name: str, sound: Path | None) -> None:
        """Use another socket for a visitor's sound from now on, or none.

        Raises:
            RemoteError: there is no such visitor, or the socket's folder is not private.
        """
        if name not in self._visitors:
            raise RemoteError(f"there is no visitor {printable(name, 40)}")
        self._visitors[name] = changed = replace(self._visitors[name], sound=sound)
        with contextlib.suppress(_DiedError):
            await self._order("sound", name, changed)

    async def status(self) -> ServiceStatus:
        """The status of the recognizer; all values are zero while it is being started."""
        try:
            return ServiceStatus(**await self._order("status"))
        except _DiedError:
            return ServiceStatus()

    async def _order(self, what: str, visitor: str = "", sound: VisitorSound | None = None) -> Any:
        if self._writer is None:
            raise _DiedError
        number = next(self._numbers)
        order: dict[str, Any] = {"id": number, "do": what, "visitor": visitor}
        if sound is not None:
            order["sound"] = encode_sound(sound)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(encode_line(order))
            return await asyncio.wait_for(answer, ANSWERS_WITHIN_S)
        except TimeoutError:
            self._kill()
            raise _DiedError from None
        finally:
            self._answers.pop(number, None)

    async def _launch(self) -> asyncio.StreamReader:
        own, others = socket.socketpair()
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # One thread is fastest for a network this small, and leaves the other cores to the games.
        environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        loaded = [part for name in self._weights for part in ("--weights", name)]
        try:
            with others:
                self._process = subprocess.Popen(
                    [*self._command, "--control", str(others.fileno()), *loaded],
                    pass_fds=(others.fileno(),),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    # Linux may divide the processor between sessions, so this process gets its own.
                    start_new_session=True,
                )
        except OSError as error:
            own.close()
            raise RemoteError(f"the recognizer's process cannot be started: {error.strerror or error}") from None
        self.starts += 1
        reader, self._writer = await asyncio.open_unix_connection(sock=own, limit=LINE_LIMIT)
        try:
            first = decode_line(await asyncio.wait_for(reader.readline(), STARTS_WITHIN_S) or b"{}")
        except TimeoutError:
            first = {"failed": f"it did not start within {STARTS_WITHIN_S:.0f} s"}
        except (OSError, ValueError, RemoteError):
            # It ended with an order that it had not read, or wrote something else.
            first = {}
        if "ready" not in first:
            await self._end()
            raise RemoteError(f"the recognizer cannot be started: {printable(first.get('failed', 'it ended at once'), 300)}")
        self._running.set()
        self._on_report(ServiceReport("started", f"the recognizer is running as process {self.pid}"))
        return reader

    async def _keep(self, reader: asyncio.StreamReader) -> None:
        """Read messages from the process; if it ends, restart it, with as many attempts as needed."""
        wait, loop = AGAIN_S[0], asyncio.get_running_loop()
        while True:
            since = loop.time()
            looking = asyncio.create_task(self._look())
            try:
                await self._read(reader)
            finally:
                looking.cancel()
            self._running.clear()
            code = await self._end()
            self._on_report(ServiceReport("died", f"the recognizer's process ended ({code}) and is being restarted"))
            wait = AGAIN_S[0] if loop.time() - since > HELD_S else wait
            while True:
                await asyncio.sleep(wait)
                wait = min(wait * 2, AGAIN_S[1])
                try:
                    reader = await self._launch()
                    break
                except RemoteError as error:
                    self._on_report(ServiceReport("failed", str(error)))
            restoring = asyncio.create_task(self._restore())
            restoring.add_done_callback(lambda task: None if task.cancelled() else task.exception())

    async def _restore(self) -> None:
        """Send the current visitors to a new process."""
        for name, sound in list(self._visitors.items()):
            try:
                await self._order("add", name, sound)
            except RemoteError as error:
                if name in self._visitors:
                    self._on_report(ServiceReport("failed", str(error), name))
            except _DiedError:
                return

    async def _look(self) -> None:
        """Check whether the process still answers, and kill it if it hangs."""
        while True:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(_DiedError):
                await self._order("status")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError, RemoteError):
            while line := await reader.readline():
                message = decode_line(line)
                if "report" in message:
                    self._on_report(decode_report(message))
                elif (answer := self._answers.pop(message.get("id", 0), None)) is not None and not answer.done():
                    if "error" in message:
                        answer.set_exception(RemoteError(printable(message["error"], 300)))
                    else:
                        answer.set_result(message.get("result"))

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    async def _end(self) -> str:
        """Wait for the end of the process, or kill it; return how it ended."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(_DiedError())
        self._answers.clear()
        process, self._process = self._process, None
        if process is None:
            return "it was not running"
        loop = asyncio.get_running_loop()
        try:
            code = await loop.run_in_executor(None, process.wait, ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = await loop.run_in_executor(None, process.wait)
        return f"signal {-code}" if code < 0 else f"code {code}"
