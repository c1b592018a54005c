"""The shared scores for a server of visitors: a connection for each visitor, and an orderly shutdown."""

from __future__ import annotations

import asyncio
import secrets
import socket
from pathlib import Path

from voicetrail.host_scores.address import DatabaseAddress
from voicetrail.host_scores.visitors import serve_visitor
from voicetrail.host_scores.writer import Report, ScoresReport, ScoreWriter
from voicetrail.scores.shared.result import HOST_MAX, VisitorName
from voicetrail.text import printable
from voicetrail.visitors.admission import address_group

VISITORS_TIMEOUT_S = 2.0
"""Maximum wait at shutdown for connections of ended games, so that their last messages are read, in s."""


class SharedScores:
    """The shared scores of all visitors. Must be used in one asyncio loop.

    Args:
        address: the database.
        folder: folder of the waiting file.
        host: name of this host in tables; empty takes the machine's name.
        report: called in the loop with reports for the operator.

    Raises:
        ScoresError: results cannot be saved, or the database was written by a later version.
    """

    def __init__(self, address: DatabaseAddress, folder: Path, *, host: str = "", report: Report = lambda _: None) -> None:
        self._report = report
        self._loop = asyncio.get_running_loop()
        name = printable(host or socket.gethostname(), HOST_MAX).strip() or "host"
        self._writer: ScoreWriter | None = ScoreWriter(address, folder, host=name, report=self._report_in_loop)
        self._writer.start()
        self._secret = secrets.token_hex(16)
        """Secret for digests of addresses. It is never stored, so that addresses cannot be recovered from the digests."""
        self._tasks: set[asyncio.Task[None]] = set()

    def connect(self, name: str, key_fingerprint: str = "", address: str = "") -> socket.socket:
        """Create a connection; return the visitor's end, and serve the other one until it closes.

        Args:
            name: name of the visitor.
            key_fingerprint: fingerprint of the visitor's key; empty for a guest.
            address: address of the visitor; it distinguishes visitors without a name of their own.

        Raises:
            OSError: there are no descriptors left, or the scores are already closed.
        """
        if self._writer is None:
            raise ConnectionAbortedError("the scores are closed")
        if key_fingerprint:
            visitor = VisitorName.by_key(name, key_fingerprint)
        else:
            visitor = VisitorName.guest(name, f"{self._secret} {address_group(address)}")
        ours, theirs = socket.socketpair()
        task = self._loop.create_task(serve_visitor(ours, visitor, self._writer, report=self._report))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return theirs

    async def close(self) -> None:
        """Save pending results, and close; safe to call twice."""
        writer, self._writer = self._writer, None
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=VISITORS_TIMEOUT_S)
        for task in tuple(self._tasks):
            task.cancel()
        if writer is not None:
            await self._loop.run_in_executor(None, writer.close)

    def _report_in_loop(self, report: ScoresReport) -> None:
        self._loop.call_soon_threadsafe(self._report, report)
