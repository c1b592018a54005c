"""Every setting with value, range, description and origin. A change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from voicetrail.errors import SettingsError
from voicetrail.play.context import SessionContext
from voicetrail.play.tuning.tuner import Tuner
from voicetrail.settings import SETTINGS, Settings, find
from voicetrail.settings.presets import NONE
from voicetrail.text import printable
from voicetrail.ui.app_protocol import look_of
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.widgets.rows import Rows, Run
from voicetrail.ui.widgets.wrap import wrapped

ABOUT_ROWS = 7
"""Rows for the description of a setting."""
COLUMNS = (20, 22)
"""Widths of the name and of the value."""
NOT_SET = "(not set)"
"""Shown as the value of a setting without one."""
SAVING = "a new preset"
"""Shown in place of a setting's name while the player types the name of a preset."""
SAYS_ORIGIN = {
    "default": "default",
    "preset": "preset",
    "file": "settings file",
    "profile": "profile",
    "key": "key",
    "environment": "environment",
    "flag": "flag",
}


class SettingsList(Rows):
    """A row for each setting, with a cursor.

    Args:
        settings: the current settings.
        tuner: knows the words, and the thresholds that ship with the weights.
    """

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up"),
        Binding("down", "move(1)", "Down"),
        Binding("pageup", "move(-10)", "Page up"),
        Binding("pagedown", "move(10)", "Page down"),
        Binding("home", "move(-1000)", "First"),
        Binding("end", "move(1000)", "Last"),
    ]

    class SelectionMoved(Message):
        """The cursor moved to another setting."""

    def __init__(self, settings: Settings, tuner: Tuner, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._settings = settings
        self._tuner = tuner
        self.names: list[str] = []
        for name in SETTINGS:
            self.names += [f"thresholds.{word}" for word in tuner.words] if name == "thresholds" else [name]
        self.cursor = 0
        self._top = 0

    @property
    def name_at_cursor(self) -> str:
        """The setting at the cursor; ``thresholds.left`` for the threshold of a word."""
        return self.names[self.cursor]

    def value(self, name: str) -> str:
        """Return the value of a setting as text; a shipped value as a number too."""
        setting, word = find(name)
        detector = self._tuner.detector
        if word is not None:
            own = word in self._settings.values.thresholds
            threshold = self._settings[name] if own or detector is None else detector.threshold_of(word)
            return setting.format(threshold)
        shown = self._settings.show(name)
        if self._settings[name] == "shipped" and detector is not None and name != "threshold":
            return f"{setting.show(getattr(detector, name))} (shipped)"
        return shown or NOT_SET

    def origin(self, name: str) -> str:
        """Return the origin of a setting's value, for the player."""
        _, word = find(name)
        if word is not None and word not in self._settings.values.thresholds:
            return "all words" if self._settings.origin("threshold") not in ("default", "preset") else "weights"
        return SAYS_ORIGIN[self._settings.origin(name)]

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + rows, 0), len(self.names) - 1)
        self.rebuild()
        self.post_message(self.SelectionMoved())

    def rebuild(self) -> None:
        """Rebuild the visible rows."""
        width, height = self.size
        if not width or not height:
            return
        self._top = min(max(self._top, self.cursor - height + 1), self.cursor)
        look = self.look
        for y in range(height):
            index = self._top + y
            if index >= len(self.names):
                self.put(y, ())
                continue
            name, chosen = self.names[index], index == self.cursor
            value, origin = self.value(name), self.origin(name)
            room = max(6, min(COLUMNS[1], width - COLUMNS[0] - 16))
            shown = value if len(value) < room else value[: room - 2] + "~"
            style = look.accent if chosen else look.text
            set_here = origin not in ("default", "weights")
            mark = " "
            if chosen:
                mark = look.marks.selected
            elif y == 0 and index > 0:
                mark = look.marks.above_list
            elif y == height - 1 and index < len(self.names) - 1:
                mark = look.marks.below_list
            self.put(
                y,
                [
                    (f"{mark} ", look.warn if chosen else look.dim),
                    (f"{name:<{COLUMNS[0]}}", style),
                    (f"{shown:<{room}}", style if set_here or chosen else look.dim),
                    (origin[: max(0, width - COLUMNS[0] - room - 2)], look.text if set_here else look.dim),
                ],
            )
        self.truncate(height)


