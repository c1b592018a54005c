"""Recordings for the tests of training: words that are tones, so that a small network tells them apart in seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.recordings import CLIP, Clips, Recordings
from voicetrail.vocabulary import DIRECTIONS

TONES = {"up": 400.0, "down": 900.0, "left": 1700.0, "right": 3000.0, "cat": 5000.0}
"""Hz of each word."""
WORDS = (*DIRECTIONS, "cat")


def tone(word: str, rng: np.random.Generator, begin: int = 5_000, size: int = 5_000) -> npt.NDArray[np.float32]:
    """A second with a word in it, and a little hiss."""
    sound = rng.standard_normal(CLIP) * 0.0005
    time = np.arange(size) / CLIP
    pitch = TONES[word] * rng.uniform(0.97, 1.03)
    sound[begin : begin + size] += 0.3 * np.sin(2 * np.pi * pitch * time) * np.sin(np.pi * time / time[-1]) ** 0.25
    return sound.astype(np.float32)


def clips(count: int, seed: int = 0, words: Sequence[str] = WORDS) -> Clips:
    """So many clips of each word, by eight speakers."""
    rng = np.random.default_rng(seed)
    rows = [word for word in words for _ in range(count)]
    begins = rng.integers(2_000, 8_000, len(rows)).astype(np.int32)
    sound = np.stack([tone(word, rng, int(begin)) for word, begin in zip(rows, begins, strict=True)])
    paths = tuple(f"{word}/{number % 8:08x}_nohash_{number}.wav" for number, word in enumerate(rows))
    return Clips((sound * 32767).astype(np.int16), begins, begins + 5_000, tuple(rows), paths)


def recording(seconds: float, seed: int = 0, level: float = 0.05) -> Recordings:
    """One recording of noise."""
    size = int(seconds * CLIP)
    sound = (np.random.default_rng(seed).standard_normal(size) * level * 32767).astype(np.int16)
    return Recordings(sound, np.array([0, size]), ("hiss",))


def corpus(count: int = 8, seed: int = 0, words: Sequence[str] = WORDS) -> Corpus:
    """A corpus of clips and noise, without talk."""
    none = clips(1, words=("cat",)).pick([])
    return Corpus(clips(count, seed, words), none, none, recording(20, seed), recording(0))


def write_sound(path: Path, sound: npt.ArrayLike, rate: int = CLIP) -> None:
    """Write a file in the format of its suffix."""
    opus = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    soundfile.write(path, np.asarray(sound), rate, **opus)


def write_folder(folder: Path, count: int, suffix: str = ".wav", words: Sequence[str] = WORDS) -> Path:
    """A folder in the layout of Speech Commands, with a sixth of the clips each in the validation and the testing list.

    Clips of one word and speaker are one recording under several names, so that hundreds take no time.
    """
    rng, lists = np.random.default_rng(1), {"validation": list[str](), "testing": list[str]()}
    for word in words:
        (folder / word).mkdir(parents=True)
        for number in range(count):
            name = f"{number % 6:08x}_nohash_{number // 6}"
            path = folder / word / f"{name}{suffix}"
            if number < 6:
                # As in the real recordings, some are shorter than a second.
                sound = tone(word, rng)[: 12_000 if number == 5 else CLIP]
                write_sound(path, sound)
            else:
                os.link(folder / word / f"{number % 6:08x}_nohash_0{suffix}", path)
            if number % 6 < 2:
                # The official lists say .wav whatever the folder holds.
                lists["validation" if number % 6 else "testing"].append(f"{word}/{name}.wav")
    for split, lines in lists.items():
        (folder / f"{split}_list.txt").write_text("\n".join(lines) + "\n", "utf-8")
    noise = folder / "_background_noise_"
    noise.mkdir()
    for number, name in enumerate(("white_noise", "running_tap")):
        write_sound(noise / f"{name}.wav", rng.standard_normal((6 + number) * CLIP) * 0.05)
    return folder
