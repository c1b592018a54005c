"""What travels through the program: small frozen records, from the source of sound to the screen and the replay file.

Time is a number of samples of the 16 kHz stream, counted from its start, never the wall clock: the same audio gives the same
events at any speed. ``captured`` fields are the one exception: a reading of ``time.monotonic()``, only used to show a delay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from voicetrail.detector_settings import DetectorSettings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Samples a second of everything past the source, mono."""

RejectionReason = Literal["threshold", "refractory", "margin", "muted"]
"""Why a word that came close was not given out: its score stayed below its threshold; it came too soon after itself; another
word's score was too near; listening was off."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """A run of sound from a source."""

    samples: npt.NDArray[np.float32]
    """Mono samples at 16 kHz between -1 and 1, shape ``[samples]``."""
    captured: float | None = None
    """``time.monotonic()`` when the last sample was captured, ``None`` for a file that is read as fast as possible."""
    lost: int = 0
    """Samples known to be lost directly before this block (an overflow, a late network block). They are not counted in the
    stream's time."""


METER_BEGIN_DB = -60.0
"""Level at which a meter is empty; at full scale it is full."""


def meter_part(level_db: float) -> float:
    """How full a meter is at a level, from 0 to 1."""
    return min(1.0, max(0.0, 1.0 - level_db / METER_BEGIN_DB))


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the sound of the last hop was, after the gain."""

    time: int
    rms_db: float
    """Root mean square in dB below full scale, at least -100."""
    peak_db: float
    """Largest magnitude in dB below full scale, at least -100."""
    clipped: bool
    """The microphone's own samples (before the gain) reached full scale."""
    gain_db: float = 0.0
    """The gain that was applied, in dB."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The recognizer's posteriors for the last second of sound, one hop."""

    time: int
    posteriors: tuple[float, ...]
    """In the order of the recognizer's labels, rounded to a thousandth (see ``Recognizer``), so that a replay decides on the
    numbers that the game decided on."""
    smoothed: tuple[float, ...] = ()
    """The same after the detector's smoothing: what the thresholds are held against, and what the bars show."""
    captured: float | None = None
    talk_shift: float = 0.0
    """How far running speech moved the thresholds up at this hop: ``DetectorSettings.talk_shift``, or a part of it."""


@dataclass(frozen=True, slots=True)
class WordHeard:
    """A word was given out."""

    time: int
    """How much audio, in samples, had been consumed when the word was given out."""
    word: str
    score: float
    captured: float | None = None


@dataclass(frozen=True, slots=True)
class WordRejected:
    """A word came close and was not given out."""

    time: int
    word: str
    score: float
    """The highest smoothed score that the word reached."""
    reason: RejectionReason
    lacking: float = 0.0
    """What was missing: score below the threshold (``threshold``), score ahead of the rival (``margin``), seconds of the
    refractory time left (``refractory``); 0 for ``muted``."""
    rival: str | None = None
    """The other word, for ``margin``."""


@dataclass(frozen=True, slots=True)
class SourceLost:
    """The sound stopped coming; the source tries by itself to get it back."""

    time: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceDelayed:
    """The sound comes late (a slow network), or there is none in it (a muted microphone); the game goes on."""

    time: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceBack:
    """The sound comes again, or for the first time."""

    time: int
    name: str


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """The source is at its end (a file); nothing comes after it."""

    time: int


@dataclass(frozen=True, slots=True)
class SamplesLost:
    """Some sound was lost on its way (an overflow, a late network block)."""

    time: int
    count: int
    """Samples lost now."""
    total: int
    """Samples lost since the source was opened."""


@dataclass(frozen=True, slots=True)
class ListeningChanged:
    """Listening was switched on or off."""

    time: int
    listening: bool


@dataclass(frozen=True, slots=True)
class DetectorChanged:
    """The detector decides with other settings from this hop on."""

    time: int
    settings: DetectorSettings


@dataclass(frozen=True, slots=True)
class Ready:
    """The recognizer is loaded and listens from now on."""

    labels: tuple[str, ...]
    source: str
    weights: str
    """Name of the weights."""
    weights_hash: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """The thresholds that ship with the weights, one for each word."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """For words that are not the game's own: the word of the game that each stands for (``vocabulary.MEANINGS``)."""


SourceEvent = SourceLost | SourceDelayed | SourceBack | SourceEnded
"""What a source reports beside sound."""

Event = Level | Scores | WordHeard | WordRejected | SourceEvent | SamplesLost | ListeningChanged | DetectorChanged | Ready
"""Everything that ``listening.Listener`` gives out."""


def seconds(samples: int) -> float:
    """Turn a time in samples into seconds."""
    return samples / SAMPLE_RATE
