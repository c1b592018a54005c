"""The app: theme and look, signals, and the way between screens."""

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
from voicetrail.ui.dialogs import open_dialog, open_help
from voicetrail.ui.messages import RoundEnded, RoundRequested, UpdatesArrived
from voicetrail.ui.screens.round import RoundScreen
from voicetrail.ui.style.look import Look, make_look
from voicetrail.ui.style.theme import THEMES, sixteen_colors
from voicetrail.ui.textual_private.clean_exit import CleanExitApp
from voicetrail.ui.widgets.rows import Rows

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


class TrailApp(CleanExitApp):
    """What the live game and the replay player share.

    Args:
        first: makes the screen to begin with.
        theme: a name of ours or of Textual's themes; ``ansi-dark`` and ``ansi-light`` take the terminal's own sixteen colors.
        ascii_only: draw with ASCII characters.
    """

    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = set[type[Provider] | Callable[[], type[Provider]]]()
    """Textual's own commands stay away: screens list what they can do."""
    TITLE = "voicetrail"

    def __init__(self, first: Callable[[], Screen[None]], *, theme: str = "midnight", ascii_only: bool = False) -> None:
        super().__init__()
        self._first = first
        self._first_theme = theme
        self.ascii_only = ascii_only
        self._look: Look | None = None

    @property
    def look(self) -> Look:
        """Colors and characters of the moment."""
        if self._look is None:
            theme = self.current_theme
            self._look = make_look(self.theme_variables, ansi=theme.ansi, ascii_only=self.ascii_only, light=not theme.dark)
        return self._look

    def on_mount(self) -> None:
        """Take the theme, look after signals, and show the first screen."""
        for theme in THEMES:
            self.register_theme(theme)
        if self._first_theme in self.available_themes:
            self.theme = self._first_theme
        if self._first_theme == THEMES[0].name and self.console.color_system == "standard":
            # Sixteen colors: the terminal's own, not the nearest ones to those of a theme.
            self.theme = sixteen_colors()
        self.theme_changed_signal.subscribe(self, lambda _: self.refresh_look())
        self.set_class(self.ascii_only, "-ascii")
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            try:
                loop.add_signal_handler(number, self.end_by, number)
            except (RuntimeError, ValueError):
                # Not in the main thread (a test): its signals are someone else's.
                break
        self.push_screen(self._first())
        self.call_after_refresh(_collect_garbage_again)

    def refresh_look(self) -> None:
        """Paint everything again, in the colors and characters of now."""
        self._look = None
        self.set_class(self.ascii_only, "-ascii")
        for screen in self.screen_stack:
            screen.set_class(self.ascii_only, "-ascii")
            for rows in screen.query(Rows):
                rows.restyle()

    def on_leave_requested(self) -> None:
        """Go back to the screen below, or out of the program where there is none."""
        self.before_leaving()
        # Below the first screen lies Textual's own, which shows nothing.
        if len(self.screen_stack) > 2:
            self.pop_screen()
        else:
            self.exit()

    def before_leaving(self) -> None:
        """The screen on top is about to go."""


def _collect_garbage_again() -> None:
    """What was made up to the first paint stays, and is not looked through again."""
    gc.freeze()
    gc.enable()


class VoicetrailApp(TrailApp):
    """The live game.

    Args:
        context: the session. A round that has begun already is played first; without one the title is shown.
        ascii_only: draw with ASCII characters, whatever the setting says.
    """

    def __init__(self, context: SessionContext, *, ascii_only: bool = False) -> None:
        settings = context.settings
        super().__init__(self._first_screen, theme=settings.values.theme, ascii_only=ascii_only or settings.values.ascii)
        self.context = context
        self.updates: Signal[tuple[Update, ...]] = Signal(self, "updates")
        self._force_ascii = ascii_only
        self.exit_error = ""
        """Why the game ended by itself: something that was asked for cannot be had."""
        self._renewed = False
        """It was looked whether the set of words has to be made again."""
        self.left_loading = False
        """The recognizer was still being loaded when the player left."""

    def on_mount(self) -> None:
        """Begin to listen, after the first paint (Textual calls the ``on_mount`` of every class)."""
        self.context.settings.subscribe(self._settings_changed)
        self.call_after_refresh(self.context.start, self._send)

    def on_unmount(self) -> None:
        """The app is over, however that came."""
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

    # The way between screens: title, round, result, and what lies over them

    async def on_round_requested(self, message: RoundRequested) -> None:
        """Play a round, in place of the round or result that is shown."""
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
        """Show a screen in place of the round, the result or the tutorial on top, or over the list that it was chosen from."""
        if getattr(self.screen, "gives_way", False):
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    def before_leaving(self) -> None:
        """A round that is left has a result, which is kept as its mode says."""
        if isinstance(self.screen, RoundScreen):
            self.context.leave_round()

    def _send(self, updates: tuple[Update, ...]) -> None:
        self.post_message(UpdatesArrived(updates))

    def on_updates_arrived(self, message: UpdatesArrived) -> None:
        """Let the context take note of what the worker sent, and the screens show it."""
        for item in message.updates:
            if isinstance(item, Problem) and item.ends:
                self.exit_error = item.message
                self.exit(return_code=1)
                return
            if isinstance(item, Ready) and not self._renewed:
                # Torch is loaded by now, so that looking at the weights costs little.
                self._renewed = True
                self._renew(self.context.settings.values.weights)
        self.updates.publish(tuple(self.context.take(item) for item in message.updates))

    def _renew(self, name: str) -> None:
        """Make the set of words that is played with again where it was taught on another network than ships."""
        from voicetrail.teaching.renewal import renew

        def report(text: str, changed: bool) -> None:
            self._send((Problem(text),))
            if changed and self.context.worker is not None:
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
        """Let listening end first, so that leaving waits for nothing."""
        self.context.stop()
        self.left_loading = self.context.loading
        super().exit(*arguments, **named)  # type: ignore[arg-type]
