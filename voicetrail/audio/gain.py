"""Gain between the source and the recognizer: fixed, or found by listening.

The automatic gain measures how loud *speech* is, not how loud the sound is: it follows the noise floor, takes for speech what
stands clear of it, and moves only while there is speech. In silence and steady noise it is frozen, and noise alone is never
raised above ``NOISE_CEILING``, so that it does not make silence into words.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voicetrail.audio.level import peak, power
from voicetrail.events import SAMPLE_RATE

TARGET_DB = -23.0
"""Level that speech is brought to, in dB below full scale: that of the recordings that recognizers are trained on."""
LOWEST_DB, HIGHEST_DB = -6.0, 24.0
"""Bounds of the automatic gain."""
CLEAR_DB = 10.0
"""How far above the noise floor sound must be to count as speech."""
FAINTEST_DB = -65.0
"""Sound below this is never taken for speech, however quiet the room."""
NOISE_CEILING_DB = -48.0
"""The automatic gain never raises the noise floor above this."""
FLOOR_FALL, FLOOR_RISE = 40.0, 4.0
"""How fast the noise floor follows, in dB a second, down and up: the up is slow, so that a word does not lift it."""
SPEECH_TIME = 1.0
"""Seconds of speech over which its level is averaged."""
GAIN_RISE, GAIN_FALL = 10.0, 20.0
"""How fast the gain moves while there is speech, in dB a second."""
SILENCE_DB = -90.0
"""Digital silence counts as this."""
CEILING = 0.98
"""Magnitude that no sample passes."""

Sound = npt.NDArray[np.float32]


class GainStage(Protocol):
    """What ``make_gain`` gives; fits ``listening.Gain``."""

    gain_db: float

    def apply(self, samples: Sound) -> Sound:
        """Return the samples with the gain of the moment, within -1 and 1."""
        ...


def make_gain(setting: object) -> GainStage:
    """Make the gain stage for the setting ``gain``.

    Args:
        setting: ``"auto"``, or dB as a number or a text.

    Raises:
        ValueError: it is neither.
    """
    return AutomaticGain() if setting == "auto" else FixedGain(float(str(setting)))


class FixedGain:
    """The same gain always; what would pass full scale is cut.

    Args:
        gain_db: in dB.
    """

    def __init__(self, gain_db: float = 0.0) -> None:
        self.gain_db = gain_db

    def apply(self, samples: Sound) -> Sound:
        """Return the samples with the gain."""
        out: Sound = np.clip(samples * np.float32(10 ** (self.gain_db / 20)), -1.0, 1.0)
        return out


class AutomaticGain:
    """Brings speech to ``TARGET_DB``, slowly and within bounds.

    Attributes:
        gain_db: the gain of the moment.
        floor_db: the noise floor, before the gain; ``None`` until something was heard.
        speech_db: how loud speech is, before the gain; ``None`` until there was some.
    """

    def __init__(self) -> None:
        self.gain_db = 0.0
        self.floor_db: float | None = None
        self.speech_db: float | None = None
        self._ramp: Sound = np.zeros(0, dtype=np.float32)

    def apply(self, samples: Sound) -> Sound:
        """Measure a hop and return it with the gain, which glides within the hop so that it never clicks."""
        if not len(samples):
            return samples
        before = self.gain_db
        self._measure(samples, len(samples) / SAMPLE_RATE)
        loudest = peak(samples)
        if loudest > 0.0:
            # A shout after whispers must not be cut off: the gain gives way at once.
            room = 20.0 * math.log10(CEILING / loudest)
            self.gain_db = max(LOWEST_DB, min(self.gain_db, room))
            before = min(before, max(LOWEST_DB, room))
        first, last = 10 ** (before / 20), 10 ** (self.gain_db / 20)
        if len(self._ramp) != len(samples):
            self._ramp = np.linspace(0.0, 1.0, len(samples), dtype=np.float32)
        out: Sound = samples * np.float32(first)
        if first != last:
            out += samples * self._ramp * np.float32(last - first)
        if loudest * max(first, last) >= 1.0:
            np.clip(out, -1.0, 1.0, out=out)
        return out

    def _measure(self, samples: Sound, seconds: float) -> None:
        mean = power(samples)
        level = max(SILENCE_DB, 10.0 * math.log10(mean)) if mean > 0 else SILENCE_DB
        if self.floor_db is None:
            self.floor_db = level
        self.floor_db += _within(level - self.floor_db, -FLOOR_FALL * seconds, FLOOR_RISE * seconds)
        if level > max(self.floor_db + CLEAR_DB, FAINTEST_DB):
            if self.speech_db is None:
                self.speech_db = level
            self.speech_db += (level - self.speech_db) * min(1.0, seconds / SPEECH_TIME)
            wanted = _within(TARGET_DB - self.speech_db, LOWEST_DB, HIGHEST_DB)
            self.gain_db += _within(wanted - self.gain_db, -GAIN_FALL * seconds, GAIN_RISE * seconds)
        quiet_enough = max(0.0, NOISE_CEILING_DB - self.floor_db)
        if self.gain_db > quiet_enough:
            self.gain_db = max(quiet_enough, self.gain_db - GAIN_FALL * seconds)


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
