"""Words made of tones, and a recorder's room: takes with bounds that are known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.takes import Take, find_takes

Sound = npt.NDArray[np.float32]
PITCH = {"links": 400.0, "rechts": 900.0, "hoch": 1700.0}


def silence(seconds: float, level_db: float = -60.0, seed: int = 0) -> Sound:
    rng = np.random.default_rng(seed)
    hiss: Sound = (rng.standard_normal(round(seconds * SAMPLE_RATE)) * 10 ** (level_db / 20)).astype(np.float32)
    return hiss


def spoken(word: str, seed: int = 0, seconds: float = 0.4, peak: float = 0.3) -> Sound:
    """A buzz whose formant slides: the pitch is the word's, the rest is the seed's."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = PITCH.get(word, 600.0) * rng.uniform(0.96, 1.04)
    wave = np.sin(2 * np.pi * (pitch * time + 300 * time**2)) + 0.4 * np.sin(2 * np.pi * 2.1 * pitch * time)
    shaped: Sound = (peak * np.hanning(len(time)) ** 0.3 * wave / np.abs(wave).max()).astype(np.float32)
    return shaped


def recording(words: list[str], pause: float = 0.7, seed: int = 0) -> Sound:
    parts = [silence(1.0, seed=seed)]
    for number, word in enumerate(words):
        parts += [spoken(word, seed * 100 + number), silence(pause, seed=seed + number + 1)]
    sound = np.concatenate(parts)
    return sound + silence(len(sound) / SAMPLE_RATE, seed=seed + 99)[: len(sound)]


def take(word: str, seed: int = 0) -> Take:
    """A take of its own: which one it is may matter, what is in it is found only once."""
    return replace(_found(word, seed))


@cache
def _found(word: str, seed: int) -> Take:
    return next(find_takes(recording([word], seed=seed)))
