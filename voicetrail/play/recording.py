"""Recording of rounds: start, stop, markers, and the display in the message line."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.atomic import replace_by
from voicetrail.errors import VoicetrailError
from voicetrail.events import Event
from voicetrail.game import Input, Rules
from voicetrail.settings import SETTINGS, Settings
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.events import Ready
    from voicetrail.listening import Listener
    from voicetrail.replay.recorder import Recorder

LAST_DRAWING = "last-drawing"
"""Name of the replay with the last drawing that was not recorded."""


class RecordingControl:
    """Records rounds: creates, starts and stops a recorder for each round.

    The recorder is imported when it is first needed, which is after the first paint and before the first input.

    Args:
        settings: for the header of the file, and whether to record scores and sound.
        on_problem: called from another thread with the reason if a recording fails.
        path: file of the first recording; ``None`` uses a name with the time.
    """

    def __init__(self, settings: Settings, on_problem: Callable[[str], None], path: Path | None = None) -> None:
        self._settings = settings
        self._on_problem = on_problem
        self._path = path
        self._rules: Rules | None = None
        self._name = ""
        """File of the round's last recording."""
        self._recorder: Recorder | None = None
        self.check: Callable[[], None] = lambda: None
        """Raises a ``ReplayError`` if recording is not allowed now."""
        self._attached: tuple[Listener, Ready] | None = None
        """The current listener, which the recorder of the next round needs too."""

    def begin_round(self, rules: Rules) -> None:
        """Begin a round, with its rules in their initial state."""
        self._rules = rules
        self._recorder = None
        self._name = ""

    @property
    def recorder(self) -> Recorder:
        """The recorder of the round; created on first use."""
        if self._recorder is None:
            from voicetrail.replay.recorder import Recorder

            if self._rules is None:
                raise RuntimeError("no round has begun")
            self._recorder = Recorder(self._rules, self._on_problem)
            if self._attached is not None:
                self._recorder.attach(*self._attached)
        return self._recorder

    @property
    def running(self) -> bool:
        """Whether the round is being recorded."""
        return self._recorder is not None and self._recorder.running

    def warm_up(self) -> None:
        """Create the recorder now, so that it does not delay the first key or word."""
        if self._rules is not None:
            _ = self.recorder

    def attach(self, listener: Listener, ready: Ready) -> None:
        """Attach a listener before its first event, in the listener's thread."""
        self._attached = (listener, ready)
        if (recorder := self._recorder) is not None:
            recorder.attach(listener, ready)

    def hear(self, event: Event, at_ms: int) -> None:
        """Record an event of the listener, in order and in the listener's thread."""
        if (recorder := self._recorder) is not None:
            recorder.hear(event, at_ms)

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Record an input or a word before it is applied."""
        self.recorder.record(item, at_ms)

    def toggle(self, at_ms: int) -> str:
        """Start or stop recording. Returns the message to show.

        Raises:
            ReplayError: the file cannot be created.
        """
        return self.stop(at_ms) if self.running else self.start(at_ms)

    def start(self, at_ms: int) -> str:
        """Start to record. Returns the message to show.

        Raises:
            ReplayError: the file cannot be created.
        """
        from voicetrail.replay.file.format import Header
        from voicetrail.replay.library import close_folder

        self.check()
        settings, path = self._settings, self._path
        self._path = None
        values = {name: settings[name] for name in SETTINGS if name != "thresholds"}
        about = Header(
            vocabulary=settings.values.vocabulary,
            source=settings.values.source,
            weights=settings.values.weights,
            settings={name: value for name, value in values.items() if isinstance(value, bool | int | float | str)},
        )
        where = self.recorder.start(
            at_ms,
            datetime.now().astimezone(),
            path=path,
            about=about,
            scores=settings.values.record_scores,
            sound=settings.values.record_audio,
        )
        self._name = printable(where.name)
        notice = close_folder() if path is None else ""
        return "; ".join(part for part in (f"recording to {printable(where)}", notice) if part)

    def stop(self, at_ms: int, reason: str = "") -> str:
        """Stop the recording. Returns the message to show; empty if none was running."""
        where = self._recorder.stop(at_ms, reason) if self._recorder is not None else None
        return "" if where is None else f"recorded to {printable(where)}"

    @property
    def name(self) -> str:
        """Name of the round's recording; empty without one."""
        return self._name

    def keep_drawing(self, at_ms: int) -> str:
        """Save a drawing under its name. A drawing without a name that is not recorded is saved until the next such drawing.

        Raises nothing, because a folder that cannot be written must not prevent the player from leaving.

        Returns:
            The file's name; empty if the drawing was not saved.
        """
        recorder, rules = self._recorder, self._rules
        if recorder is None or rules is None or (not rules.level and (self.running or self._name)):
            return ""
        from voicetrail.replay.library import folder

        path = folder() / f"{rules.level or LAST_DRAWING}.trail"
        new = path.with_name(f".{path.stem}.new.trail")
        try:
            self.stop(at_ms)
            new.unlink(missing_ok=True)
            self._path = new
            self.start(at_ms)
            self.stop(at_ms)
            # The old file stays until the new one is complete.
            replace_by(path, new)
        except (OSError, VoicetrailError):
            return ""
        return str(path)

    def mark(self, at_ms: int) -> str:
        """Set a marker. Returns the message to show."""
        if not self.recorder.running:
            return "markers need a recording; press r to start one"
        from voicetrail.replay.file.entries import Marker

        self.recorder.record(Marker(""), at_ms)
        return f"marker at {self.clock(at_ms).removeprefix('REC ')}"

    def settings_changed(self, names: frozenset[str], at_ms: int) -> None:
        """Record changed settings."""
        if self._rules is None:
            return
        from voicetrail.replay.file.entries import SettingChanged

        for name in sorted(names):
            value = self._settings[name] if name in SETTINGS else None
            if value is None or isinstance(value, bool | int | float | str):
                self.recorder.record(SettingChanged(name, value), at_ms)

    def clock(self, at_ms: int) -> str:
        """Return the text for the message line while recording: ``REC 1:05``; otherwise empty."""
        if not self.running:
            return ""
        seconds = self.recorder.elapsed_ms(at_ms) // 1000
        return f"REC {seconds // 60}:{seconds % 60:02d}"


def saved_drawing_text(path: str) -> str:
    """Return a message how to continue a saved drawing; empty without one."""
    if not path:
        return ""
    name = Path(path).stem
    until = " until you leave another one" if name == LAST_DRAWING else ""
    return f"the drawing is saved{until}; to continue it, run: voicetrail play sketch {shlex.quote(name)}"
