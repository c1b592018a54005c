"""Begins the game of a page: its process, its microphone, and what the game may use.

The game itself shows the screen and nothing else. One recognizer, in a process of its own, hears the microphones of all pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path

from voicetrail.recognizer_service import RecognizerService, VisitorSound
from voicetrail.recognizer_service.messages import words_spec
from voicetrail.serve.microphone import MicrophoneBridge
from voicetrail.visitors.game_process import GameProcess
from voicetrail.visitors.home import ONE_THREAD, VisitorHome, VisitorHomes, game_command
from voicetrail.visitors.limits import VisitorLimits
from voicetrail.visitors.terminal import DEFAULT_TERM, TerminalSize

TYPES_WITHIN_S = 5.0
"""Seconds that a game may take for what was typed; then it is dropped."""
TERMINAL = {"TERM": DEFAULT_TERM, "COLORTERM": "truecolor"}
"""What xterm.js is."""
NOT_HANDED_ON = ("COLUMNS", "LINES", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "TERM_PROGRAM", "NO_COLOR", "COLORFGBG")
"""Variables of the server's own terminal that say nothing about that of a page."""


class Games:
    """Begins games.

    Args:
        limits: what one game may use.
        private: each game has a home of its own, which is removed with it; else all have this user's settings, scores and replays.
        recognizer: recognizes words for all of them; ``None`` for none, in tests.
        command: another program in place of the game, for tests.
        parent: where the folders of the games are made; the system's for temporary files if not given.
    """

    def __init__(
        self,
        limits: VisitorLimits,
        *,
        private: bool,
        recognizer: RecognizerService | None = None,
        command: Sequence[str] | None = None,
        parent: Path | None = None,
    ) -> None:
        self.limits = limits
        self._private = private
        self._recognizer = recognizer
        self._command = command
        self._homes = VisitorHomes(parent=parent)
        self._numbers = 0

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
        bridge = MicrophoneBridge(home.path / f"microphone-{secrets.token_hex(8)}")
        try:
            await bridge.start()
            arguments = ["--source", words_spec(home.path), *(["--reduced-motion"] if still else [])]
            process = GameProcess.start(
                self._command or game_command("title", *arguments),
                environment=self._environment(home),
                size=TerminalSize(columns, rows),
                folder=home.path,
                limits=self.limits,
            )
        except BaseException:
            await bridge.close()
            home.remove()
            raise
        return BrowserGame(process, bridge, home, self._recognizer)

    def close(self) -> None:
        """Remove all homes."""
        self._homes.close()

    def _environment(self, home: VisitorHome) -> dict[str, str]:
        if self._private:
            return home.environment(term=TERMINAL["TERM"], colorterm=TERMINAL["COLORTERM"])
        own = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        return dict.fromkeys(ONE_THREAD, "1") | own | TERMINAL


class BrowserGame:
    """The game of one page. Everything here runs in the server's event loop.

    Args:
        process: the game.
        bridge: its microphone.
        home: its folder.
        recognizer: what recognizes its words.
    """

    def __init__(
        self, process: GameProcess, bridge: MicrophoneBridge, home: VisitorHome, recognizer: RecognizerService | None
    ) -> None:
        self.bridge = bridge
        self._recognizer = recognizer
        self._listening = asyncio.create_task(self._listen())
        self._process = process
        self._home = home
        self._end: asyncio.Task[int] | None = None

    async def read(self) -> bytes:
        """Wait for what the game writes; empty once it has ended."""
        return await self._process.read()

    async def write(self, data: bytes) -> None:
        """Type into it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.write(data), TYPES_WITHIN_S)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""
        self._process.resize(TerminalSize(columns, rows))

    def repaint(self) -> None:
        """Have it set the terminal's modes and paint everything: as after a stop by the system (see ``HangupSafeDriver``)."""
        if not self._process.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGCONT)

    async def end(self) -> None:
        """End it: it closes its recording, and is killed if that takes too long."""
        if self._end is None:
            self._end = asyncio.create_task(self._process.end())
        await asyncio.shield(self._end)

    async def close(self) -> None:
        """Leave nothing of it."""
        await self.end()
        self._process.close()
        self._listening.cancel()
        if self._recognizer is not None:
            await self._recognizer.remove_visitor(self._home.path.name)
        await self.bridge.close()
        self._home.remove()

    async def _listen(self) -> None:
        """Have the recognizer take the sound. It may still be starting; the game shows its screen meanwhile, and waits for words."""
        if self._recognizer is not None:
            await self._recognizer.add_visitor(self._home.path.name, VisitorSound(self._home.path, self.bridge.path))
