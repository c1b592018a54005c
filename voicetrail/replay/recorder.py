"""Records a session: passes what comes from the game and from the listener to the writer's thread, without waiting.

There are two ordered streams. The listener's stream (scores, sound, words, near misses, changes of the source and of the
detector) comes from the listener's thread, in the order of the decisions. The game's stream (inputs, settings, markers) comes
from the game's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.errors import ReplayError
from voicetrail.events import (
    DetectorChanged,
    Event,
    ListeningChanged,
    Ready,
    SamplesLost,
    Scores,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game.inputs import Input, SetBackground, Tick, is_input
from voicetrail.game.rules import Rules
from voicetrail.game.setup import RoundSetup
from voicetrail.replay.file.codes import EARLIER_MAX
from voicetrail.replay.file.entries import (
    Checksum,
    EarlierInputs,
    End,
    Entry,
    Item,
    Marker,
    RecognizerStarted,
    SettingChanged,
)
from voicetrail.replay.file.format import SOUND_SUFFIX, Header
from voicetrail.replay.file.scores import LABELS_MAX, quantize
from voicetrail.replay.file.writer import Hop, Sound, TrailWriter
from voicetrail.replay.library import new_path
from voicetrail.text import printable
from voicetrail.version import __version__

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from voicetrail.listening import Listener

CHECK_MS = 5000
"""Time between two checksums, while something is drawn."""

Note = SettingChanged | Marker
"""What the game records besides its inputs."""
_FROM_LISTENER = (
    WordHeard,
    WordRejected,
    ListeningChanged,
    DetectorChanged,
    SourceLost,
    SourceDelayed,
    SourceBack,
    SourceEnded,
    SamplesLost,
)


@dataclass(slots=True)
class _Recording:
    """A file that is being written."""

    writer: TrailWriter
    began_ms: int
    scores: bool
    recognizer_noted: bool = False
    """Whether the file has the line that explains the scores (used by the listener's thread only)."""
    checked_ms: int = 0

    def put(self, item: Item, at_ms: int) -> None:
        self.writer.put(Entry(max(0, at_ms - self.began_ms), item))


class Recorder:
    """Records sessions of one game. It notes every input from the start of the game, so that recording can begin at any time.

    ``record``, ``start`` and ``stop`` belong to the game's thread; ``hear`` and ``tap`` to the listener's. None of them waits
    for the disk, except ``start``, which creates the file, and ``stop``, which completes it.

    Args:
        game: the game, before its first input.
        on_problem: called from another thread with the reason if recording fails; the game goes on.
    """

    def __init__(self, game: Rules, on_problem: Callable[[str], None] | None = None) -> None:
        self._game = game
        self._on_problem = on_problem
        self._first = Header(setup=game.setup, program=__version__)
        self._earlier: list[tuple[int, Input]] = []
        self._recording: _Recording | None = None
        self._listener: Listener | None = None
        self._ready: Ready | None = None
        self._sound: tuple[int, npt.NDArray[np.float32], bool] | None = None

    @property
    def running(self) -> bool:
        """Whether a recording is under way."""
        return self._recording is not None and not self._recording.writer.problem

    @property
    def path(self) -> Path | None:
        """The file of the recording under way."""
        return self._recording.writer.path if self._recording is not None else None

    @property
    def problem(self) -> str:
        """Why the last recording failed; empty if it did not."""
        return self._recording.writer.problem if self._recording is not None else ""

    def elapsed_ms(self, at_ms: int) -> int:
        """Length of the recording at a time of the session's clock; 0 without one."""
        return max(0, at_ms - self._recording.began_ms) if self._recording is not None else 0

    def start(
        self,
        at_ms: int,
        now: datetime,
        *,
        path: Path | None = None,
        about: Header | None = None,
        scores: bool = True,
        sound: bool = False,
    ) -> Path:
        """Begin to record.

        Args:
            at_ms: the session's clock.
            now: the date and the time, with the zone.
            path: the file; without it, one named after the time in the platform's folder.
            about: title, vocabulary, source, weights and settings for the header; the rest is filled in from the game.
            scores: keep the scores of every hop.
            sound: keep the sound beside the file.

        Returns:
            The file's path.

        Raises:
            ReplayError: the file cannot be created, or exists already.
        """
        if self.running:
            raise ReplayError("recording is under way; stop it first")
        where = new_path(now) if path is None else path
        flac = where.with_suffix(SOUND_SUFFIX) if sound else None
        if flac == where:
            raise ReplayError(f"{printable(where.name)} is the name of the sound file; give the replay another suffix")
        about = about or Header()
        ready = self._ready
        header = replace(
            self._first,
            date=now.isoformat(timespec="seconds"),
            title=printable(about.title or _title(self._game.setup)),
            began_ms=at_ms,
            vocabulary=printable(about.vocabulary),
            source=printable(ready.source if ready else about.source),
            weights=printable(ready.weights if ready else about.weights),
            weights_hash=ready.weights_hash if ready else about.weights_hash,
            settings={printable(name): _value(value) for name, value in about.settings.items()},
            sound=printable(flac.name) if flac else "",
        )
        writer = TrailWriter(where, header, sound=flac, on_problem=self._on_problem)
        recording = _Recording(writer, at_ms, scores, checked_ms=at_ms)
        for inputs in _portions(self._earlier):
            recording.put(EarlierInputs(inputs), at_ms)
        recording.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)
        self._recording = recording
        return where

    def stop(self, at_ms: int, reason: str = "") -> Path | None:
        """End the recording, if one is under way, and return its file."""
        recording, self._recording = self._recording, None
        if recording is None:
            return None
        recording.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)
        recording.put(End(printable(reason)), at_ms)
        recording.writer.close()
        return recording.writer.path

    def record(self, item: Event | Input | Note, at_ms: int) -> None:
        """Record an input before it is applied, a changed setting or a marker; events come through ``hear``."""
        if is_input(item):
            if isinstance(item, Tick):
                return
            self._note_checksum(at_ms)
            self._earlier.append((at_ms, item))
        elif not isinstance(item, SettingChanged | Marker):
            return
        if self._recording is not None:
            self._recording.put(_clean(item), at_ms)

    def _note_checksum(self, at_ms: int) -> None:
        """Record a checksum when one is due: of the game before the input that comes now."""
        recording = self._recording
        if recording is not None and at_ms - recording.checked_ms >= CHECK_MS:
            recording.checked_ms = at_ms
            recording.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)

    def attach(self, listener: Listener, ready: Ready) -> None:
        """Start recording a listener's scores, and its sound where sound is recorded; called before its first event."""
        self._ready = ready
        self._listener = listener
        listener.tap = self.tap
        if self._recording is not None:
            self._recording.recognizer_noted = False

    def tap(self, time: int, samples: npt.NDArray[np.float32], listening: bool) -> None:
        """Take the sound of a hop; its scores follow."""
        self._sound = (time, samples, listening)

    def hear(self, event: Event, at_ms: int) -> None:
        """Take an event straight from the listener, in its order and in its thread."""
        sound, recording = self._sound, self._recording
        if recording is None:
            return
        if isinstance(event, Scores):
            if sound is not None:
                self._sound = None
                recording.writer.put(Sound(max(0, at_ms - recording.began_ms), *sound))
            self._note_scores(recording, event, at_ms)
        elif isinstance(event, ListeningChanged | DetectorChanged):
            # Before the recognizer's line, scores cannot be read: that line holds the state after them.
            if recording.recognizer_noted:
                recording.put(event, at_ms)
        elif isinstance(event, _FROM_LISTENER):
            recording.put(_clean(event), at_ms)

    def _note_scores(self, recording: _Recording, event: Scores, at_ms: int) -> None:
        listener, ready = self._listener, self._ready
        if listener is None or ready is None or not recording.scores or len(listener.detector.labels) > LABELS_MAX:
            return
        if recording.recognizer_noted:
            at_ms = max(0, at_ms - recording.began_ms)
            recording.writer.put(Hop(at_ms, event.time, listener.recognizer.hop, quantize(event.posteriors)))
            return
        # The detector's state is the one after this hop; the following hops are decided from it.
        recording.recognizer_noted = True
        detector = listener.detector
        recognizer = RecognizerStarted(
            time=event.time,
            labels=detector.labels,
            hop=listener.recognizer.hop,
            weights=printable(ready.weights),
            weights_hash=ready.weights_hash,
            source=printable(ready.source),
            settings=detector.applied,
            listening=listener.listened,
            state=detector.snapshot(),
            meanings=ready.meanings,
        )
        recording.put(recognizer, at_ms)


