"""The title: the modes, the player's progress, and the state of listening."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.timer import Timer
from textual.widget import Widget

from voicetrail.game.mode_list import MODES
from voicetrail.game.trail import Direction
from voicetrail.keys import Action
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import Drawing, drawings_note, list_drawings
from voicetrail.play.rounds.setups import requested_setup, snake_setup, with_settings
from voicetrail.ui.app_protocol import game_app_of
from voicetrail.ui.base.menu_screen import MenuScreen
from voicetrail.ui.help_texts import HOW_TO_CHOOSE
from voicetrail.ui.messages import LeaveRequested, RoundRequested
from voicetrail.ui.widgets.logo import WIDTH, Logo
from voicetrail.ui.widgets.menu import MenuItem

LOGO_STEP_S = 0.04
LOGO_COLUMNS = 2
"""Speed of the logo: columns that are drawn per ``LOGO_STEP_S``."""

KEYS: tuple[Action, ...] = (
    Action("quit", ("q", "ctrl+q"), "Quit", "Leave the game.", "Screens", footer=True),
    Action("settings", ("s",), "Settings", "Show and change every setting.", "Screens"),
    Action("microphone", ("d",), "Microphone", "Choose a sound input by its level.", "Screens"),
    Action("calibrate", ("k",), "Calibrate", "Set thresholds and gain for your voice, in under a minute.", "Screens"),
    Action("theme", ("t",), "Theme", "Switch between a dark and a light theme.", "Screens"),
    Action("help", ("?", "f1"), "Help", "Show what every key does, and how to say the words.", "Screens", footer=True),
    Action("leave", ("escape",), "Leave", "Leave the game; asks first.", "Screens"),
)


def title_items(context: SessionContext, notes: Mapping[str, str]) -> list[MenuItem]:
    """Return the rows of the title, with a note for each mode."""
    items = [
        *(MenuItem(name, mode.title, mode.summary, notes.get(name, "")) for name, mode in MODES.items()),
        MenuItem("words", "Words", "teach your own words"),
        MenuItem("replays", "Replays", "recorded rounds"),
        MenuItem("scores", "Scores", "your best results", notes.get("scores", "")),
        MenuItem("calibrate", "Calibrate", "adapt to your voice"),
        MenuItem("settings", "Settings", "all options"),
        MenuItem("tutorial", "How to play", "in three steps"),
    ]
    return [item for item in items if item.name not in context.withheld]


class TitleScreen(MenuScreen):
    """The first screen.

    Args:
        context: the session.
    """

    HELP = HOW_TO_CHOOSE

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context, items=title_items(context, {}), takes="starts", leaves="leaves", actions=KEYS)
        self.logo = Logo(id="logo")
        self._drawing: Timer | None = None
        self._drawings: Sequence[Drawing] = ()
        """The saved drawings; empty if none has a name."""
        self._leaving = False
        """Whether the player was asked to confirm leaving."""
        self._end_following: Callable[[], None] | None = None

    def head(self) -> Sequence[Widget]:
        """The logo."""
        return [self.logo]

    def on_mount(self) -> None:
        """Draw the logo while everything else is loaded."""
        if self.context.motion:
            self.logo.draw(0)
            self._drawing = self.set_interval(LOGO_STEP_S, self._draw_logo)
        # The database is opened after the first paint.
        self.call_after_refresh(self._show_notes)

    def on_unmount(self) -> None:
        """Unsubscribe from the host's table."""
        if self._end_following is not None:
            self._end_following()

    def _show_notes(self) -> None:
        from voicetrail.play.host_table import host_of, standing
        from voicetrail.play.progress import mode_notes, today

        scores = self.context.scores
        notes = dict(mode_notes(scores, self.context.profile))
        self._drawings = list_drawings()
        notes["sketch"] = drawings_note(self._drawings)
        if (host := host_of(scores)) is not None:
            notes["scores"] = standing(host.table)
            if self._end_following is None:
                from voicetrail.ui.widgets.day_table import follow_table

                self._end_following = follow_table(self, self.context, today())
        self.menu.set_items(title_items(self.context, notes))
        if notices := self.context.take_notices():
            self.say("; ".join(notices), "warn")

    def on_table_arrived(self) -> None:
        """Show the table that the host sent."""
        self._show_notes()

    def _draw_logo(self) -> None:
        self.logo.draw(min(WIDTH, self.logo.drawn + LOGO_COLUMNS))
        if self.logo.whole and self._drawing is not None:
            self._drawing.stop()

    def on_screen_resume(self) -> None:
        """Update the notes after a round."""
        self._leaving = False
        if self._end_following is not None and (scores := self.context.scores) is not None and scores.host is not None:
            from voicetrail.play.progress import today

            scores.host.request(today())
        self.call_after_refresh(self._show_notes)

    def take(self, item: MenuItem) -> None:
        """Start a mode, or open a screen."""
        from voicetrail.ui.screens.levels import MazeScreen, SketchScreen, TraceScreen

        match item.name:
            case "sketch" if drawings_note(self._drawings):
                self.app.push_screen(SketchScreen(self.context, self._drawings))
            case "trace":
                self.app.push_screen(TraceScreen(self.context))
            case "maze":
                self.app.push_screen(MazeScreen(self.context))
            case "snake":
                size = "medium" if self.has_class("-roomy") else "small"
                self.post_message(RoundRequested(snake_setup(size, self.context.delay_ms())))
            case "scores":
                from voicetrail.ui.screens.scores import ScoresScreen

                self.app.push_screen(ScoresScreen(self.context))
            case "tutorial":
                from voicetrail.ui.screens.tutorial import TutorialScreen

                self.app.push_screen(TutorialScreen(self.context))
            case name if name in MODES:
                self.post_message(RoundRequested(with_settings(requested_setup(name), self.context.settings)))
            case name:
                game_app_of(self).open_dialog(name)

    def go_back(self) -> None:
        """Leave after the second *left*."""
        if self._leaving:
            self.post_message(LeaveRequested())
            return
        self._leaving = True
        self.grace.begin()
        self.say("say left again to leave the game, or anything else to stay", "warn")

    def on_direction(self, direction: Direction) -> None:
        """Any other word than *left* cancels leaving."""
        if direction != "left" and self._leaving:
            self._leaving = False
            self.say("")
        super().on_direction(direction)

    def action_quit(self) -> None:
        """Leave at once."""
        self.post_message(LeaveRequested())

    def action_leave(self) -> None:
        """Leave after a confirmation."""
        self.go_back()
