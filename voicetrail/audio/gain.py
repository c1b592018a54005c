"""Gain between the source and the recognizer: fixed or automatic.

The automatic gain measures how loud *speech* is, not how loud the sound is. It tracks the noise floor, treats sound that is clearly
above it for longer than a knock as speech, and moves only during speech. In silence and steady noise it is frozen, and noise is never
amplified above ``NOISE_CEILING_DB``, so that silence does not turn into words. Sound that the current gain would clip (a knock, a
shout) is attenuated hop by hop, without changing the gain itself.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voicetrail.audio.level import peak, power
from voicetrail.events import SAMPLE_RATE

TARGET_DB = -23.0
"""Target level of speech in dB (0 dB is full scale): the level of the recordings that recognizers are trained on."""
LOWEST_DB, HIGHEST_DB = -6.0, 24.0
"""Bounds of the automatic gain, in dB."""
CLEAR_DB = 10.0
"""How far above the noise floor sound must be to count as speech, in dB."""
FAINTEST_DB = -65.0
"""Sound below this level, in dB, never counts as speech, however quiet the room is."""
NOISE_CEILING_DB = -48.0
"""The automatic gain never amplifies the noise floor above this level, in dB."""
FLOOR_FALL_DB_S, FLOOR_RISE_DB_S = 40.0, 4.0
"""How fast the noise floor adapts, in dB per second, downwards and upwards. Upwards is slow, so that a word does not lift it."""
SPEECH_TIME_S = 1.0
"""Seconds of speech over which its level is averaged."""
SHORTEST_SPEECH_S = 0.12
"""Sound above the noise for a shorter time is a knock, a click or a key press, and does not count as speech."""
GAIN_RISE_DB_S, GAIN_FALL_DB_S = 10.0, 20.0
"""How fast the gain moves during speech, in dB per second."""
SILENCE_DB = -90.0
"""Level of digital silence, in dB."""
CEILING = 0.98
"""Largest magnitude of a sample after the gain."""

Sound = npt.NDArray[np.float32]


class GainStage(Protocol):
    """What ``make_gain`` returns; compatible with ``listening.Gain``."""

    gain_db: float

    def apply(self, samples: Sound) -> Sound:
        """Return the samples with the current gain, between -1 and 1."""
        ...


def make_gain(setting: object) -> GainStage:
    """Create the gain stage for a value of the setting ``gain``.

    Args:
        setting: ``"auto"``, or dB as a number or as text.

    Raises:
        ValueError: it is neither.
    """
    return AutomaticGain() if setting == "auto" else FixedGain(float(str(setting)))


class FixedGain:
    """A constant gain; samples beyond full scale are clipped.

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
        gain_db: the current gain.
        floor_db: the noise floor, before the gain; ``None`` before the first sound.
        speech_db: the level of speech, before the gain; ``None`` before the first speech.
    """

    def __init__(self) -> None:
        self.gain_db = 0.0
        self.floor_db: float | None = None
        self.speech_db: float | None = None
        self._applied_db = 0.0
        """The gain at the end of the last hop: lower than ``gain_db`` if that would have clipped."""
        self._clear_s = 0.0
        """Seconds for which sound has been clearly above the noise floor, without a break."""
        self._ramp: Sound = np.zeros(0, dtype=np.float32)

    def apply(self, samples: Sound) -> Sound:
        """Measure a hop and return it with the gain, which changes smoothly within the hop to avoid clicks."""
        if not len(samples):
            return samples
        self._measure(samples, len(samples) / SAMPLE_RATE)
        loudest = peak(samples)
        before, after = self._applied_db, self.gain_db
        if loudest > 0.0:
            # Do not clip a knock or a shout: this hop gets less gain, from its first sample on.
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
