"""The app: theme and look, the palette, signals, and a clean way out whatever happens."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.screen import Screen

from voicetrail.settings import Settings
from voicetrail.ui.look import Look, make_look
from voicetrail.ui.palette import GameCommands, SettingCommands
from voicetrail.ui.screens.game import GameScreen
from voicetrail.ui.textual_private.driver import HangupSafeDriver, terminal_is_gone
from voicetrail.ui.widgets.rows import Rows

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
OTHER_THEME = {
    "textual-dark": "textual-light",
    "textual-light": "textual-dark",
    "ansi-dark": "ansi-light",
    "ansi-light": "ansi-dark",
}


class TrailApp(App[None]):
    """What the live game and the replay player share.

    Args:
        first: makes the screen to begin with.
        theme: a name of Textual's themes; ``ansi-dark`` and ``ansi-light`` take the terminal's own sixteen colors.
        ascii_only: draw with ASCII characters.
    """

    CSS_PATH = "app.tcss"
    TITLE = "voicetrail"

    def __init__(self, first: Callable[[], Screen[None]], *, theme: str = "textual-dark", ascii_only: bool = False) -> None:
        super().__init__(driver_class=HangupSafeDriver)
        self._first = first
        self._wanted_theme = theme
        self.ascii_only = ascii_only
        self._look: Look | None = None
        self.failure: BaseException | None = None
        """The error that ended the app, after its end."""
        self.log_path: Path | None = None
        """Where its traceback was written."""
        self.ended_by: signal.Signals | None = None
        """The signal that ended the app."""

    @property
    def look(self) -> Look:
        """Colors and characters of the moment."""
        if self._look is None:
            self._look = make_look(self.theme_variables, ansi=self.current_theme.ansi, ascii_only=self.ascii_only)
        return self._look

    def on_mount(self) -> None:
        """Take the theme, look after signals, and show the first screen."""
        if self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
        if self._wanted_theme == "textual-dark" and self.console.color_system == "standard":
            # Sixteen colors: the terminal's own, not the nearest ones to those of a theme.
            self.theme = "ansi-dark"
        self.theme_changed_signal.subscribe(self, lambda _: self.refresh_look())
        self.set_class(self.ascii_only, "-ascii")
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            try:
                loop.add_signal_handler(number, self._end_by, number)
            except (RuntimeError, ValueError):
                # Not in the main thread (a test): its signals are someone else's.
                break
        self.push_screen(self._first())
        self.call_after_refresh(_collect_garbage_again)

    def _end_by(self, number: signal.Signals) -> None:
        self.ended_by = number
        self.exit(return_code=128 + number)

    def refresh_look(self) -> None:
        """Paint everything anew, in the colors and characters of now."""
        self._look = None
        self.set_class(self.ascii_only, "-ascii")
        for screen in self.screen_stack:
            for rows in screen.query(Rows):
                rows.restyle()

    def _fatal_error(self) -> None:
        """An error that is the program's own fault: the traceback goes to a file and not over the player's terminal."""
        self.failure = sys.exc_info()[1] or self._exception
        handle, name = tempfile.mkstemp(prefix="voicetrail-", suffix=".log")
        with open(handle, "w", encoding="utf-8") as log:
            traceback.print_exception(self.failure, file=log)
        self.log_path = Path(name)
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Leave like at any other error of the program: with one line, not with a picture of it."""
        if self.ended_by is not None:
            return
        if not self.is_headless and terminal_is_gone():
            # The thread that reads keys is the first to notice, at times before the signal comes.
            self._end_by(signal.SIGHUP)
        else:
            self._fatal_error()


def _collect_garbage_again() -> None:
    """What was made up to the first paint stays, and is not looked through again."""
    gc.freeze()
    gc.enable()


class VoicetrailApp(TrailApp):
    """The live game.

    Args:
        settings: the settings of the run.
        make_game: makes the game's screen.
        ascii_only: draw with ASCII characters, whatever the setting says.
    """

    COMMANDS: ClassVar = {GameCommands, SettingCommands}

    def __init__(self, settings: Settings, make_game: Callable[[], GameScreen], *, ascii_only: bool = False) -> None:
        self.settings = settings
        self._force_ascii = ascii_only
        super().__init__(make_game, theme=settings.text("theme"), ascii_only=ascii_only or settings.switch("ascii"))

        self.exit_error = ""
        """Why the game ended by itself: something that was asked for cannot be had."""
        self.left_loading = False
        """The recognizer was still being loaded when the player left."""

    @property
    def game(self) -> GameScreen | None:
        """The game's screen."""
        return next((screen for screen in self.screen_stack if isinstance(screen, GameScreen)), None)

    def apply_theme(self) -> None:
        """Take changed settings of the look over."""
        self.ascii_only = self._force_ascii or self.settings.switch("ascii")
        theme = self.settings.text("theme")
        if theme in self.available_themes and theme != self.theme:
            self.theme = theme
        else:
            self.refresh_look()

    def other_theme(self) -> str:
        """Change between dark and light; return the line to show."""
        self.settings.set("theme", OTHER_THEME.get(self.theme, "textual-dark"))
        return f"theme {self.settings.text('theme')}"

    def save_picture(self) -> str:
        """Save the screen as SVG beside the replays; return the line to show."""
        from datetime import datetime

        from voicetrail.atomic import replace_file
        from voicetrail.replay.library import folder
        from voicetrail.text import printable

        where = folder()
        try:
            path = where / f"{datetime.now():%Y-%m-%d-%H%M%S}.svg"
            replace_file(path, self.export_screenshot())
            return f"saved {printable(path)}"
        except OSError as error:
            return f"the picture cannot be saved in {printable(where)}: {error.strerror or error}"

    def exit_with_error(self, why: str) -> None:
        """End the game: something that was asked for cannot be had."""
        self.exit_error = why
        self.exit(return_code=1)

    def exit(self, *arguments: object, **named: object) -> None:
        """Let the ears end first, so that leaving waits for nothing."""
        game = self.game
        if game is not None:
            game.stop_hearing()
            self.left_loading = game.hearing is not None and game.hearing.loading
        super().exit(*arguments, **named)  # type: ignore[arg-type]
