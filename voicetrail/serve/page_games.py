"""The games of the pages, each in its own process.

When a page disconnects, its game waits for a while, and a page with the same key can resume it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Protocol

from voicetrail.errors import VoicetrailError
from voicetrail.output import SMALLEST_WINDOW
from voicetrail.serve.games import BrowserGame, Games
from voicetrail.visitors.admission import Admission, AdmissionRefused, Visit
from voicetrail.visitors.event_log import EventLog

RETURNS_WITHIN_S = 60.0
"""Time for which a game waits for its page to return, in s."""
KEY_LIMIT = 64
"""Maximum length of a key, in characters."""
AWAY = (20, 5)
"""Columns and rows of a game without a page: too small to play, so that a round pauses."""
SPARE = (80, 24)
"""Columns and rows of a spare game, which waits for the next page."""
LARGEST = (300, 120)
"""Maximum size for a page, in columns and rows."""
SPARE_AGE_S = 1800.0
"""Age at which a spare game is replaced, in s, because its title shows the date."""


class Page(Protocol):
    """A page that shows a game."""

    async def show(self, output: bytes) -> None:
        """Send output of the game; waits while the page is behind."""
        ...

    async def leave(self, reason: str) -> None:
        """Send the reason why this page no longer shows the game, and disconnect it."""
        ...


class PageGame:
    """A game, and the page that currently shows it.

    Args:
        game: the game.
        on_end: called when the game has ended and its files are removed.
        returns_within_s: time for which the game waits for its page.
    """

    def __init__(self, game: BrowserGame, on_end: Callable[[PageGame], None], returns_within_s: float) -> None:
        self.key = secrets.token_urlsafe(24)
        """Key with which a page can resume the game."""
        self.visit: Visit | None = None
        """The visit of the player; ``None`` for a spare game."""
        self.bridge = game.bridge
        self.reason = "ended"
        """Reason of the end, as the name of a text of the page."""
        self.game = game
        self._on_end = on_end
        self._returns_within_s = returns_within_s
        self._page: Page | None = None
        self._leaves: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._pump = asyncio.create_task(self._hand_on())

    @property
    def attended(self) -> bool:
        """Whether a page shows the game."""
        return self._page is not None

    async def attach(self, page: Page, columns: int, rows: int) -> None:
        """Show the game on a page, and disconnect the previous page."""
        before, self._page = self._page, None
        if before is not None:
            await before.leave("taken")
        if self._leaves is not None:
            self._leaves.cancel()
            self._leaves = None
        self._page = page
        self.resize(columns, rows)
        self.game.repaint()

    def detach(self, page: Page) -> None:
        """Handle the loss of a page: the game pauses and waits for it."""
        if self._page is not page:
            return
        self._page = None
        self.game.resize(*AWAY)
        self._leaves = asyncio.get_running_loop().call_later(self._returns_within_s, self.end)

    async def type(self, data: bytes) -> None:
        """Send keys and mouse events to the game."""
        if self.visit is not None:
            self.visit.active()
        await self.game.write(data)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the game's terminal."""
        self.game.resize(min(max(columns, AWAY[0]), LARGEST[0]), min(max(rows, AWAY[1]), LARGEST[1]))

    def admit(self, visit: Visit) -> None:
        """Set the visit of the player who has connected."""
        self.visit = self.game.visitor.visit = visit

    def end(self, reason: str = "ended", within_s: float = 0.0) -> None:
        """End the game; its files are removed afterward.

        Args:
            reason: name of the page's text with the reason.
            within_s: maximum time for a round to end.
        """
        if self._ending is None:
            self.reason = reason
            visitor = self.game.visitor
            self._ending = asyncio.create_task(visitor.close_within(within_s) if within_s else visitor.end(""))

    async def ended(self) -> None:
        """Wait until the game has ended."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._pump)

    async def _hand_on(self) -> None:
        try:
            while output := await self.game.read():
                # Without a page the output is dropped; the next page gets a full repaint.
                if (page := self._page) is not None:
                    await page.show(output)
        finally:
            if self._leaves is not None:
                self._leaves.cancel()
            if self.game.visitor.end_reason and self.reason == "ended":
                self.reason = "overstayed"
            await self.game.close()
            self._on_end(self)
            if (page := self._page) is not None:
                await page.leave(self.reason)


class PageGames:
    """All games of the server.

    Args:
        games: starts the games.
        admission: limits the number and length of visits.
        log: the event log.
        returns_within_s: time for which a game waits for its page.
        spare: whether to keep a game ready for the next page.
    """

    def __init__(
        self,
        games: Games,
        admission: Admission,
        log: EventLog | None = None,
        *,
        returns_within_s: float = RETURNS_WITHIN_S,
        spare: bool = True,
    ) -> None:
        self.games = games
        self.admission = admission
        self._log = log
        self._returns_within_s = returns_within_s
        self._keeps_spare = spare
        self._by_key: dict[str, PageGame] = {}
        self._spare: PageGame | None = None
        self._preparing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def all(self) -> tuple[PageGame, ...]:
        """Every game with a page, or waiting for its page to return."""
        return tuple(self._by_key.values())

    def start(self) -> None:
        """Prepare a spare game for the first page."""
        self._prepare_spare()

    def find(self, key: str) -> PageGame | None:
        """Return the game with a key; ``None`` if it has ended."""
        if not key or len(key) > KEY_LIMIT:
            return None
        given = key.encode("utf-8", "replace")
        found = [page_game for page_game in self._by_key.values() if secrets.compare_digest(page_game.key.encode(), given)]
        return found[0] if found else None

    async def begin(self, address: str, columns: int, rows: int, *, still: bool = False) -> PageGame:
        """Start a game for a page.

        Args:
            address: address of the visitor.
            columns: of the page's terminal.
            rows: likewise.
            still: nothing but the game is to move on the screen.

        Raises:
            AdmissionRefused: the visitor cannot be admitted.
            VoicetrailError: the game cannot be started.
        """
        visit = self._admit(address)
        try:
            page_game = None if still else self._take_spare()
            if page_game is None:
                size = min(max(columns, SMALLEST_WINDOW[0]), LARGEST[0]), min(max(rows, SMALLEST_WINDOW[1]), LARGEST[1])
                page_game = await self._new(*size, still=still)
        except BaseException:
            self.admission.leave(visit)
            raise
        page_game.admit(visit)
        self._by_key[page_game.key] = page_game
        self._write("begun", visit=visit.number, address=address)
        self._prepare_spare()
        return page_game

    async def close(self) -> None:
        """Wait for rounds to end within the limits, then end all games and wait for their end."""
        self.admission.closing = True
        if self._preparing is not None:
            await asyncio.wait([self._preparing])
        page_games = [*self._by_key.values(), *([self._spare] if self._spare is not None else [])]
        for page_game in page_games:
            page_game.end("closing", self.admission.limits.closing_s if page_game.attended else 0)
        await asyncio.gather(*(page_game.ended() for page_game in page_games))
        self.games.close()

    def _admit(self, address: str) -> Visit:
        try:
            return self.admission.admit(address)
        except AdmissionRefused as refused:
            # A connected page has priority: end the game that has waited longest for its page.
            left = [page_game for page_game in self._by_key.values() if not page_game.attended and page_game.visit is not None]
            same = [page_game for page_game in left if page_game.visit is not None and page_game.visit.address == address]
            giving_way = same or (left if refused.kind == "full" else [])
            if not giving_way or refused.kind == "closing":
                self._write("refused", kind=refused.kind, address=address)
                raise
            self._forget(giving_way[0])
            giving_way[0].end()
            return self.admission.admit(address)

    def _take_spare(self) -> PageGame | None:
        page_game, self._spare = self._spare, None
        return page_game

    def _prepare_spare(self) -> None:
        if self._keeps_spare and self._spare is None and self._preparing is None and not self.admission.closing:
            self._preparing = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        try:
            self._spare = spare = await self._new(*SPARE)
            asyncio.get_running_loop().call_later(SPARE_AGE_S, self._replace, spare)
        except (VoicetrailError, OSError):
            pass  # the next page will get the error message
        finally:
            self._preparing = None

    def _replace(self, spare: PageGame) -> None:
        if self._spare is spare and not self.admission.closing:
            self._spare = None
            spare.end()
            self._prepare_spare()

    async def _new(self, columns: int, rows: int, *, still: bool = False) -> PageGame:
        return PageGame(await self.games.begin(columns, rows, still=still), self._over, self._returns_within_s)

    def _over(self, page_game: PageGame) -> None:
        self._forget(page_game)
        if self._spare is page_game:
            self._spare = None

    def _forget(self, page_game: PageGame) -> None:
        if self._by_key.pop(page_game.key, None) is not None and page_game.visit is not None:
            self._write("ended", visit=page_game.visit.number, reason=page_game.reason, seconds=page_game.visit.length_s)
            self.admission.leave(page_game.visit)

    def _write(self, event: str, **values: object) -> None:
        if self._log is not None:
            self._log.write(event, **values)
