"""What a replay file holds, each as a small frozen record beside those of ``events`` and ``game.inputs``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voicetrail.events import (
    DetectorChanged,
    ListeningChanged,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game.inputs import Input
from voicetrail.spotting.detector import DetectorSettings, Snapshot

Value = str | int | float | bool | None
"""Value of a setting."""


@dataclass(frozen=True, slots=True)
class EarlierInputs:
    """What was done to the game before recording began, at times of the session's clock in ms."""

    inputs: tuple[tuple[int, Input], ...]


@dataclass(frozen=True, slots=True)
class RecognizerStarted:
    """The recognizer listens: what its scores mean, and the detector's state. Scores from here on start from it."""

    time: int
    """Samples consumed so far; the first scores that follow are of the next hop."""
    labels: tuple[str, ...]
    hop: int
    """Samples between two hops."""
    weights: str
    weights_hash: str
    source: str
    settings: DetectorSettings = field(default_factory=DetectorSettings)
    """The detector's settings."""
    listening: bool = True
    state: Snapshot = field(default_factory=Snapshot)
    meanings: Mapping[str, str] = field(default_factory=dict)
    """See ``events.Ready.meanings``."""


@dataclass(frozen=True, slots=True)
class ScoreRun:
    """The scores of some hops that follow each other, at most a second."""

    time: int
    """Samples consumed up to the end of the first hop."""
    hops: int
    text: str
    """See ``replay.file.scores``."""
    late_ms: int = 0
    """How long before this line's time the last hop arrived."""


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting has a new value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Marker:
    """The player marked this moment."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The checksum of the game at a time of the session's clock in ms."""

    value: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SoundStart:
    """From here on the sound file's sample ``position`` is sample ``time`` of the stream."""

    position: int
    time: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list of replays shows of this one. It comes just before the end, so that a list need not read the whole file."""

    duration_ms: int
    words: int
    movements: tuple[str, ...] = ()
    """The kinds of movement that were used, in order."""


@dataclass(frozen=True, slots=True)
class End:
    """Recording ended."""

    reason: str = ""
    """The reason, where the player did not end it."""


Detected = WordHeard | WordRejected
SourceChange = SourceLost | SourceDelayed | SourceBack | SourceEnded | SamplesLost
Item = (
    Input
    | Detected
    | EarlierInputs
    | RecognizerStarted
    | ScoreRun
    | SettingChanged
    | ListeningChanged
    | DetectorChanged
    | SourceChange
    | Marker
    | Checksum
    | SoundStart
    | Totals
    | End
)
"""What a line can hold."""

ORDERED_WITH_SCORES = (
    RecognizerStarted,
    ListeningChanged,
    DetectorChanged,
    SourceLost,
    SourceDelayed,
    SourceBack,
    SourceEnded,
    SamplesLost,
    SoundStart,
    Totals,
    End,
)
"""Items whose position among the scores matters."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the file."""

    at_ms: int
    """When, in milliseconds of the file's clock: since recording began."""
    item: Item
