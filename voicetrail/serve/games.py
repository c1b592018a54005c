"""Starts the game of a page, with its process, microphone and limits.

The game shows only the screen. One recognizer, in its own process, processes the sound of all pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from voicetrail.errors import VoicetrailError
from voicetrail.recognizer_service import RecognizerService, ServiceReport, VisitorSound
from voicetrail.recognizer_service.messages import words_spec
from voicetrail.serve.microphone import MicrophoneBridge
from voicetrail.visitors.admission import Visit
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import BOUNDS, VisitorLimits
from voicetrail.visitors.terminal import DEFAULT_TERM, TerminalSize
from voicetrail.visitors.visitor import Visitor

TYPES_WITHIN_S = 5.0
"""Maximum wait for a game to read its input, in s; after that the input is dropped."""
PLAYER = "player"
"""Name of every player of a page, because a page does not ask for a name."""
TERMINAL = {"TERM": DEFAULT_TERM, "COLORTERM": "truecolor"}
"""Variables that describe xterm.js."""
OWN_FOLDERS = {"CONFIG": ".config", "STATE": ".local/state", "DATA": ".local/share", "CACHE": ".cache"}
"""Default folders of the user's files, if the environment does not set others."""


class Games:
    """Starts games.

    Args:
        limits: limits of a game.
        private: whether each game has its own temporary home; otherwise all share this user's settings, scores and replays.
        recognizer: the recognizer for all games; ``None`` for tests.
        on_report: receives reports for the log.
        command: another program instead of the game, for tests.
        parent: parent of the games' folders; ``None`` uses the system's temporary folder.
    """

    def __init__(
        self,
        limits: VisitorLimits,
        *,
        private: bool,
        recognizer: RecognizerService | None = None,
        on_report: Callable[[ServiceReport], None] | None = None,
        command: Sequence[str] | None = None,
        parent: Path | None = None,
    ) -> None:
        self.limits = limits
        self._terminal = TERMINAL if private else TERMINAL | own_places()
        self._recognizer = recognizer
        self._on_report = on_report or (lambda report: None)
        self._command = command
        self._homes = VisitorHomes(parent=parent)
        self._numbers = 0
        self.recognizing = asyncio.Event()
        """Set when the recognizer has started and accepts sound."""

    async def begin(self, columns: int, rows: int, *, still: bool = False) -> BrowserGame:
        """Start a game in a terminal.

        Args:
            columns: columns of the page's terminal.
            rows: rows of the page's terminal.
            still: whether to turn off animations.

        Raises:
            VoicetrailError: the game cannot be started.
            OSError: its folder or socket cannot be created.
        """
        self._numbers += 1
        home = self._homes.make(self._numbers)
        visitor = Visitor(self._nobodys(), home, name=PLAYER, limits=self.limits, terminal=self._terminal)
        bridge = MicrophoneBridge(home.path / f"microphone-{secrets.token_hex(8)}")
        game = BrowserGame(visitor, bridge)
        try:
            await bridge.start()
            visitor.start(
                TerminalSize(columns, rows),
                source=words_spec(home.path),
                arguments=["--reduced-motion"] if still else [],
                command=self._command,
            )
            if self._recognizer is not None:
                game.listen(self._recognizer, self.recognizing, self._on_report)
        except BaseException:
            await game.close()
            raise
        return game

    def close(self) -> None:
        """Remove all homes."""
        self._homes.close()

    def _nobodys(self) -> Visit:
        """Return a visit for a game that waits for its page, without a time limit."""
        patient = replace(self.limits, idle_s=BOUNDS["idle_s"][1], total_s=BOUNDS["total_s"][1])
        now = time.monotonic()
        return Visit(0, "", now, now, patient, time.monotonic)


def own_places() -> dict[str, str]:
    """Return the environment variables with the folders of this user's files."""
    home = Path.home()
    places = {f"XDG_{kind}_HOME": str(home / folder) for kind, folder in OWN_FOLDERS.items()}
    given = {name: value for name, value in os.environ.items() if name in places or name.startswith("VOICETRAIL_")}
    return {"HOME": str(home), **places, **given}


class BrowserGame:
    """The game of a page. Everything runs in the server's event loop.

    Args:
        visitor: the process of the game, and its home.
        bridge: the microphone of the page.
    """

    def __init__(self, visitor: Visitor, bridge: MicrophoneBridge) -> None:
        self.visitor = visitor
        self.bridge = bridge
        self._recognizer: RecognizerService | None = None
        self._listening: asyncio.Task[None] | None = None

    def listen(self, recognizer: RecognizerService, started: asyncio.Event, on_report: Callable[[ServiceReport], None]) -> None:
        """Connect the sound to the recognizer once it has started. Meanwhile the game already shows its screen."""

        async def add() -> None:
            await started.wait()
            try:
                await recognizer.add_visitor(self._name, VisitorSound(self.visitor.home.path, self.bridge.path))
            except (VoicetrailError, OSError) as error:
                on_report(ServiceReport("failed", str(error), self._name))

        self._recognizer = recognizer
        self._listening = asyncio.create_task(add())

    async def read(self) -> bytes:
        """Wait for output of the game; empty when it has ended."""
        return await self.visitor.game.read()

    async def write(self, data: bytes) -> None:
        """Send input to the game."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.visitor.game.write(data), TYPES_WITHIN_S)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the game's terminal."""
        self.visitor.game.resize(TerminalSize(columns, rows))

    def repaint(self) -> None:
        """Let the game set the terminal modes and repaint everything, as after a suspend (see ``HangupSafeDriver``)."""
        if not self.visitor.game.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.visitor.game.pid, signal.SIGCONT)

    async def close(self) -> None:
        """End the game and remove its files. It can close its recording first, and is killed if that takes too long."""
        if self._listening is not None:
            self._listening.cancel()
        await self.visitor.__aexit__(None, None, None)
        if self._recognizer is not None:
            await self._recognizer.remove_visitor(self._name)
        await self.bridge.close()

    @property
    def _name(self) -> str:
        """Name of the game for the recognizer."""
        return self.visitor.home.path.name
