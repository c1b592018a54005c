"""Recordings in memory, as 16-bit samples, decoded once: clips of single words, and concatenated long recordings."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voicetrail.atomic import PUBLIC_FILE, replace_file, replacing
from voicetrail.errors import TrainingError, reason_of
from voicetrail.events import SAMPLE_RATE

CLIP = SAMPLE_RATE
"""Samples of a clip; shorter clips are padded with zeros at the end."""
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus"})

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips of single words."""

    sound: Samples
    """``[clips, CLIP]``"""
    begin: npt.NDArray[np.int32]
    """Start of the word in each clip, found by its energy, in samples: ``[clips]``."""
    end: npt.NDArray[np.int32]
    words: tuple[str, ...]
    """The word of each clip."""
    paths: tuple[str, ...]

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.words)

    def pick(self, keep: Iterable[int]) -> Clips:
        """Some of the clips."""
        rows = np.fromiter(keep, dtype=np.int64)
        return Clips(
            self.sound[rows],
            self.begin[rows],
            self.end[rows],
            tuple(self.words[i] for i in rows),
            tuple(self.paths[i] for i in rows),
        )


@dataclass(frozen=True, slots=True)
class Recordings:
    """Concatenated long recordings: noise or speech."""

    sound: Samples
    """``[samples]``"""
    begins: npt.NDArray[np.int64]
    """Start of each recording, and the end of the last one: ``[recordings + 1]``."""
    names: tuple[str, ...]
    """``folder/name`` of each."""

    def pick(self, rows: Iterable[int]) -> Recordings:
        """Some of the recordings."""
        chosen = list(rows)
        return in_a_row(
            [self.sound[self.begins[row] : self.begins[row + 1]] for row in chosen], [self.names[row] for row in chosen]
        )


def word_bounds(sound: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Find the word in a clip by its energy.

    Frames of 10 ms count as speech if they are at most 26 dB below the loudest frame and at least 8 dB above the clip's floor. The
    word is the run of speech with the most energy, including pauses of up to 150 ms (such as the closure of a plosive), extended by
    30 ms before and 50 ms after it.

    Args:
        sound: ``[samples]``

    Returns:
        Start and end in samples.
    """
    frame = SAMPLE_RATE // 100
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame)
    power = np.convolve(np.mean(frames**2, axis=1), [0.25, 0.5, 0.25], "same") + 1e-10
    floor = np.percentile(power, 10)
    active = np.flatnonzero(power > max(power.max() * 10**-2.6, min(floor * 10**0.8, power.max() * 0.3)))
    if not len(active):
        return 0, len(sound)
    runs = np.split(active, np.flatnonzero(np.diff(active) > 15) + 1)
    run = max(runs, key=lambda frames: float(power[frames].sum()))
    return max(0, int(run[0] - 3) * frame), min(len(sound), int(run[-1] + 6) * frame)


def as_samples(sound: npt.NDArray[np.floating], rate: int) -> Samples:
    """Convert mono sound (``[samples]``, between -1 and 1) to 16 kHz and 16 bits."""
    if rate != SAMPLE_RATE:
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
    return np.asarray(np.clip(np.round(sound * 32767.0), -32768, 32767), dtype=np.int16)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one sentence why a file cannot be written.

    Raises:
        TrainingError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {reason_of(error)}") from None


def write_flac(path: Path, sound: npt.NDArray[np.floating] | Samples) -> None:
    """Write mono sound (``[samples]`` at 16 kHz, as 16 bits or between -1 and 1) as FLAC of 16 bits, atomically.

    Raises:
        TrainingError: it cannot be written.
    """
    # Into memory first: libsndfile writes through a callback, in which the error of a full disk is lost.
    flac = io.BytesIO()
    soundfile.write(flac, sound, SAMPLE_RATE, format="FLAC")
    with writing(path):
        replace_file(path, flac.getvalue(), mode=PUBLIC_FILE)


def decode(path: Path) -> Samples:
    """Decode a whole file to 16 kHz mono.

    Raises:
        TrainingError: the file cannot be read.
    """
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise TrainingError(f"{path} cannot be read as sound ({error}); remove it or download it again") from None
    return as_samples(sound.mean(axis=1), rate)


def _decode_clip(path: Path) -> tuple[Samples, int, int]:
    sound = decode(path)[:CLIP]
    begin, end = word_bounds(sound.astype(np.float32) / 32768.0) if len(sound) else (0, 0)
    return np.pad(sound, (0, CLIP - len(sound))), begin, end


def _cache_path(kind: str, paths: Sequence[Path], cache: Path | None) -> Path | None:
    if cache is None or not paths:
        return None
    digest = hashlib.sha256(kind.encode())
    for path in paths:
        digest.update(f"{path.resolve()}\0{path.stat().st_size}\n".encode())
    return cache / f"{kind}-{digest.hexdigest()[:16]}.npz"


def _read_cache(path: Path | None) -> dict[str, npt.NDArray[np.generic]] | None:
    if path is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _write_cache(path: Path | None, **arrays: npt.NDArray[np.generic]) -> None:
    if path is None:
        return
    with writing(path), replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_clips(paths: Sequence[Path], words: Sequence[str], cache: Path | None = None) -> Clips:
    """Decode clips on all cores, or read them from the cache.

    Args:
        paths: the file of each clip.
        words: the word of each clip.
        cache: folder for decoded clips, or ``None``.
    """
    where = _cache_path("clips", paths, cache)
    stored = _read_cache(where)
    if stored is None:
        if paths:
            with ProcessPoolExecutor() as pool:
                rows = list(pool.map(_decode_clip, paths, chunksize=64))
            sound = np.stack([row[0] for row in rows])
            bounds = np.array([row[1:] for row in rows], dtype=np.int32)
        else:
            sound, bounds = np.zeros((0, CLIP), dtype=np.int16), np.zeros((0, 2), dtype=np.int32)
        stored = {"sound": sound, "bounds": bounds}
        _write_cache(where, **stored)
    sound, bounds = stored["sound"], stored["bounds"]  # type: ignore[assignment]
    return Clips(sound, bounds[:, 0], bounds[:, 1], tuple(words), tuple(map(str, paths)))


def in_a_row(sounds: Sequence[Samples], names: Sequence[str]) -> Recordings:
    """Concatenate recordings."""
    begins = np.cumsum([0, *map(len, sounds)], dtype=np.int64)
    return Recordings(np.concatenate([*sounds, np.zeros(0, dtype=np.int16)]), begins, tuple(names))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read_recordings(paths: Sequence[Path], cache: Path | None = None) -> Recordings:
    """Decode long recordings on all cores and concatenate them, or read them from the cache."""
    where = _cache_path("recordings", paths, cache)
    stored = _read_cache(where)
    if stored is not None:
        return Recordings(stored["sound"], stored["begins"], tuple(map(_name, paths)))  # type: ignore[arg-type]
    if not paths:
        return in_a_row([], [])
    with ProcessPoolExecutor() as pool:
        sounds = list(pool.map(decode, paths, chunksize=16))
    recordings = in_a_row(sounds, list(map(_name, paths)))
    _write_cache(where, sound=recordings.sound, begins=recordings.begins)
    return recordings


def sound_files(folder: Path) -> list[Path]:
    """All sound files under a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
