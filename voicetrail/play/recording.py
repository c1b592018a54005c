"""Keeping the session, as the game's screen sees it: start, stop, mark, and what the message line shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.events import Event
from voicetrail.game import Game, Input
from voicetrail.play.session import Session
from voicetrail.settings import SETTINGS, Settings
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.events import Ready
    from voicetrail.listening import Listener
    from voicetrail.replay.recorder import Recorder


class RecordingControl:
    """The recorder, with what starts and stops it.

    It is imported and made when it is first needed, which is before the first input but after the first paint.

    Args:
        game: the game, before anything was done to it.
        settings: what goes into the file's header, and whether scores and sound are kept.
        on_problem: is told, from another thread, why a recording ended by itself.
        path: the file of the first recording; ``None`` names it after the time.
    """

    def __init__(self, game: Game, settings: Settings, on_problem: Callable[[str], None], path: Path | None = None) -> None:
        self._game = game
        self._settings = settings
        self._on_problem = on_problem
        self._path = path
        self._recorder: Recorder | None = None

    @property
    def recorder(self) -> Recorder:
        """The recorder of the session."""
        if self._recorder is None:
            from voicetrail.replay.recorder import Recorder

            self._recorder = Recorder(self._game, self._on_problem)
        return self._recorder

    def warm_up(self) -> None:
        """Make the recorder now, so that the first key or word does not wait for it."""
        assert self.recorder

    def record(self, item: Event | Input, at_ms: int) -> None:
        """Take note of an input or a word, before it is applied."""
        self.recorder.record(item, at_ms)

    def toggle(self, at_ms: int) -> str:
        """Start or stop; return the line to show.

        Raises:
            ReplayError: the file cannot be made.
        """
        return self.stop(at_ms) if self.recorder.running else self.start(at_ms)

    def start(self, at_ms: int) -> str:
        """Begin to keep the session.

        Raises:
            ReplayError: the file cannot be made.
        """
        from voicetrail.replay.file.format import Header

        settings, path = self._settings, self._path
        self._path = None
        kept = {name: settings[name] for name in SETTINGS if name != "thresholds"}
        about = Header(
            vocabulary=settings.text("vocabulary"),
            source=settings.text("source"),
            weights=settings.text("weights"),
            settings={name: value for name, value in kept.items() if isinstance(value, bool | int | float | str)},
        )
        where = self.recorder.start(
            at_ms,
            datetime.now().astimezone(),
            path=path,
            about=about,
            scores=settings.switch("record_scores"),
            sound=settings.switch("record_audio"),
        )
        return f"recording to {printable(where)}"

    def stop(self, at_ms: int, reason: str = "") -> str:
        """End the recording; return the line to show, empty when none was running."""
        where = self._recorder.stop(at_ms, reason) if self._recorder is not None else None
        return "" if where is None else f"kept in {printable(where)}"

    def mark(self, at_ms: int) -> str:
        """Set a marker; return the line to show."""
        if not self.recorder.running:
            return "a marker needs a recording: r starts one"
        from voicetrail.replay.file.entries import Marker

        self.recorder.record(Marker(""), at_ms)
        return f"marker at {self.clock(at_ms).removeprefix('REC ')}"

    def setting_changed(self, name: str, at_ms: int) -> None:
        """Note a changed setting."""
        from voicetrail.replay.file.entries import SettingChanged

        value = self._settings[name] if name in SETTINGS else None
        if value is None or isinstance(value, bool | int | float | str):
            self.recorder.record(SettingChanged(name, value), at_ms)

    def clock(self, at_ms: int) -> str:
        """What the message line shows while recording: ``REC 1:05``; empty when it is not."""
        if self._recorder is None or not self._recorder.running:
            return ""
        seconds = self.recorder.elapsed_ms(at_ms) // 1000
        return f"REC {seconds // 60}:{seconds % 60:02d}"


class RecorderObserver:
    """Tells the recorder what the listener gives out, with the session's time, in the listener's thread."""

    def __init__(self, recorder: Recorder, session: Session) -> None:
        self._recorder = recorder
        self._session = session

    def attach(self, listener: Listener, ready: Ready) -> None:
        """A listener begins."""
        self._recorder.attach(listener, ready)

    def hear(self, event: Event) -> None:
        """An event, in its order."""
        self._recorder.hear(event, self._session.now_ms)