def _title(setup: RoundSetup) -> str:
    """The title of a round that was given none."""
    if setup.mode == "sketch":
        return ""
    return " ".join(part for part in (setup.mode, setup.level or setup.text, setup.day) if part)


def _portions(inputs: list[tuple[int, Input]]) -> Iterator[tuple[tuple[int, Input], ...]]:
    """Inputs in portions that fit into a line: a background is a long text and gets its own line."""
    portion: list[tuple[int, Input]] = []
    for one in inputs:
        long = isinstance(one[1], SetBackground)
        if portion and (long or len(portion) == EARLIER_MAX or isinstance(portion[-1][1], SetBackground)):
            yield tuple(portion)
            portion = []
        portion.append(one)
    if portion:
        yield tuple(portion)


def _clean(item: Item) -> Item:
    """The item, with any text from outside made safe to show."""
    match item:
        case SourceLost(_, message) | SourceDelayed(_, message):
            return replace(item, message=printable(message))
        case SourceBack(_, name):
            return replace(item, name=printable(name))
        case Marker(label):
            return Marker(printable(label))
        case SettingChanged(name, value):
            return SettingChanged(printable(name), _value(value))
    return item


def _value(value: object) -> str | int | float | bool | None:
    """A setting's value as a line can hold it."""
    return value if value is None or isinstance(value, bool | int | float) else printable(value)
