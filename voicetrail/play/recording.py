"""Recording rounds: start, stop, mark, and what the message line shows of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
"""The replay that holds the last drawing that nobody recorded."""


class RecordingControl:
    """Records rounds: a recorder for each, and what starts and stops it.

    A recorder is imported and made when it is first needed, which is before the first input but after the first paint.

    Args:
        settings: what goes into the file's header, and whether scores and sound are kept.
        on_problem: gets, from another thread, the reason why a recording ended by itself.
        path: the file of the first recording; ``None`` names it after the time.
    """

    def __init__(self, settings: Settings, on_problem: Callable[[str], None], path: Path | None = None) -> None:
        self._settings = settings
        self._on_problem = on_problem
        self._path = path
        self._rules: Rules | None = None
        self._name = ""
        """The file of the round's last recording."""
        self._recorder: Recorder | None = None
        self.check: Callable[[], None] = lambda: None
        """Raises a ``ReplayError`` where nothing may be recorded now."""
        self._attached: tuple[Listener, Ready] | None = None
        """The listener of the moment: the recorder of the next round records it too."""

    def begin_round(self, rules: Rules) -> None:
        """A round begins: its rules, before anything was done to it."""
        self._rules = rules
        self._recorder = None
        self._name = ""

    @property
    def recorder(self) -> Recorder:
        """The recorder of the round."""
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
        """Make the recorder now, so that the first key or word does not wait for it."""
        if self._rules is not None:
            _ = self.recorder

    def attach(self, listener: Listener, ready: Ready) -> None:
        """A listener begins, before its first event (in the listener's thread)."""
        self._attached = (listener, ready)
        if (recorder := self._recorder) is not None:
            recorder.attach(listener, ready)

    def hear(self, event: Event, at_ms: int) -> None:
        """Take an event straight from the listener, in its order and in its thread."""
        if (recorder := self._recorder) is not None:
            recorder.hear(event, at_ms)

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Take note of an input or a word, before it is applied."""
        self.recorder.record(item, at_ms)

    def toggle(self, at_ms: int) -> str:
        """Start or stop; return the line to show.

        Raises:
            ReplayError: the file cannot be made.
        """
        return self.stop(at_ms) if self.running else self.start(at_ms)

    def start(self, at_ms: int) -> str:
        """Begin to record.

        Raises:
            ReplayError: the file cannot be made.
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
        """End the recording; return the line to show, empty when none was running."""
        where = self._recorder.stop(at_ms, reason) if self._recorder is not None else None
        return "" if where is None else f"kept in {printable(where)}"

    @property
    def name(self) -> str:
        """The name of the round's recording; empty without one."""
        return self._name

    def keep_drawing(self, at_ms: int) -> str:
        """Keep a drawing: one with a name under it; one without, where it is not being recorded, until the next one is kept.

        Raises nothing: a folder that cannot be written must not keep the player from leaving.

        Returns:
            The file's name; empty where it was not kept.
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
            # The drawing as it was before is there until the new one is whole.
            new.replace(path)
        except (OSError, VoicetrailError):
            return ""
        return str(path)

    def mark(self, at_ms: int) -> str:
        """Set a marker; return the line to show."""
        if not self.recorder.running:
            return "a marker needs a recording: r starts one"
        from voicetrail.replay.file.entries import Marker

        self.recorder.record(Marker(""), at_ms)
        return f"marker at {self.clock(at_ms).removeprefix('REC ')}"

    def settings_changed(self, names: frozenset[str], at_ms: int) -> None:
        """Note changed settings."""
        if self._rules is None:
            return
        from voicetrail.replay.file.entries import SettingChanged

        for name in sorted(names):
            value = self._settings[name] if name in SETTINGS else None
            if value is None or isinstance(value, bool | int | float | str):
                self.recorder.record(SettingChanged(name, value), at_ms)

    def clock(self, at_ms: int) -> str:
        """What the message line shows while recording: ``REC 1:05``; empty when it is not."""
        if not self.running:
            return ""
        seconds = self.recorder.elapsed_ms(at_ms) // 1000
        return f"REC {seconds // 60}:{seconds % 60:02d}"


def saved_drawing_text(path: str) -> str:
    """Says how a drawing that was kept is had again; empty where there is none."""
    if not path:
        return ""
    name = Path(path).stem
    until = " until the next one" if name == LAST_DRAWING else ""
    return f"the drawing is kept{until}; go on with it: voicetrail play sketch {shlex.quote(name)}"
