"""The visitor's end of the connection to the host's scores: sends results and receives the table of the day.

The host creates both ends as a pair of sockets, so that nobody else can reach them. Messages are JSON, one per line:
``{"type": "result", "result": {…}}`` and ``{"type": "table", "day": "2026-11-25"}`` to the host; ``{"type": "kept", "uid": …}``,
``{"type": "refused", "uid": …, "why": …}`` and ``{"type": "table", "table": {…}}`` back.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from voicetrail.link.messages import messages_of
from voicetrail.scores.rows import ScoreRow
from voicetrail.scores.shared import VARIABLE
from voicetrail.scores.shared.result import played_of
from voicetrail.scores.shared.table import DayTable, table_from_json
from voicetrail.text import printable

MESSAGE_MAX = 64 * 1024
"""Maximum length of a message, in bytes."""
SEND_TIMEOUT_S = 0.5
"""Maximum wait of a message for a host that reads nothing, in s."""
CLOSE_TIMEOUT_S = 2.0
"""Maximum wait at the end of the game until the host confirms the last result, in s."""


class HostTable:
    """The host's scores, as seen by a visitor's game.

    Results are sent at once, and are then safe even if the game is killed. The host's answers are read in a thread.

    Args:
        connection: a stream socket that is connected to the host; ``close`` closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(SEND_TIMEOUT_S)
        self._unanswered: set[str] = set()
        self._changed = threading.Condition()
        self._table: DayTable | None = None
        self._listeners: list[Callable[[], None]] = []
        self.problem = ""
        """Why a result does not count on this host; empty without a problem."""
        self.lost = False
        """Whether the connection to the host is lost."""
        self._thread = threading.Thread(target=self._read, name="voicetrail-host-scores", daemon=True)
        self._thread.start()

    @property
    def table(self) -> DayTable | None:
        """The latest table; ``None`` before the first one."""
        return self._table

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function, in the reader's thread, when a message arrives. Returns a function that unsubscribes."""
        self._listeners.append(listener)

        def end() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def send(self, row: ScoreRow) -> None:
        """Send a result. If the host cannot be reached, ``problem`` says so."""
        with self._changed:
            self._unanswered.add(row.uid)
        self._send({"type": "result", "result": played_of(row)})

    def request(self, day: date) -> None:
        """Request the table of a day; it arrives later."""
        self._send({"type": "table", "day": day.isoformat()})

    def close(self) -> None:
        """Wait a limited time until the host has saved everything, and close the connection."""
        with self._changed:
            self._changed.wait_for(lambda: self.lost or not self._unanswered, CLOSE_TIMEOUT_S)
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(1)
        self._connection.close()

    def _send(self, message: Mapping[str, object]) -> None:
        if self.lost:
            return self._lose()
        try:
            self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            # A part of the message may have been sent, so nothing may follow it.
            self._lose()
        return None

    def _lose(self) -> None:
        with self._changed:
            self.lost = True
            if self._unanswered:
                self.problem = "the connection to the host is lost; your result may be missing in its table"
            self._changed.notify_all()

    def _read(self) -> None:
        for message in messages_of(self._connection, MESSAGE_MAX):
            with suppress(ValueError, TypeError, RecursionError):
                self._take(json.loads(message))
        self._lose()
        self._notify()

    def _take(self, message: Any) -> None:
        match message:
            case {"type": "kept", "uid": str(uid)}:
                with self._changed:
                    self._unanswered.discard(uid)
                    self._changed.notify_all()
            case {"type": "refused", "uid": str(uid), "why": str(why)}:
                with self._changed:
                    self._unanswered.discard(uid)
                    self.problem = printable(why, 120)
                    self._changed.notify_all()
                self._notify()
            case {"type": "table", "table": table}:
                self._table = table_from_json(table)
                self._notify()

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def host_table(environment: Mapping[str, str] | None = None) -> HostTable | None:
    """Connect to the host's scores if this is a visitor's game; otherwise return ``None``.

    Args:
        environment: the environment with the descriptor; ``None`` uses the environment of the process.
    """
    text = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not text.isascii() or not text.isdigit():
        return None
    try:
        connection = socket.socket(fileno=int(text))
    except OSError:
        return None
    if connection.family != socket.AF_UNIX or connection.type != socket.SOCK_STREAM:
        connection.detach()
        return None
    connection.set_inheritable(False)
    return HostTable(connection)
