"""The games of the pages: one process each, kept for a while when its page goes, and taken up again by whoever has its key."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from voicetrail.serve.microphone import MicrophoneBridge

KEPT_S = 60.0
"""Seconds for which a game waits for its page to come back."""
KEY_LIMIT = 64
"""Most characters of a key that are looked at."""
AWAY = (20, 5)
"""Columns and rows of a game whose page is away: too small to be played in, so that a round pauses."""
SPARE = (80, 24)
"""Columns and rows of a game that waits for the next page."""
SMALLEST, LARGEST = (60, 20), (300, 120)
"""Columns and rows that a game can begin with, and the most that a page can ask for."""
SPARE_AGE_S = 1800.0
"""Age in s at which a game that waits for the next page is replaced: it shows what day it is."""


class Game(Protocol):
    """A game's process with its terminal."""

    async def read(self) -> bytes:
        """Wait for what the game writes; empty once it has ended."""
        ...

    def write(self, data: bytes) -> None:
        """Type into it."""
        ...

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""
        ...

    def repaint(self) -> None:
        """Have it set the terminal's modes and paint everything."""
        ...

    async def end(self) -> None:
        """End it: it may write its recording, and is killed after some seconds."""
        ...


class Page(Protocol):
    """What shows a game at present."""

    async def show(self, output: bytes) -> None:
        """Send what the game wrote, and wait while the page is behind."""
        ...

    async def leave(self, reason: str) -> None:
        """Say why this page no longer shows the game, and let it go."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A game that has begun, with its microphone."""

    game: Game
    bridge: MicrophoneBridge
    clean: Callable[[], None]
    """Removes what it leaves."""


Begin = Callable[[int, int], Awaitable[Prepared]]
"""Begins a game in a terminal of so many columns and rows."""


class Session:
    """One game and whichever page shows it.

    Args:
        prepared: the game.
        on_end: called when the game is over and everything of it is gone.
        kept_s: seconds for which it waits for a page.
    """

    def __init__(self, prepared: Prepared, on_end: Callable[[Session], None], kept_s: float) -> None:
        self.key = secrets.token_urlsafe(24)
        """Whoever has it can take up the game."""
        self.bridge = prepared.bridge
        self.began = time.monotonic()
        self._prepared = prepared
        self._game = prepared.game
        self._on_end = on_end
        self._kept_s = kept_s
        self._page: Page | None = None
        self._leaves: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._pump = asyncio.create_task(self._hand_on())

    @property
    def attended(self) -> bool:
        """A page shows it."""
        return self._page is not None

    async def attach(self, page: Page, columns: int, rows: int) -> None:
        """Show the game on a page; on the one before no more."""
        before, self._page = self._page, None
        if before is not None:
            await before.leave("taken")
        if self._leaves is not None:
            self._leaves.cancel()
            self._leaves = None
        self._page = page
        self.resize(columns, rows)
        self._game.repaint()

    def detach(self, page: Page) -> None:
        """The page is gone; the game pauses, and waits for it."""
        if self._page is not page:
            return
        self._page = None
        self._game.resize(*AWAY)
        self._leaves = asyncio.get_running_loop().call_later(self._kept_s, self.end)

    def type(self, data: bytes) -> None:
        """Keys and mouse."""
        self._game.write(data)

    def resize(self, columns: int, rows: int) -> None:
        """The page's terminal has another size."""
        self._game.resize(min(max(columns, AWAY[0]), LARGEST[0]), min(max(rows, AWAY[1]), LARGEST[1]))

    def end(self) -> None:
        """End the game; what remains of it is removed once it is over."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._game.end())

    async def ended(self) -> None:
        """Wait until it is over."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._pump)

    async def _hand_on(self) -> None:
        try:
            while output := await self._game.read():
                # While nobody looks, it is dropped: whoever comes has everything painted.
                if (page := self._page) is not None:
                    await page.show(output)
        finally:
            if self._leaves is not None:
                self._leaves.cancel()
            await self._game.end()
            await self.bridge.close()
            self._prepared.clean()
            if (page := self._page) is not None:
                await page.leave("ended")
            self._on_end(self)


class Sessions:
    """All games of the server.

    Args:
        begin: begins a game.
        most: games at once.
        kept_s: seconds for which a game waits for its page.
        spare: keep a game ready for the next page.
    """

    def __init__(self, begin: Begin, most: int, *, kept_s: float = KEPT_S, spare: bool = True) -> None:
        self._begin = begin
        self.most = most
        self._kept_s = kept_s
        self._keeps_spare = spare
        self._sessions: dict[str, Session] = {}
        self._spare: Session | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._closed = False
        self._beginning = 0

    def __len__(self) -> int:
        return len(self._sessions) + self._beginning

    def find(self, key: str) -> Session | None:
        """The game of a key, if it still runs."""
        if len(key) > KEY_LIMIT:
            return None
        found = [session for session in self._sessions.values() if secrets.compare_digest(session.key.encode(), key.encode())]
        return found[0] if found else None

    async def begin(self, columns: int, rows: int) -> Session | None:
        """Begin a game for a page; ``None`` where there are as many as there may be."""
        if self._closed or len(self) >= self.most and not self._end_a_left_one():
            return None
        session, self._spare = self._spare, None
        if session is None:
            self._beginning += 1
            try:
                size = min(max(columns, SMALLEST[0]), LARGEST[0]), min(max(rows, SMALLEST[1]), LARGEST[1])
                session = await self._new(*size)
            finally:
                self._beginning -= 1
        self._sessions[session.key] = session
        self.prepare()
        return session

    def prepare(self) -> None:
        """Keep a game ready for the next page."""
        if self._keeps_spare and self._spare is None and self._preparing is None and not self._closed:
            self._preparing = asyncio.create_task(self._prepare())

    async def close(self) -> None:
        """End all games, and wait until they are over."""
        self._closed = True
        if self._preparing is not None:
            await asyncio.wait([self._preparing])
        sessions = [*self._sessions.values(), *([self._spare] if self._spare is not None else [])]
        for session in sessions:
            session.end()
        await asyncio.gather(*(session.ended() for session in sessions))

    async def _prepare(self) -> None:
        try:
            if len(self) < self.most:
                self._spare = await self._new(*SPARE)
                asyncio.get_running_loop().call_later(SPARE_AGE_S, self._replace, self._spare)
        finally:
            self._preparing = None

    def _replace(self, spare: Session) -> None:
        if self._spare is spare and not self._closed:
            self._spare = None
            spare.end()
            self.prepare()

    async def _new(self, columns: int, rows: int) -> Session:
        return Session(await self._begin(columns, rows), self._over, self._kept_s)

    def _over(self, session: Session) -> None:
        self._sessions.pop(session.key, None)
        if self._spare is session:
            # It could not even wait; the next one is begun when a page asks for it.
            self._spare = None

    def _end_a_left_one(self) -> bool:
        """Make room for a page that is here: end the game that has waited longest for one that is not."""
        left = [session for session in self._sessions.values() if not session.attended]
        if not left:
            return False
        left[0].end()
        self._sessions.pop(left[0].key)
        return True
