"""A visitor: place, home and game, and the end of all three."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from voicetrail.visitors.admission import Visit
from voicetrail.visitors.channel import NO_SOURCE, VARIABLE, ServerChannel, VisitTerms
from voicetrail.visitors.game_process import GameProcess
from voicetrail.visitors.home import VisitorHome, game_command
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.preloaded import PreloadedGames
from voicetrail.visitors.terminal import TerminalSize

WATCH_S = 1.0
"""Interval of the checks for the length of a visit, in s."""
FAREWELL_S = 3.0
"""Time for a visitor to read why the game ends, in s."""
SAYS_AGAIN_S = 5.0
SCORES_VARIABLE = "VOICETRAIL_HOST_SCORES"
"""Environment variable with the descriptor of the socket to the host's scores (``scores.shared.client`` reads it)."""


class Visitor:
    """A visitor's game with its resources, which the end of an ``async with`` block releases.

    Args:
        visit: the admitted visit.
        home: the visitor's folders; removed at the end.
        name: checked name of the visitor.
        limits: limits of the game.
        terminal: checked ``TERM`` and other variables of the terminal; with ``SSH_CONNECTION`` the game saves bandwidth.
    """

    def __init__(
        self, visit: Visit, home: VisitorHome, *, name: str, limits: VisitorLimits, terminal: Mapping[str, str]
    ) -> None:
        self.visit = visit
        self.home = home
        self.name = name
        self.end_reason = ""
        """Why the server ended the game, as a message to the visitor; empty if the game ended itself."""
        self._limits = limits
        self._terminal = dict(terminal)
        self._game: GameProcess | None = None
        self._channel = ServerChannel(lambda: self.visit.active())
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[int] | None = None

    def start(
        self,
        size: TerminalSize,
        *,
        source: str = NO_SOURCE,
        hint: str = "",
        arguments: Sequence[str] = (),
        scores: socket.socket | None = None,
        command: Sequence[str] | None = None,
        preloaded: PreloadedGames | None = None,
    ) -> GameProcess:
        """Start the game.

        Args:
            size: size of the visitor's window.
            source: source of words.
            hint: first message to the visitor.
            arguments: options that the visitor chose; the game refuses those that are not for visitors.
            scores: the game's end of the connection to the host's scores; closed here.
            command: another program instead of the game, for tests.
            preloaded: forks the game if possible.

        Raises:
            VoicetrailError: the system cannot start it.
        """
        hand_on = [self._channel.game_end.fileno()]
        further = {}
        if scores is not None:
            hand_on.append(scores.fileno())
            further[SCORES_VARIABLE] = str(scores.fileno())
        terms = VisitTerms(
            channel=hand_on[0], name=self.name, source=source, hint=hint, recordings_bytes=int(self._limits.recordings_mb * 1e6)
        )
        terminal = dict(self._terminal)
        environment = self.home.environment(term=terminal.pop("TERM", ""), **terminal, **further, **{VARIABLE: terms.to_text()})
        try:
            self._game = GameProcess.start(
                command or game_command("visit", *arguments),
                environment=environment,
                size=size,
                folder=self.home.path,
                limits=self._limits,
                hand_on=hand_on,
                preloaded=preloaded,
            )
        finally:
            self._channel.started()
            if scores is not None:
                scores.close()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._channel.serve()), loop.create_task(self._watch())]
        return self._game

    @property
    def game(self) -> GameProcess:
        """The game. Raises ``RuntimeError`` before ``start``."""
        if self._game is None:
            raise RuntimeError("the game was not started")
        return self._game

    @property
    def in_round(self) -> bool:
        """Whether a round is being played."""
        return self._channel.in_round

    def say(self, text: str) -> None:
        """Show a text to the visitor in the game."""
        self._channel.say(text)

    async def end(self, reason: str, *, farewell_s: float = 0.0) -> None:
        """Show a reason, and end the game.

        Args:
            reason: message to the visitor.
            farewell_s: time for which the message is shown before the end.
        """
        if self._ending is None and self._game is not None and not self._game.ended:
            self.end_reason = reason
            if farewell_s:
                self.say(reason)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._game.wait(), farewell_s)
            if self._ending is None:
                self._ending = asyncio.get_running_loop().create_task(self._game.end())
        if self._ending is not None:
            await asyncio.shield(self._ending)

    async def close_within(self, seconds: float) -> None:
        """Announce the shutdown, wait for the round to end, at most ``seconds``, and end the game."""
        reason = "this host is shutting down; come back later"
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # A visitor without a round, or with one that has just ended, gets time to read the message and the result.
        quiet_since, says_at = loop.time(), loop.time()
        while self._game is not None and not self._game.ended and (now := loop.time()) < end:
            if now >= says_at:
                # The message is repeated, because messages of the round replace it.
                says_at = now + SAYS_AGAIN_S
                self._channel.say_closing(end - now)
            if self.in_round:
                quiet_since = now
            elif now - quiet_since >= FAREWELL_S:
                break
            await asyncio.sleep(0.1)
        await self.end(reason)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if reason := self.visit.overstayed():
                await self.end(reason, farewell_s=FAREWELL_S)
                return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._game is not None:
                with suppress(asyncio.CancelledError):
                    await (self._ending or asyncio.get_running_loop().create_task(self._game.end()))
        finally:
            for task in self._tasks:
                task.cancel()
            if self._game is not None:
                self._game.close()
            self._channel.close()
            self.home.remove()
