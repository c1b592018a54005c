"""Gain between the source and the recognizer: fixed, or found by listening.

The automatic gain measures how loud *speech* is, not how loud the sound is: it follows the noise floor, takes for speech what
stands clear of it for longer than a knock does, and moves only while there is speech. In silence and steady noise it is frozen, and
noise alone is never amplified above ``NOISE_CEILING_DB``, so that it does not make silence into words. What would be clipped with
the gain of the moment (a knock, a shout) is turned down hop by hop; the gain itself stays.
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
"""The automatic gain never amplifies the noise floor above this."""
FLOOR_FALL_DB_S, FLOOR_RISE_DB_S = 40.0, 4.0
"""How fast the noise floor follows, in dB a second, down and up: the up is slow, so that a word does not lift it."""
SPEECH_TIME_S = 1.0
"""Seconds of speech over which its level is averaged."""
SHORTEST_SPEECH_S = 0.12
"""Sound that stands clear of the noise for less than this is a knock, a click, a key, and says nothing of how loud speech is."""
GAIN_RISE_DB_S, GAIN_FALL_DB_S = 10.0, 20.0
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
        self._applied_db = 0.0
        """The gain at the end of the last hop: lower than ``gain_db`` where that would have clipped."""
        self._clear_s = 0.0
        """Seconds that sound has stood clear of the noise floor without a break."""
        self._ramp: Sound = np.zeros(0, dtype=np.float32)

    def apply(self, samples: Sound) -> Sound:
        """Measure a hop and return it with the gain, which changes smoothly within the hop so that it does not click."""
        if not len(samples):
            return samples
        self._measure(samples, len(samples) / SAMPLE_RATE)
        loudest = peak(samples)
        before, after = self._applied_db, self.gain_db
        if loudest > 0.0:
            # A knock or a shout must not be clipped: this hop gets less gain, from its first sample on.
            room = max(LOWEST_DB, 20.0 * math.log10(CEILING / loudest))
            before, after = min(before, room), min(after, room)
        self._applied_db = after
        first, last = 10 ** (before / 20), 10 ** (after / 20)
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
        self.floor_db += _within(level - self.floor_db, -FLOOR_FALL_DB_S * seconds, FLOOR_RISE_DB_S * seconds)
        self._clear_s = self._clear_s + seconds if level > max(self.floor_db + CLEAR_DB, FAINTEST_DB) else 0.0
        if self._clear_s >= SHORTEST_SPEECH_S:
            if self.speech_db is None:
                self.speech_db = level
            self.speech_db += (level - self.speech_db) * min(1.0, seconds / SPEECH_TIME_S)
            target = _within(TARGET_DB - self.speech_db, LOWEST_DB, HIGHEST_DB)
            self.gain_db += _within(target - self.gain_db, -GAIN_FALL_DB_S * seconds, GAIN_RISE_DB_S * seconds)
        quiet_enough = max(0.0, NOISE_CEILING_DB - self.floor_db)
        if self.gain_db > quiet_enough:
            self.gain_db = max(quiet_enough, self.gain_db - GAIN_FALL_DB_S * seconds)


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
