"""The host's end of a visitor's connection to the scores: receives and checks results, and sends tables."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from time import monotonic

from voicetrail.host_scores.writer import Report, ScoresReport, ScoreWriter
from voicetrail.scores.shared.client import MESSAGE_MAX
from voicetrail.scores.shared.result import VisitorName, check_plausible, result_from
from voicetrail.scores.shared.table import table_to_json
from voicetrail.scores.store import ScoresError

RESULTS_PER_MINUTE = 30
"""Maximum number of results per visitor and minute; a round takes several seconds."""
MESSAGES_PER_MINUTE = 600
WRITE_TIMEOUT_S = 5.0
"""A connection is closed if the visitor's game reads nothing for this time, in s."""
DAYS = timedelta(days=2)
"""Maximum distance of a requested table from today."""

_threads = ThreadPoolExecutor(4, "voicetrail-host-scores-disk")
"""Threads that write the waiting file, so that a slow disk does not block the loop."""


class VisitorScoresServer:
    """Serves one visitor.

    Args:
        visitor: identity of the visitor.
        writer: the writer of the shared scores.
        report: called with reports for the operator.
        clock: returns the current time.
    """

    def __init__(
        self,
        visitor: VisitorName,
        writer: ScoreWriter,
        *,
        report: Report = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.visitor = visitor
        self.writer = writer
        self._report = report
        self._clock = clock
        self._results = _Budget(RESULTS_PER_MINUTE)
        self._messages = _Budget(MESSAGES_PER_MINUTE)

    async def answer(self, line: bytes) -> dict[str, object] | None:
        """Process one message; return the answer, if any.

        Raises:
            ValueError: the message is invalid; the connection must be closed.
        """
        if not self._messages.take():
            raise ValueError("too many messages")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError("no message") from None
        match message:
            case {"type": "result", "result": Mapping() as played}:
                return await self._keep(played)
            case {"type": "table", "day": str(text)}:
                try:
                    day = date.fromisoformat(text)
                except ValueError:
                    raise ValueError("a table of no day") from None
                if abs(day - self._clock().date()) > DAYS:
                    raise ValueError("a table of another time")
                loop = asyncio.get_running_loop()
                table = await loop.run_in_executor(_threads, self.writer.table, day, self.visitor.identity)
                return {"type": "table", "table": table_to_json(table)}
            case _:
                raise ValueError("an unknown message")

    async def _keep(self, played: Mapping[str, object]) -> dict[str, object]:
        uid = str(played.get("uid"))[:32]
        try:
            result = result_from(played, self.visitor, self.writer.host)
            check_plausible(result, self._clock())
            if not self._results.take():
                raise ValueError(f"more than {RESULTS_PER_MINUTE} results in a minute")
        except ValueError as error:
            self._report(ScoresReport("refused", str(error)))
            return {"type": "refused", "uid": uid, "why": f"the result does not count on this host: {error}"}
        try:
            await asyncio.get_running_loop().run_in_executor(_threads, self.writer.keep, result)
        except ScoresError as error:
            self._report(ScoresReport("refused", str(error)))
            return {"type": "refused", "uid": uid, "why": "this host cannot save results at the moment"}
        return {"type": "kept", "uid": uid}


async def serve_visitor(
    connection: socket.socket, visitor: VisitorName, writer: ScoreWriter, *, report: Report = lambda _: None
) -> None:
    """Serve a visitor until the game closes its end; everything sent before is processed.

    Args:
        connection: the host's end of the socket pair; it is closed at the end.
        visitor: identity of the visitor.
        writer: the writer of the shared scores.
        report: called with reports for the operator.
    """
    # Not asyncio's streams: they drop received data if an answer cannot be written, and a game may be killed right after its result.
    server = VisitorScoresServer(visitor, writer, report=report)
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    answers = True
    try:
        async for line in _lines(connection):
            answer = await server.answer(line)
            if not answers:
                continue
            try:
                sending = loop.sock_sendall(connection, json.dumps(answer).encode() + b"\n")
                await asyncio.wait_for(sending, WRITE_TIMEOUT_S)
            except ConnectionError:
                answers = False
    except (ValueError, TimeoutError, OSError) as error:
        report(ScoresReport("ended", str(error) or type(error).__name__))
    finally:
        connection.close()


async def _lines(connection: socket.socket) -> AsyncIterator[bytes]:
    """Yield the messages of a visitor's game until it ends; an incomplete last message is dropped.

    Raises:
        ValueError: a message is too long.
    """
    loop = asyncio.get_running_loop()
    waiting = b""
    while True:
        try:
            received = await loop.sock_recv(connection, MESSAGE_MAX)
        except ConnectionError:
            return
        if not received:
            return
        *lines, waiting = (waiting + received).split(b"\n")
        for line in lines:
            yield line
        if len(waiting) > MESSAGE_MAX:
            raise ValueError("a message is too long")


class _Budget:
    """Limits a rate per minute; allows as many at once."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._then = monotonic()

    def take(self) -> bool:
        """Use one unit; return ``False`` if none is left."""
        now = monotonic()
        self._left = min(self._most, self._left + (now - self._then) * self._most / 60)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
