"""Events: small frozen records that pass from the source of sound to the screen and the replay file.

Time is the number of samples of the 16 kHz stream since its start, never the wall clock, so that the same audio gives the same events
at any speed. The only exception are ``captured`` fields: they are values of ``time.monotonic()``, used only to show a delay.
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
"""Samples per second of all sound after the source, which is mono."""

RejectionReason = Literal["threshold", "refractory", "margin", "muted"]
"""Why a near miss was not detected: its score stayed below the threshold; the refractory time had not passed; another word's score
was too close; listening was off."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """A block of sound from a source."""

    samples: npt.NDArray[np.float32]
    """Mono samples at 16 kHz between -1 and 1, shape ``[samples]``."""
    captured: float | None = None
    """``time.monotonic()`` when the last sample was captured; ``None`` for a file that is read as fast as possible."""
    lost: int = 0
    """Samples known to be lost directly before this block (an overflow, a late network block). They do not count in the time of the
    stream."""


METER_BEGIN_DB = -60.0
"""Level at which a meter is empty; at full scale it is full."""


def meter_part(level_db: float) -> float:
    """How full a meter is at a level, from 0 to 1."""
    return min(1.0, max(0.0, 1.0 - level_db / METER_BEGIN_DB))


@dataclass(frozen=True, slots=True)
class Level:
    """The loudness of the last hop, after the gain."""

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
    """The scores of one hop: the recognizer's posteriors for the last second of sound, after its score filter if it has one."""

    time: int
    posteriors: tuple[float, ...]
    """In the order of the recognizer's labels, rounded to a thousandth (see ``Recognizer``), so that a replay uses exactly the
    numbers that the game used. After a score filter (``spotting.score_filter``), they do not sum to 1."""
    smoothed: tuple[float, ...] = ()
    """The same after the detector's smoothing: compared with the thresholds, and shown by the bars."""
    captured: float | None = None
    talk_shift: float = 0.0
    """How far running speech raised the thresholds at this hop: ``DetectorSettings.talk_shift``, or a part of it."""


@dataclass(frozen=True, slots=True)
class WordHeard:
    """A word was detected."""

    time: int
    """How much audio, in samples, had been consumed when the word was detected."""
    word: str
    score: float
    captured: float | None = None


@dataclass(frozen=True, slots=True)
class WordRejected:
    """A word came close, but was not detected (a near miss)."""

    time: int
    word: str
    score: float
    """The highest smoothed score that the word reached."""
    reason: RejectionReason
    lacking: float = 0.0
    """What was missing: score to the threshold (``threshold``), score to the margin over the rival (``margin``), or the remaining
    refractory time in s (``refractory``); 0 for ``muted``."""
    rival: str | None = None
    """The other word, for ``margin``."""


@dataclass(frozen=True, slots=True)
class SourceLost:
    """The sound stopped; the source tries to get it back."""

    time: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceDelayed:
    """The sound is late (a slow network), or silent (a muted microphone); the game continues."""

    time: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceBack:
    """The sound is back, or has started."""

    time: int
    name: str


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """The source (a file) has ended; no event follows."""

    time: int


@dataclass(frozen=True, slots=True)
class SamplesLost:
    """Some sound was lost (an overflow, a late network block)."""

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
    """The detector uses other settings from this hop on."""

    time: int
    settings: DetectorSettings


@dataclass(frozen=True, slots=True)
class Ready:
    """The recognizer is loaded and starts to listen."""

    labels: tuple[str, ...]
    source: str
    weights: str
    """Name of the weights."""
    weights_hash: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """The thresholds that come with the weights, one for each word."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """For words that are not the game's own: the word of the game that each stands for (``vocabulary.MEANINGS``)."""


SourceEvent = SourceLost | SourceDelayed | SourceBack | SourceEnded
"""What a source reports besides sound."""

Event = Level | Scores | WordHeard | WordRejected | SourceEvent | SamplesLost | ListeningChanged | DetectorChanged | Ready
"""Every kind of event that ``listening.Listener`` yields."""


def seconds(samples: int) -> float:
    """Convert a time in samples to seconds."""
    return samples / SAMPLE_RATE
