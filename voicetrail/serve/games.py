"""Starts the game of a page: its process, its microphone, and its limits.

The game itself shows the screen and nothing else. One recognizer, in a process of its own, takes the sound of all pages.
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
from voicetrail.recognizer_service import RecognizerService, Report, VisitorSound
from voicetrail.recognizer_service.messages import words_spec
from voicetrail.serve.microphone import MicrophoneBridge
from voicetrail.visitors.admission import Visit
from voicetrail.visitors.home import VisitorHomes
from voicetrail.visitors.limits import BOUNDS, VisitorLimits
from voicetrail.visitors.terminal import DEFAULT_TERM, TerminalSize
from voicetrail.visitors.visitor import Visitor

TYPES_WITHIN_S = 5.0
"""Seconds that a game may take for what was typed; then it is dropped."""
PLAYER = "player"
"""The name of everybody who plays in a page: a page asks for no name."""
TERMINAL = {"TERM": DEFAULT_TERM, "COLORTERM": "truecolor"}
"""What xterm.js is."""
OWN_FOLDERS = {"CONFIG": ".config", "STATE": ".local/state", "DATA": ".local/share", "CACHE": ".cache"}
"""Where this user's files lie on most systems, if the environment says nothing else."""


class Games:
    """Begins games.

    Args:
        limits: what one game may use.
        private: each game has a home of its own, which is removed with it; else all have this user's settings, scores and replays.
        recognizer: recognizes words for all of them; ``None`` for none, in tests.
        on_report: is given what the log should have.
        command: another program in place of the game, for tests.
        parent: where the folders of the games are made; the system's for temporary files if not given.
    """

    def __init__(
        self,
        limits: VisitorLimits,
        *,
        private: bool,
        recognizer: RecognizerService | None = None,
        on_report: Callable[[Report], None] | None = None,
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
        """The recognizer has started: from here on it takes the sound of games."""

    async def begin(self, columns: int, rows: int, *, still: bool = False) -> BrowserGame:
        """Begin a game in a terminal of so many columns and rows.

        Args:
            columns: of the page's terminal.
            rows: likewise.
            still: nothing but the game is to move on the screen.

        Raises:
            VoicetrailError: it cannot be started.
            OSError: it cannot have a folder or a socket.
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
        """The stay of a game that waits for its page: nobody overstays it."""
        patient = replace(self.limits, idle_s=BOUNDS["idle_s"][1], total_s=BOUNDS["total_s"][1])
        now = time.monotonic()
        return Visit(0, "", now, now, patient, time.monotonic)


def own_places() -> dict[str, str]:
    """Variables by which a game finds this user's own files."""
    home = Path.home()
    places = {f"XDG_{kind}_HOME": str(home / folder) for kind, folder in OWN_FOLDERS.items()}
    given = {name: value for name, value in os.environ.items() if name in places or name.startswith("VOICETRAIL_")}
    return {"HOME": str(home), **places, **given}


class BrowserGame:
    """The game of one page. Everything here runs in the server's event loop.

    Args:
        visitor: the game's process and its home.
        bridge: its microphone.
    """

    def __init__(self, visitor: Visitor, bridge: MicrophoneBridge) -> None:
        self.visitor = visitor
        self.bridge = bridge
        self._recognizer: RecognizerService | None = None
        self._listening: asyncio.Task[None] | None = None

    def listen(self, recognizer: RecognizerService, started: asyncio.Event, on_report: Callable[[Report], None]) -> None:
        """Connect the sound to the recognizer once it has started; meanwhile the game shows its screen and waits for words."""

        async def add() -> None:
            await started.wait()
            try:
                await recognizer.add_visitor(self._name, VisitorSound(self.visitor.home.path, self.bridge.path))
            except (VoicetrailError, OSError) as error:
                on_report(Report("failed", str(error), self._name))

        self._recognizer = recognizer
        self._listening = asyncio.create_task(add())

    async def read(self) -> bytes:
        """Wait for what the game writes; empty once it has ended."""
        return await self.visitor.game.read()

    async def write(self, data: bytes) -> None:
        """Type into it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.visitor.game.write(data), TYPES_WITHIN_S)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""
        self.visitor.game.resize(TerminalSize(columns, rows))

    def repaint(self) -> None:
        """Have it set the terminal's modes and paint everything: as after a stop by the system (see ``HangupSafeDriver``)."""
        if not self.visitor.game.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.visitor.game.pid, signal.SIGCONT)

    async def close(self) -> None:
        """End it, and leave nothing of it: it closes its recording, and is killed if that takes too long."""
        if self._listening is not None:
            self._listening.cancel()
        await self.visitor.__aexit__(None, None, None)
        if self._recognizer is not None:
            await self._recognizer.remove_visitor(self._name)
        await self.bridge.close()

    @property
    def _name(self) -> str:
        """What the recognizer calls it."""
        return self.visitor.home.path.name
