"""The state that all visitors of a host share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, TypedDict

from voicetrail.host.keys import HostKey, VisitorKeys, fingerprint
from voicetrail.visitors.admission import Admission
from voicetrail.visitors.event_log import EventLog
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.visitor import Visitor

if TYPE_CHECKING:
    from voicetrail.recognizer_service import RecognizerService
    from voicetrail.visitors.preloaded import PreloadedGames


class ScoresConnector(Protocol):
    """Connects visitors' games with the host's scores."""

    def connect(self, name: str, key_fingerprint: str, address: str) -> socket.socket:
        """Create a connection; return the visitor's end, and serve the other one until it closes.

        Args:
            name: name of the visitor.
            key_fingerprint: fingerprint of the visitor's key; empty for a guest.
            address: address of the visitor.
        """
        ...

    async def close(self) -> None:
        """Save pending results, and close."""
        ...


class HostOptions(TypedDict, total=False):
    """The optional arguments of ``HostState``."""

    recognizer: RecognizerService | None
    keys: VisitorKeys | None
    guests: bool
    scores: ScoresConnector | None
    command: Sequence[str] | None
    preloaded: PreloadedGames | None


class HostState:
    """The shared state of the sessions, and the current visitors. Must be used in one asyncio loop.

    Args:
        limits: the limits for visitors.
        homes: creates the visitors' folders.
        log: the event log.
        recognizer: recognizes the visitors' words; ``None``: they play with keys or with their own recognizer.
        keys: the visitors with a key; ``None`` without a file of keys.
        guests: whether to admit visitors without a key, with any name that is not reserved.
        scores: the host's scores; ``None`` saves none.
        command: another program instead of the game, for tests.
        preloaded: forks games; ``None`` starts each game as a new process.
    """

    def __init__(
        self,
        limits: VisitorLimits,
        homes: VisitorHomes,
        log: EventLog,
        *,
        recognizer: RecognizerService | None = None,
        keys: VisitorKeys | None = None,
        guests: bool = True,
        scores: ScoresConnector | None = None,
        command: Sequence[str] | None = None,
        preloaded: PreloadedGames | None = None,
    ) -> None:
        self.limits = limits
        self.homes = homes
        self.log = log
        self.recognizer = recognizer
        self.keys = keys
        self.guests = guests
        self.scores = scores
        self.command = command
        self.preloaded = preloaded
        self.admission = Admission(limits)
        self._visitors: set[Visitor] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def visitors(self) -> tuple[Visitor, ...]:
        """The visitors with a game."""
        return tuple(self._visitors)

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """The tasks of the running sessions."""
        return tuple(self._tasks)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Keep a reference to a session's task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def came(self, visitor: Visitor) -> None:
        """Add a visitor whose game begins."""
        self._visitors.add(visitor)

    def left(self, visitor: Visitor) -> None:
        """Remove a visitor whose game is over."""
        self._visitors.discard(visitor)

    def home_name(self, key: HostKey | None) -> str:
        """Return the name of the permanent home of a visitor with a key; empty for a guest, because anybody can use that name."""
        return "" if key is None else sha256(fingerprint(key).encode()).hexdigest()[:32]

    def open_scores(self, name: str, key: HostKey | None, address: str) -> socket.socket | None:
        """Open a visitor's connection to the host's scores; ``None`` without scores or on failure."""
        if self.scores is None:
            return None
        with suppress(OSError):
            return self.scores.connect(name, "" if key is None else fingerprint(key), address)
        return None
