"""The scores of all visitors as a server of visitors has them: a connection for each visitor, and an orderly end."""

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
"""How long the end waits for connections whose games have ended: what they sent last is read meanwhile."""


class VisitorsScores:
    """The scores of all visitors. Used in one asyncio loop.

    Args:
        address: the database.
        folder: where results wait for it.
        host: name of this host, as tables show it; empty is the machine's.
        report: takes what the operator should know, in the loop.

    Raises:
        ScoresError: results cannot be kept here, or the database was written by a later version.
    """

    def __init__(self, address: DatabaseAddress, folder: Path, *, host: str = "", report: Report = lambda _: None) -> None:
        self._report = report
        self._loop = asyncio.get_running_loop()
        name = printable(host or socket.gethostname(), HOST_MAX).strip() or "host"
        self._writer: ScoreWriter | None = ScoreWriter(address, folder, host=name, report=self._report_in_loop)
        self._writer.start()
        self._secret = secrets.token_hex(16)
        """Goes with the host: nobody can find out afterwards which address a digest is of."""
        self._tasks: set[asyncio.Task[None]] = set()

    def connect(self, name: str, key_fingerprint: str = "", address: str = "") -> socket.socket:
        """A visitor's end of a connection; the other is served until it closes.

        Args:
            name: what the visitor is called.
            key_fingerprint: of the visitor's key; empty for a guest.
            address: where the visitor comes from: two who give no name of their own are kept apart by it.

        Raises:
            OSError: there are no descriptors left, or it closes already.
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
        """Keep what is under way, and end; safe to call twice."""
        writer, self._writer = self._writer, None
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=VISITORS_TIMEOUT_S)
        for task in tuple(self._tasks):
            task.cancel()
        if writer is not None:
            await self._loop.run_in_executor(None, writer.close)

    def _report_in_loop(self, report: ScoresReport) -> None:
        self._loop.call_soon_threadsafe(self._report, report)