class SettingsScreen(SpokenDialog):
    """The settings over another screen; every change takes effect at once.

    Args:
        context: the session.
        at: the setting to select at first.
    """

    DEFAULT_CSS = """
    SettingsScreen > #frame { width: 84; max-width: 96%; height: 92%; }
    SettingsScreen #list { height: 1fr; }
    SettingsScreen #about { height: 7; }
    SettingsScreen #edit { height: 1; border: none; padding: 0; display: none; }
    SettingsScreen.-editing #edit { display: block; }
    """
    HOLDS_WORDS = False
    # A sketch goes on below, so that a change of the tuning is visible at once.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,s", "close", "Close"),
        Binding("left,minus", "step(-1)", "Less"),
        Binding("right,plus,equals_sign", "step(1)", "More"),
        Binding("enter,space", "edit", "Change"),
        Binding("backspace,delete,0", "reset", "Reset"),
        Binding("w", "save", "Save as a preset"),
    ]

    def __init__(self, context: SessionContext, at: str = "") -> None:
        super().__init__(context)
        words = context.tuner.words
        self._at = f"thresholds.{words[0]}" if at == "thresholds" and words else at
        self._settings = context.settings
        self._tuner = context.tuner
        self._said = ""
        self._editing = ""
        """The setting whose value is being typed."""

    def compose(self) -> ComposeResult:
        """The list, the description of the selected setting, and a line to type a value in."""
        with Vertical(id="frame") as frame:
            frame.border_title = "settings"
            frame.border_subtitle = "enter: change  0: reset  w: save preset  esc: close"
            yield SettingsList(self._settings, self._tuner, id="list")
            yield Rows(id="about")
            yield Input(id="edit", select_on_focus=False)

    def on_mount(self) -> None:
        """Select the first setting, or the requested one."""
        if self._at in self._list.names:
            self._list.cursor = self._list.names.index(self._at)
        self._list.focus()
        if self.controlled_by_words:
            self.query_one("#frame").border_title = "settings · right changes, left closes"
        self._unwatch = self._settings.subscribe(self._changed)
        self.call_after_refresh(self._explain)

    def on_unmount(self) -> None:
        """Unsubscribe and stop the timers."""
        self._unwatch()

    @property
    def _list(self) -> SettingsList:
        return self.query_one("#list", SettingsList)

    def on_settings_list_selection_moved(self) -> None:
        """Describe the setting at the cursor."""
        self._said = ""
        self._explain()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.call_after_refresh(self._explain)

    def _changed(self, _: frozenset[str]) -> None:
        """Update the list after a change, here or elsewhere."""
        self._list.rebuild()
        self._explain()

    def _explain(self) -> None:
        name = self._list.name_at_cursor
        setting, _ = find(name)
        look = look_of(self)
        about = self.query_one("#about", Rows)
        said = f"! {printable(self._said)}" if self._said else ""
        rows: list[list[Run]] = [
            [(setting.help, look.text)],
            [(f"values: {setting.range_text.removeprefix('for each word ')}", look.dim)],
            [(f"from: {self._list.origin(name)}; default: {setting.show(setting.default) or NOT_SET}", look.dim)],
        ]
        rows = wrapped([*rows, [(said, look.warn)]], about.size.width or 80)
        for y, runs in enumerate(rows[:ABOUT_ROWS]):
            about.put(y, runs)
        about.truncate(min(len(rows), ABOUT_ROWS))

    def _try(self, change: Callable[[], object]) -> None:
        """Change something, and show the error message if the value is not allowed."""
        self._said = ""
        try:
            change()
        except SettingsError as error:
            self._said = str(error)
        self._list.rebuild()
        self._explain()

    def action_step(self, steps: int) -> None:
        """Change the value by a number of increments, or to the next choice."""
        name = self._list.name_at_cursor
        setting, word = find(name)
        if word is not None:
            shipped = self._tuner.shipped
            if shipped is not None:
                self._try(lambda: self._settings.move_threshold(steps * setting.step, shipped, self._tuner.words, word))
        elif name == "preset":
            self._try(lambda: self._settings.set("preset", self._next(steps, (NONE, *self._settings.preset_names()), name)))
        elif name == "theme":
            self._try(lambda: self._settings.set("theme", self._next(steps, tuple(self.app.available_themes), name)))
        elif setting.type == "text":
            self.action_edit()
        elif self._settings[name] == setting.keyword and not hasattr(self._tuner.shipped, name):
            self._try(lambda: self._settings.set(name, 0.0))
        else:
            self._try(lambda: self._settings.step(name, steps, self._tuner.shipped))

    def _next(self, steps: int, choices: tuple[str, ...], name: str) -> str:
        now = str(self._settings[name])
        return choices[(choices.index(now) + steps) % len(choices)] if now in choices else choices[0]

    def action_edit(self) -> None:
        """Let the player type a value; a switch changes at once."""
        name = self._list.name_at_cursor
        setting, _ = find(name)
        if setting.type in ("switch", "choice"):
            self.action_step(1)
            return
        _, word = find(name)
        self._type_in(name, self._list.value(name) if word is not None else setting.format(self._settings[name]))

    def action_save(self) -> None:
        """Save the current tuning as a preset; the player types its name."""
        self._said = "type a name for the current tuning and press enter"
        self._explain()
        self._type_in(SAVING, "")

    def _type_in(self, name: str, value: str) -> None:
        self._editing = name
        edit = self.query_one("#edit", Input)
        edit.value = printable(value, 1000)
        edit.cursor_position = len(edit.value)
        self.set_class(True, "-editing")
        edit.focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Set the typed value."""
        name, self._editing = self._editing, ""
        if name == SAVING:
            self._end_edit()
            self._try(lambda: self._settings.save_preset(message.value.strip()))
        elif name:
            setting, word = find(name)
            self._end_edit()
            if not message.value.strip() and setting.type != "text":
                # An empty field leaves the setting unset.
                self._try(lambda: self._settings.reset(name))
            elif word is None:
                self._try(lambda: self._settings.set(name, setting.parse(message.value)))
            else:
                self._try(lambda: self._settings.set("thresholds." + word, _number(message.value)))

    def _end_edit(self) -> None:
        self._editing = ""
        self.set_class(False, "-editing")
        self._list.focus()

    def action_reset(self) -> None:
        """Reset the setting at the cursor to its value before the changes of this session."""
        self._try(lambda: self._settings.reset(self._list.name_at_cursor))

    def action_close(self) -> None:
        """Leave the text field, or the screen."""
        if self._editing:
            self._end_edit()
        else:
            self.dismiss()


def _number(text: str) -> float | str:
    """Convert a text to a number; any other text stays text, and the setting refuses it."""
    try:
        return float(text)
    except ValueError:
        return text
