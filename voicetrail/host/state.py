"""What all visitors of a host have in common."""

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
        """A visitor's end of a connection; the other is served until it closes.

        Args:
            name: what the visitor is called.
            key_fingerprint: of the visitor's key; empty for a guest.
            address: where the visitor comes from.
        """
        ...

    async def close(self) -> None:
        """Keep what is under way, and end."""
        ...


class HostOptions(TypedDict, total=False):
    """What a host may have, see ``HostState``."""

    recognizer: RecognizerService | None
    keys: VisitorKeys | None
    guests: bool
    scores: ScoresConnector | None
    command: Sequence[str] | None
    preloaded: PreloadedGames | None


class HostState:
    """What sessions share, and who is here. Used in one asyncio loop.

    Args:
        limits: what visitors may use.
        homes: makes the visitors' folders.
        log: gets the events.
        recognizer: hears the visitors; ``None`` lets them play by keys, or with their own recognizer.
        keys: visitors with a key; ``None`` without a file of keys.
        guests: let in who has no key, under any name that is nobody's.
        scores: the host's scores; ``None`` keeps none.
        command: another program in place of the game, for tests.
        preloaded: forks games; ``None`` starts each from nothing.
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
        """Everybody with a game."""
        return tuple(self._visitors)

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """The sessions that are under way."""
        return tuple(self._tasks)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Keep a session's task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def came(self, visitor: Visitor) -> None:
        """A visitor has a game now."""
        self._visitors.add(visitor)

    def left(self, visitor: Visitor) -> None:
        """A visitor's game is over."""
        self._visitors.discard(visitor)

    def home_name(self, key: HostKey | None) -> str:
        """The name of the home that stays for a visitor with a key; empty for a guest, whose name anybody can give."""
        return "" if key is None else sha256(fingerprint(key).encode()).hexdigest()[:32]

    def open_scores(self, name: str, key: HostKey | None, address: str) -> socket.socket | None:
        """A visitor's connection to the host's scores."""
        if self.scores is None:
            return None
        with suppress(OSError):
            return self.scores.connect(name, "" if key is None else fingerprint(key), address)
        return None
