"""Sound of a programmer's that holds none of the words, as windows: what fine-tuning learns to refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.audio.file import TAIL
from voicetrail.errors import TeachingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.sources import open_source
from voicetrail.teaching.collecting.gathering import sound_files
from voicetrail.teaching.recorder import read_all
from voicetrail.text import printable

Sound = npt.NDArray[np.float32]

STEP = SAMPLE_RATE // 5
"""Samples between two windows of the sound that is to be refused, where there is little of it."""
MOST_WINDOWS = 3000
"""Of that sound: of more, windows further apart are used."""
LEAST_S = 60.0
"""Seconds of it that are needed: less says nothing about false moves."""
LONGEST_S = 3600.0


def read_refused(path: str | Path, window_samples: int) -> tuple[Sound, float]:
    """Windows ``[windows, window_samples]`` of a sound file, or of all sound files in a folder, and the seconds that these hold.

    Raises:
        TeachingError: it holds too little sound.
        AudioError: a file cannot be used.
    """
    where = Path(path)
    files = sound_files(where) if where.is_dir() else [where]
    sounds, total = list[Sound](), 0
    for file in files:
        sounds.append(read_all(open_source(str(file)))[:-TAIL])
        total += len(sounds[-1])
        if total >= LONGEST_S * SAMPLE_RATE:
            break
    seconds = total / SAMPLE_RATE
    if seconds < LEAST_S:
        raise TeachingError(
            f"{printable(where)} holds {seconds:.0f} s of sound; fine-tuning needs {LEAST_S:.0f} s or more of speech and noise "
            "without your words"
        )
    step = max(STEP, total // MOST_WINDOWS)
    return np.concatenate([_windows(sound, window_samples, step) for sound in sounds]), seconds


def _windows(sound: Sound, size: int, step: int) -> Sound:
    """Windows at even steps; a sound that is shorter lies in the middle of one."""
    if len(sound) < size:
        before = (size - len(sound)) // 2
        sound = np.pad(sound, (before, size - len(sound) - before))
    return np.lib.stride_tricks.sliding_window_view(sound, size)[::step]
