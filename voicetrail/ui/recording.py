"""Keeping the session, as the game's screen sees it: start, stop, mark, and what the message line shows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.events import Event
from voicetrail.game import Session
from voicetrail.replay.entries import Marker, SettingChanged
from voicetrail.replay.format import Header
from voicetrail.replay.recorder import Recorder
from voicetrail.settings import SETTINGS, Settings
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.events import Ready
    from voicetrail.listening import Listener


class Recording:
    """Starts and stops the recorder.

    Args:
        recorder: the session's.
        settings: what goes into the file's header, and whether scores and sound are kept.
        path: the file of the first recording; ``None`` names it after the time.
    """

    def __init__(self, recorder: Recorder, settings: Settings, path: Path | None = None) -> None:
        self.recorder = recorder
        self._settings = settings
        self._path = path

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

    def stop(self, at_ms: int) -> str:
        """End the recording; return the line to show, empty when none was running."""
        where = self.recorder.stop(at_ms)
        return "" if where is None else f"kept in {printable(where)}"

    def mark(self, at_ms: int) -> str:
        """Set a marker; return the line to show."""
        if not self.recorder.running:
            return "a marker needs a recording: r starts one"
        self.recorder.record(Marker(""), at_ms)
        return f"marker at {self.clock(at_ms).removeprefix('REC ')}"

    def setting_changed(self, name: str, at_ms: int) -> None:
        """Note a changed setting."""
        value = self._settings[name] if name in SETTINGS else None
        if value is None or isinstance(value, bool | int | float | str):
            self.recorder.record(SettingChanged(name, value), at_ms)

    def clock(self, at_ms: int) -> str:
        """What the message line shows while recording: ``REC 1:05``; empty when it is not."""
        if not self.recorder.running:
            return ""
        seconds = self.recorder.elapsed_ms(at_ms) // 1000
        return f"REC {seconds // 60}:{seconds % 60:02d}"


class RecorderWitness:
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
