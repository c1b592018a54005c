"""A host's scores that run, and visitors that they serve."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.host_scores.makers import ANNA
from voicetrail.host_scores.address import DatabaseAddress
from voicetrail.host_scores.visitors import serve_visitor
from voicetrail.host_scores.writer import ScoresReport, ScoreWriter
from voicetrail.scores.shared.result import VisitorName


def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    end = monotonic() + timeout_s
    while not condition():
        assert monotonic() < end, "it never came"
        sleep(0.02)


@contextmanager
def running(address: DatabaseAddress, folder: Path, reports: list[ScoresReport] | None = None) -> Iterator[ScoreWriter]:
    taken = [] if reports is None else reports
    one = ScoreWriter(address, folder, host="north", report=taken.append)
    one.start()
    try:
        yield one
    finally:
        one.close()


@contextmanager
def visitor(
    one: ScoreWriter, who: VisitorName = ANNA, reports: list[ScoresReport] | None = None
) -> Iterator[tuple[socket.socket, threading.Thread]]:
    """A visitor's end of a connection that the host serves in a thread."""
    ours, theirs = socket.socketpair()
    taken: list[ScoresReport] = [] if reports is None else reports

    def serve() -> None:
        asyncio.run(serve_visitor(ours, who, one, report=taken.append))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield theirs, thread
    finally:
        theirs.close()
        thread.join(10)
        assert not thread.is_alive()
