"""A recognizer that knows tones for words: deterministic, so that the screen and the loop are tested without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import soundfile

from voicetrail.events import SAMPLE_RATE
from voicetrail.listening import Sound
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN

TONES = {"up": 400.0, "down": 800.0, "left": 1600.0, "right": 3200.0}
"""Hz of the tone that stands for each word."""
TONE = 0.4
GAP = 0.8
"""Length of a tone, and of the silence around it, in s."""


class ToneRecognizer:
    """Takes the tone in the last 0.3 s for its word, the surer the louder it is (1 at an amplitude of 0.5)."""

    labels: tuple[str, ...] = (*DIRECTIONS, UNKNOWN, NOISE)
    hop = 640
    window_samples = 16_000
    score_filter = None
    name = "tones"
    hash = "0" * 64
    meanings: Mapping[str, str] = MappingProxyType({})
    detector = DetectorSettings(threshold=0.7, thresholds={"left": 0.6})

    def score(self, window: Sound, blanked: int = 0) -> tuple[float, ...]:
        """Posteriors of a window."""
        recent = window[-4800:]
        spectrum = np.abs(np.fft.rfft(recent * np.hanning(len(recent)))) / (len(recent) / 4)
        sure = [min(1.0, 2 * float(spectrum[round(TONES[word] * len(recent) / SAMPLE_RATE)])) for word in DIRECTIONS]
        total = max(1.0, sum(sure))
        words = [round(score / total, 3) for score in sure]
        return (*words, 0.0, round(1 - sum(words), 3))


def tones(words: Sequence[str], loudness: float = 0.5) -> Sound:
    """One tone for each word, with silence around it."""
    time = np.arange(round(TONE * SAMPLE_RATE)) / SAMPLE_RATE
    silence = np.zeros(round(GAP * SAMPLE_RATE), dtype=np.float32)
    parts = [silence]
    for word in words:
        parts += [(loudness * np.sin(2 * np.pi * TONES[word] * time)).astype(np.float32), silence]
    return np.concatenate(parts)


def tone_file(path: Path, words: Sequence[str], loudness: float = 0.5) -> Path:
    """A sound file of tones."""
    soundfile.write(path, tones(words, loudness), SAMPLE_RATE, subtype="PCM_16")
    return path
