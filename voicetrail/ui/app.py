"""The apps: theme and look, signals, and switching between screens."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.command import Provider
from textual.screen import Screen
from textual.signal import Signal

from voicetrail.errors import VoicetrailError
from voicetrail.events import Ready
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import begin_requested
from voicetrail.play.listening.updates import Problem, Update
from voicetrail.ui.base.game_screen import GameScreen
from voicetrail.ui.dialogs import open_dialog, open_help
from voicetrail.ui.messages import RoundEnded, RoundRequested, SetsChanged, UpdatesArrived
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.style.theme import THEMES, sixteen_colors
from voicetrail.ui.textual_private.clean_exit import CleanExitApp
from voicetrail.ui.textual_private.fast_screen import FastScreen
from voicetrail.ui.widgets.rows import Rows

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


class TrailApp(CleanExitApp):
    """The base of the live game and the replay player.

    Args:
        first: creates the first screen.
        theme: name of one of the game's or Textual's themes; ``ansi-dark`` and ``ansi-light`` use the terminal's sixteen colors.
        ascii_only: draw with ASCII characters.
    """

    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = set[type[Provider] | Callable[[], type[Provider]]]()
    """No system commands of Textual in the palette: each screen lists its own actions."""
    TITLE = "voicetrail"

    def __init__(self, first: Callable[[], Screen[None]], *, theme: str = "midnight", ascii_only: bool = False) -> None:
        super().__init__()
        self._first = first
        self._first_theme = theme
        self.ascii_only = ascii_only
        self._look: Look | None = None

    @property
    def look(self) -> Look:
        """The current colors and characters."""
        if self._look is None:
            theme = self.current_theme
            self._look = make_look(self.theme_variables, ansi=theme.ansi, ascii_only=self.ascii_only, light=not theme.dark)
        return self._look

    def on_mount(self) -> None:
        """Set the theme, install the signal handlers, and show the first screen."""
        for theme in THEMES:
            self.register_theme(theme)
        if self._first_theme in self.available_themes:
            self.theme = self._first_theme
        if self._first_theme == THEMES[0].name and self.console.color_system == "standard":
            # With sixteen colors, use the terminal's own ones and not the nearest ones to the colors of a theme.
            self.theme = sixteen_colors()
        self.theme_changed_signal.subscribe(self, lambda _: self.refresh_look())
        self.set_class(self.ascii_only, "-ascii")
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            try:
                loop.add_signal_handler(number, self.end_by, number)
            except (RuntimeError, ValueError):
                # Not in the main thread (a test): signal handlers cannot be installed.
                break
        self.push_screen(self._first())
        self.call_after_refresh(_collect_garbage_again)

    def refresh_look(self) -> None:
        """Repaint everything with the current colors and characters."""
        self._look = None
        self.set_class(self.ascii_only, "-ascii")
        for screen in self.screen_stack:
            screen.set_class(self.ascii_only, "-ascii")
            for rows in screen.query(Rows):
                rows.restyle()

    def on_leave_requested(self) -> None:
        """Go back to the previous screen, or quit if there is none."""
        self.before_leaving()
        # Textual's empty default screen is below the first one.
        if len(self.screen_stack) > 2:
            self.pop_screen()
        else:
            self.exit()

    def before_leaving(self) -> None:
        """Called before the top screen is closed."""


def _collect_garbage_again() -> None:
    """Freeze the objects that exist after the first paint, and turn garbage collection on again."""
    gc.freeze()
    gc.enable()


class VoicetrailApp(TrailApp):
    """The live game.

    Args:
        context: the session. If a round has already begun, it is shown first; otherwise the title.
        ascii_only: draw with ASCII characters, whatever the setting says.
    """

    def __init__(self, context: SessionContext, *, ascii_only: bool = False) -> None:
        settings = context.settings
        super().__init__(self._first_screen, theme=settings.values.theme, ascii_only=ascii_only or settings.values.ascii)
        self.context = context
        self.updates: Signal[tuple[Update, ...]] = Signal(self, "updates")
        self.sets_changed: Signal[None] = Signal(self, "sets_changed")
        self._force_ascii = ascii_only
        self.exit_error = ""
        """The error that ended the game: something that the player requested is not available."""
        self._renewed = False
        """Whether the current set of words was already checked for retraining."""
        self.left_loading = False
        """Whether the recognizer was still loading when the player left."""

    def on_mount(self) -> None:
        """Start to listen, after the first paint (Textual calls the ``on_mount`` of every base class too)."""
        self.context.settings.subscribe(self._settings_changed)
        self.call_after_refresh(self.context.start, self._send)

    def on_unmount(self) -> None:
        """Clean up when the app ends, for any reason."""
        self.context.stop()

    def _first_screen(self) -> Screen[None]:
        if self.context.round is not None:
            return RoundScreen(self.context, self.context.round)
        return self._title()

    def _title(self) -> Screen[None]:
        from voicetrail.ui.screens.title import TitleScreen
        from voicetrail.ui.screens.tutorial import TutorialScreen

        shows_tutorial = self.context.settings.values.tutorial and self.context.can_listen
        return TutorialScreen(self.context) if shows_tutorial else TitleScreen(self.context)

    # Switching between screens: title, round, result

    async def on_round_requested(self, message: RoundRequested) -> None:
        """Play a round; its screen replaces the current round or result."""
        try:
            begun = begin_requested(self.context, message.setup)
        except VoicetrailError as error:
            if self.context.round is None:
                self.notify(str(error), markup=False, severity="error")
                return
            begun = self.context.round
            self.context.add_notice(str(error))
        await self._show_in_place(RoundScreen(self.context, begun))

    async def on_round_ended(self, message: RoundEnded) -> None:
        """Show the result of a round."""
        if self.context.round is message.ended:
            from voicetrail.ui.screens.result import ResultScreen

            await self._show_in_place(ResultScreen(self.context, self.context.finish_round()))

    async def on_title_requested(self) -> None:
        """Go to the title."""
        from voicetrail.ui.screens.title import TitleScreen

        while len(self.screen_stack) > 2:
            await self.pop_screen()
        if not isinstance(self.screen, TitleScreen):
            await self.switch_screen(TitleScreen(self.context))

    def open_dialog(self, name: str, *arguments: str) -> None:
        """Open a dialog over the screen, by its name in ``ui.dialogs``."""
        self.push_screen(open_dialog(name, self.context, *arguments))

    def open_help(self, text: str, actions: Sequence[Action]) -> None:
        """Open the help of a screen."""
        self.push_screen(open_help(text, actions))

    async def _show_in_place(self, screen: Screen[None]) -> None:
        """Replace the round, result or tutorial on top with a screen; over a list, push it."""
        if isinstance(self.screen, FastScreen) and self.screen.is_replaced:
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    def before_leaving(self) -> None:
        """Save the result of a round that the player leaves; the next screen says where a drawing is."""
        if isinstance(self.screen, RoundScreen) and (text := self.context.leave_round()):
            self.call_after_refresh(self._say_on_top, text)

    def _say_on_top(self, text: str) -> None:
        if isinstance(self.screen, GameScreen):
            self.screen.say(text)

    def _send(self, updates: tuple[Update, ...]) -> None:
        self.post_message(UpdatesArrived(updates))

    def on_updates_arrived(self, message: UpdatesArrived) -> None:
        """Update the context with what the worker sent, and then the screens."""
        for item in message.updates:
            if isinstance(item, Problem) and item.ends:
                self.exit_error = item.message
                self.exit(return_code=1)
                return
            if isinstance(item, Ready) and not self._renewed:
                # Torch is loaded by now, so that it takes little time to read the weights.
                self._renewed = True
                self._renew(self.context.settings.values.weights)
        self.updates.publish(tuple(self.context.take(item) for item in message.updates))

    def on_sets_changed(self) -> None:
        """Notify the screens that show sets."""
        self.sets_changed.publish(None)

    def _renew(self, name: str) -> None:
        """Retrain the current set of words if it was trained on another network than the shipped one."""
        from voicetrail.teaching.renewal import renew

        def report(text: str, changed: bool) -> None:
            self._send((Problem(text),))
            if not changed:
                return
            self.post_message(SetsChanged())
            if self.context.worker is not None:
                self.context.worker.reload()

        renew(name, report)

    def _settings_changed(self, names: frozenset[str]) -> None:
        if not names & {"theme", "ascii"}:
            return
        self.ascii_only = self._force_ascii or self.context.settings.values.ascii
        theme = self.context.settings.values.theme
        if theme in self.available_themes and theme != self.theme:
            self.theme = theme
        else:
            self.refresh_look()

    def exit(self, *arguments: object, **named: object) -> None:
        """Stop listening first, so that the app can end without waiting."""
        self.context.stop()
        self.left_loading = self.context.loading
        super().exit(*arguments, **named)  # type: ignore[arg-type]
