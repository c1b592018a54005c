"""The sound inputs with their live levels. The chosen one is saved by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from voicetrail.audio.devices import ALSA_DEFAULT, InputDevice, choose, lasting_name
from voicetrail.audio.level import Loudness
from voicetrail.audio.meters import InputMeters
from voicetrail.errors import AudioError, SettingsError
from voicetrail.events import METER_BEGIN_DB, meter_part
from voicetrail.play.context import SessionContext
from voicetrail.text import printable
from voicetrail.ui.base.spoken_dialog import SpokenDialog
from voicetrail.ui.widgets.rows import Rows, Run

METERS_S = 0.2
"""Time between two updates of the levels, in s."""
SETTLE_S = 0.8
"""Time for the drivers to close every input before the inputs are listed again, in s."""
METER_CELLS = 20
DEFAULT_INPUT = "the system's default"


class InputList(Rows):
    """The system's default and every input, with a cursor."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("up", "move(-1)", "Up"), Binding("down", "move(1)", "Down")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.inputs: tuple[InputDevice, ...] = ()
        self.cursor = 0
        self.chosen = 0
        """Row of the input that is in use."""
        self.meters: InputMeters | None = None

    def set_inputs(self, inputs: Sequence[InputDevice], device: str) -> None:
        """Show a list of inputs, and mark the one that the setting ``device`` selects."""
        self.inputs = tuple(inputs)
        self.chosen = 0
        if device:
            try:
                found = choose(self.inputs, device)
            except AudioError:
                found = None
            self.chosen = 1 + self.inputs.index(found) if found is not None else -1
        self.cursor = min(max(self.chosen, 0), len(self.inputs))
        self.rebuild()

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + rows, 0), len(self.inputs))
        self.rebuild()

    def rebuild(self) -> None:
        """Rebuild every row; an unchanged meter sends nothing."""
        width = self.size.width
        if not width:
            return
        look = self.look
        levels = self.meters.levels if self.meters is not None else {}
        problems = self.meters.problems if self.meters is not None else {}
        room = max(10, width - 4 - METER_CELLS - 9)
        default = next((each for each in self.inputs if each.default), None)
        for y in range(len(self.inputs) + 1):
            device = default if y == 0 else self.inputs[y - 1]
            if y:
                name = "" if device is None else device.shown
            else:
                # ALSA's own default says nothing about which one it is.
                name = DEFAULT_INPUT if device is None or device.name == ALSA_DEFAULT else f"{DEFAULT_INPUT} ({device.name})"
            name = name if len(name) <= room else name[: room - 1] + "~"
            runs: list[Run] = [
                (f"{look.marks.selected if y == self.cursor else ' '} ", look.warn),
                (f"{look.marks.listening if y == self.chosen else ' '} ", look.good),
                (f"{name:<{room}} ", look.accent if y == self.cursor else look.text),
            ]
            if device is not None:
                runs += self._meter(levels.get(device.index), problems.get(device.index))
            self.put(y, runs)
        self.truncate(len(self.inputs) + 1)

    def _meter(self, level: Loudness | None, problem: str | None) -> list[Run]:
        look, marks = self.look, self.look.marks
        if problem is not None:
            return [("in use elsewhere or unavailable", look.dim)]
        if level is None:
            return [(marks.empty * METER_CELLS, look.dim)]
        filled = round(meter_part(level.rms_db) * METER_CELLS)
        style = look.bad if level.clipped else look.good
        # The number changes only with the bar: digits that change all the time would cost bytes and say little.
        shown = "CLIP" if level.clipped else f"{round((filled / METER_CELLS - 1.0) * -METER_BEGIN_DB):d} dB" if filled else ""
        return [(marks.full * filled, style), (marks.empty * (METER_CELLS - filled), look.dim), (f" {shown:>7}", style)]


class MicrophoneScreen(SpokenDialog):
    """Shows the inputs while the game goes on listening to the current one.

    Args:
        context: the session.
    """

    HOLDS_WORDS = False

    DEFAULT_CSS = """
    MicrophoneScreen > #frame { width: 84; max-width: 96%; height: auto; max-height: 92%; }
    MicrophoneScreen #list { height: auto; max-height: 30; min-height: 1; }
    MicrophoneScreen #about { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "dismiss", "Close"),
        Binding("enter,space", "choose", "Choose"),
        Binding("r", "again", "Search again"),
    ]

    def __init__(self, context: SessionContext) -> None:
        super().__init__(context)
        self._settings = context.settings
        self._meters: InputMeters | None = None

    def compose(self) -> ComposeResult:
        """The list and a row for messages."""
        with Vertical(id="frame") as frame:
            frame.border_title = "microphone"
            frame.border_subtitle = "enter: use it   r: search again   esc: close"
            yield InputList(id="list")
            yield Rows(id="about")

    def on_mount(self) -> None:
        """List the inputs."""
        if self.controlled_by_words:
            self.query_one("#frame").border_title = "microphone · right selects, left closes"
        self._list.focus()
        self.set_interval(METERS_S, self._list.rebuild)
        self._look_for(refresh=False)

    def on_unmount(self) -> None:
        """Close the inputs."""
        if self._meters is not None:
            self._meters.close()

    @property
    def _list(self) -> InputList:
        return self.query_one("#list", InputList)

    def _look_for(self, *, refresh: bool) -> None:
        """List the inputs in a worker, because drivers may be slow."""

        def look() -> None:
            from voicetrail.audio.microphone import inputs

            try:
                found, problem = inputs(refresh=refresh), ""
            except AudioError as error:
                found, problem = [], str(error)
            self.app.call_from_thread(self._found, found, problem)

        self._say("looking for inputs…" if self._list.look.marks.full != "=" else "looking for inputs...")
        self.run_worker(look, thread=True, name="inputs", exclusive=True)

    def _found(self, found: list[InputDevice], problem: str) -> None:
        self._list.set_inputs(found, self._settings.values.device)
        self._meters = InputMeters(found)
        self._list.meters = self._meters
        if problem or not found:
            self._say(problem or "there is no sound input; plug in a microphone and press r")
        elif self._list.chosen < 0:
            self._say(f"{self._settings.values.device} is not connected; it will be used again when it is")
        else:
            self._say("speak: the input whose level moves is your microphone")

    def _say(self, text: str) -> None:
        look = self._list.look
        self.query_one("#about", Rows).put(0, [(printable(text), look.text)])

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except SettingsError as error:
            self._say(str(error))

    def action_choose(self) -> None:
        """Use the input at the cursor, and save it in the settings."""
        chosen = self._list.cursor
        device = "" if chosen == 0 else lasting_name(self._list.inputs, self._list.inputs[chosen - 1])
        self._say(f"listening to {self._list.inputs[chosen - 1].shown if chosen else DEFAULT_INPUT}")
        source = {} if self._settings.values.source == "mic" else {"source": "mic"}
        self._try(lambda: self._settings.set_all({"device": device, **source}))
        self._list.chosen = chosen
        self._list.rebuild()

    def action_again(self) -> None:
        """List the inputs again. The game closes its own input for a moment, because the drivers would otherwise not search."""
        if self._meters is not None:
            self._meters.close()
        if self._settings.values.source == "mic":
            self.context.listen_again()
        self.set_timer(SETTLE_S, lambda: self._look_for(refresh=True))
