"""The lists of drawings, levels of trace, and mazes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.widgets import Input

from voicetrail.errors import VoicetrailError
from voicetrail.game import RoundSetup
from voicetrail.game.levels import all_levels, text_level
from voicetrail.game.modes.maze import SIZES, daily_setup
from voicetrail.game.setup import TEXT_MAX
from voicetrail.play.context import SessionContext
from voicetrail.play.drawings import Drawing
from voicetrail.play.progress import level_notes, today
from voicetrail.play.recording import LAST_DRAWING
from voicetrail.play.rounds.setups import new_seed, sketch_setup
from voicetrail.text import counted
from voicetrail.ui.base.menu_screen import MenuScreen
from voicetrail.ui.messages import RoundRequested
from voicetrail.ui.widgets.menu import MenuItem

OWN_TEXT = "your own text"
NEW_DRAWING = ""


def drawing_items(drawings: Sequence[Drawing]) -> list[MenuItem]:
    """Return a row for a new drawing, and a row for every saved drawing."""
    items = [MenuItem(NEW_DRAWING, "New drawing", "on an empty canvas")]
    for drawing in drawings:
        label = "last drawing" if drawing.name == LAST_DRAWING else drawing.name
        items.append(MenuItem(drawing.name, label, "continue where you left it", drawing.when))
    return items


class SketchScreen(MenuScreen):
    """The choice of a new drawing or a saved one.

    Args:
        context: the session.
        drawings: the saved drawings.
    """

    def __init__(self, context: SessionContext, drawings: Sequence[Drawing]) -> None:
        super().__init__(context, "Which drawing?", drawing_items(drawings), takes="draws")

    def take(self, item: MenuItem) -> None:
        """Begin or continue a drawing."""
        self.post_message(RoundRequested(replace(sketch_setup(self.context.settings), level=item.name)))


def trace_items(context: SessionContext) -> list[MenuItem]:
    """Return every level with its difficulty, par and best score."""
    notes = level_notes(context.scores, "trace", context.profile)
    items = [
        MenuItem(level.name, level.name, f"{level.group:<7} {counted(level.par, 'word'):>8}", notes.get(level.name, ""))
        for level in all_levels()
    ]
    return [*items, MenuItem(OWN_TEXT, OWN_TEXT, "typed")]


class TraceScreen(MenuScreen):
    """The levels of trace; the first unfinished one is selected.

    Args:
        context: the session.
    """

    DEFAULT_CSS = """
    TraceScreen #own { height: 1; border: none; padding: 0; display: none; }
    TraceScreen.-typing #own { display: block; }
    """

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context, "What do you want to trace?", trace_items(context), takes="starts")
        self.field = Input(id="own", placeholder="letters and digits, then enter", max_length=TEXT_MAX)

    def on_mount(self) -> None:
        """Add the text field, and select the first unfinished level."""
        self.mount(self.field, after=self.query_one("#page"))
        self.call_after_refresh(self._select_unfinished, 0)

    def on_screen_resume(self) -> None:
        """Update the best scores after a round, and go on to the next level if the selected one is finished."""
        self.menu.set_items(trace_items(self.context))
        if self.menu.item is not None and self.menu.item.note:
            self._select_unfinished(self.menu.cursor)

    def _select_unfinished(self, first: int) -> None:
        """Select the first level without a result, from a row on; if there is none, the selection stays."""
        levels = [item for item in self.menu.items[first:] if item.name != OWN_TEXT]
        self.menu.choose(next((item.name for item in levels if not item.note), ""))

    def take(self, item: MenuItem) -> None:
        """Trace a level."""
        if item.name == OWN_TEXT:
            self.add_class("-typing")
            self.field.focus()
            self.say("type a text to trace and press enter; esc cancels")
            return
        self.post_message(RoundRequested(RoundSetup("trace", item.name)))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Trace the text that was typed."""
        try:
            text_level(message.value)
        except VoicetrailError as error:
            self.say(str(error), "warn")
            return
        self._end_typing()
        self.post_message(RoundRequested(RoundSetup("trace", text=message.value)))

    def _end_typing(self) -> None:
        self.remove_class("-typing")
        self.set_focus(None)
        self.say("")

    def go_back(self) -> None:
        """Leave the text field, or the screen."""
        if self.has_class("-typing"):
            self._end_typing()
        else:
            super().go_back()


class MazeScreen(MenuScreen):
    """The daily maze, the sizes, and the options.

    Args:
        context: the session.
    """

    def __init__(self, context: SessionContext) -> None:
        self._braided = self._fog = False
        super().__init__(context, "Which maze?", takes="starts")
        self.menu.items = tuple(self._items())

    def _items(self) -> list[MenuItem]:
        notes = level_notes(self.context.scores, "maze", self.context.profile)
        daily = daily_setup(today())
        about = ", ".join([daily.level, *(name for name in ("braided", "fog") if getattr(daily, name))])
        items = [MenuItem("daily", "Daily", f"one maze a day, the same for everybody ({about})", notes.get("daily", ""))]
        for name, size in SIZES.items():
            level = " ".join([name, *(each for each in ("braided", "fog") if getattr(self, f"_{each}"))])
            rooms = f"{size.columns} by {size.rows} rooms, {counted(size.gems, 'gem')}"
            items.append(MenuItem(name, name.capitalize(), rooms, notes.get(level, "")))
        items.append(MenuItem("braided", "Braided", "no dead ends", "on" if self._braided else "off"))
        items.append(MenuItem("fog", "Fog", "only rooms near you are visible", "on" if self._fog else "off"))
        return items

    def on_screen_resume(self) -> None:
        """Update the best scores after a round."""
        self.menu.set_items(self._items())

    def take(self, item: MenuItem) -> None:
        """Start a maze, or change an option."""
        if item.name in ("braided", "fog"):
            setattr(self, f"_{item.name}", not getattr(self, f"_{item.name}"))
            self.menu.set_items(self._items())
        elif item.name == "daily":
            # The date at the start counts, even if the round lasts past midnight.
            self.post_message(RoundRequested(daily_setup(today())))
        else:
            setup = RoundSetup("maze", item.name, new_seed(), braided=self._braided, fog=self._fog)
            self.post_message(RoundRequested(setup))
