"""Keeps a session: what the game and the listener tell goes to the writer's thread, and nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import __version__
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
from voicetrail.game import Sketch
from voicetrail.game.inputs import Input, Tick, is_input
from voicetrail.replay import library as store
from voicetrail.replay.file.codes import PAST_MAX
from voicetrail.replay.file.entries import Checksum, End, Entry, Item, KeyPressed, Marker, Past, RecognizerInfo, SettingChanged
from voicetrail.replay.file.format import SOUND_SUFFIX, Header
from voicetrail.replay.file.scores import quantize
from voicetrail.replay.file.writer import Hop, Sound, TrailWriter
from voicetrail.text import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from voicetrail.listening import Listener

CHECK_MS = 5000
"""Time between two checksums of the drawing, while something is drawn."""

Told = KeyPressed | SettingChanged | Marker
"""What only the recorder is told."""
_FROM_LISTENER = (ListeningChanged, DetectorChanged, SourceLost, SourceDelayed, SourceBack, SourceEnded, SamplesLost)


@dataclass(slots=True)
class _Take:
    """A recording under way."""

    writer: TrailWriter
    began_ms: int
    scores: bool
    ears_told: bool = False
    """The file knows what the scores that follow mean (only the listener's thread looks at this)."""
    checked_ms: int = 0

    def put(self, item: Item, at_ms: int) -> None:
        self.writer.put(Entry(max(0, at_ms - self.began_ms), item))


class Recorder:
    """Keeps sessions of one game; it is told everything from the game's first moment, so that recording can begin at any time.

    ``record``, ``start`` and ``stop`` belong to the game's thread; ``hear`` and ``tap`` to the listener's. None of them waits
    for the disk, except that ``start`` makes the file and ``stop`` sees it to its end.

    Args:
        game: the game, before anything was done to it.
        on_problem: is told, from another thread, why a recording ended by itself; the game goes on.
    """

    def __init__(self, game: Sketch, on_problem: Callable[[str], None] | None = None) -> None:
        self._game = game
        self._on_problem = on_problem
        self._first = Header(
            width=game.trail.width,
            height=game.trail.height,
            step=game.step,
            mode=game.movement.name,
            glide_speed=game.glide_speed,
            glide_silence=game.glide_silence,
            rules=game.setup.rules,
            program=__version__,
        )
        self._past: list[tuple[int, Input]] = []
        self._take: _Take | None = None
        self._listener: Listener | None = None
        self._ready: Ready | None = None
        self._sound: tuple[int, npt.NDArray[np.float32], bool] | None = None

    @property
    def running(self) -> bool:
        """Whether a recording is under way."""
        return self._take is not None and not self._take.writer.problem

    @property
    def path(self) -> Path | None:
        """The file of the recording under way."""
        return self._take.writer.path if self._take is not None else None

    @property
    def problem(self) -> str:
        """Why the last recording ended by itself; empty if it did not."""
        return self._take.writer.problem if self._take is not None else ""

    def elapsed_ms(self, at_ms: int) -> int:
        """How long the recording has been running at a time of the session's clock; 0 without one."""
        return max(0, at_ms - self._take.began_ms) if self._take is not None else 0

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
            about: title, vocabulary, source, weights and settings for the header; what the game decides is filled in.
            scores: keep the scores of every hop.
            sound: keep the sound beside the file.

        Returns:
            The file's path.

        Raises:
            ReplayError: the file cannot be made, or there is one of that name.
        """
        if self.running:
            raise ReplayError("recording is under way; stop it first")
        where = store.new_path(now) if path is None else path
        flac = where.with_suffix(SOUND_SUFFIX) if sound else None
        if flac == where:
            raise ReplayError(f"{printable(where.name)} is the name that the sound gets; give the replay another ending")
        about = about or Header()
        ready = self._ready
        header = replace(
            self._first,
            date=now.isoformat(timespec="seconds"),
            title=printable(about.title),
            began_ms=at_ms,
            seed=about.seed,
            vocabulary=printable(about.vocabulary),
            source=printable(ready.source if ready else about.source),
            weights=printable(ready.weights if ready else about.weights),
            weights_hash=ready.weights_hash if ready else about.weights_hash,
            settings={printable(name): _value(value) for name, value in about.settings.items()},
            sound=printable(flac.name) if flac else "",
        )
        writer = TrailWriter(where, header, sound=flac, on_problem=self._on_problem)
        take = _Take(writer, at_ms, scores, checked_ms=at_ms)
        for first in range(0, len(self._past), PAST_MAX):
            take.put(Past(tuple(self._past[first : first + PAST_MAX])), at_ms)
        take.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)
        self._take = take
        return where

    def stop(self, at_ms: int, reason: str = "") -> Path | None:
        """End the recording, if one is under way, and return its file."""
        take, self._take = self._take, None
        if take is None:
            return None
        take.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)
        take.put(End(printable(reason)), at_ms)
        take.writer.close()
        return take.writer.path

    def record(self, item: Event | Input | Told, at_ms: int) -> None:
        """Take note of an input before it is applied, a word, a key's action, a changed setting or a marker.

        Other events are passed over: they come by ``hear``.
        """
        if is_input(item):
            if isinstance(item, Tick):
                return
            self._check(at_ms)
            self._past.append((at_ms, item))
        elif not isinstance(item, WordHeard | WordRejected | KeyPressed | SettingChanged | Marker):
            return
        if self._take is not None:
            self._take.put(_clean(item), at_ms)

    def _check(self, at_ms: int) -> None:
        """Note a checksum when one is due: of the drawing as the game left it, before the input that comes now."""
        take = self._take
        if take is not None and at_ms - take.checked_ms >= CHECK_MS:
            take.checked_ms = at_ms
            take.put(Checksum(self._game.checksum(), self._game.now_ms), at_ms)

    def attach(self, listener: Listener, ready: Ready) -> None:
        """A listener begins (before its first event): its scores, and its sound if that is wanted, are kept from now on."""
        self._ready = ready
        self._listener = listener
        listener.tap = self.tap
        if self._take is not None:
            self._take.ears_told = False

    def tap(self, time: int, samples: npt.NDArray[np.float32], listening: bool) -> None:
        """Take the sound of a hop; its scores follow."""
        self._sound = (time, samples, listening)

    def hear(self, event: Event, at_ms: int) -> None:
        """Take an event straight from the listener, in its order and in its thread."""
        sound, take = self._sound, self._take
        if take is None:
            return
        if isinstance(event, Scores):
            if sound is not None:
                self._sound = None
                take.writer.put(Sound(max(0, at_ms - take.began_ms), *sound))
            self._scores(take, event, at_ms)
        elif isinstance(event, _FROM_LISTENER):
            told = take.ears_told or not isinstance(event, ListeningChanged | DetectorChanged)
            if told:
                take.put(_clean(event), at_ms)

    def _scores(self, take: _Take, event: Scores, at_ms: int) -> None:
        listener, ready = self._listener, self._ready
        if listener is None or ready is None or not take.scores:
            return
        if take.ears_told:
            at_ms = max(0, at_ms - take.began_ms)
            take.writer.put(Hop(at_ms, event.time, listener.recognizer.hop, quantize(event.posteriors)))
            return
        # The detector stands after this hop; what follows is decided from here.
        take.ears_told = True
        detector = listener.detector
        recognizer = RecognizerInfo(
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
        take.put(recognizer, at_ms)


def _clean(item: Item) -> Item:
    """What has text from outside, with the text made safe to show."""
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
