"""Recordings for training and evaluation, decoded once and held in memory as 16-bit samples.

The layout read is that of Speech Commands (a folder a word, ``validation_list.txt``, ``testing_list.txt``,
``_background_noise_/``), with clips as ``.wav``, ``.flac``, ``.ogg`` or ``.opus``. A data folder may also hold
``speech_commands/``, ``noise/`` and ``negatives/`` side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voicetrail.atomic import replacing
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE

CLIP = SAMPLE_RATE
"""Samples of a clip; shorter ones are followed by zeros."""
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus"})
BACKGROUND = "_background_noise_"
HELDOUT_FOLD = "_5-"
"""In the name of an ESC-10 recording of its fifth fold: noise for the evaluation alone."""
HELDOUT_NOISE = frozenset({"running_tap"})
HELDOUT_PHRASES = frozenset({"view_glass", "jarvis", "it_IT_m_Carlo"})
"""Wake phrases, and a voice of the telephone prompts, for the evaluation alone."""
HELDOUT_DIALOGUE = frozenset({"drascula"})
"""English dialogue, by actors that training never hears."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Clips:
    """Words: a clip each."""

    sound: Samples
    """``[clips, CLIP]``"""
    begin: npt.NDArray[np.int32]
    """Where the word begins in its clip, by its energy, in samples: ``[clips]``."""
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
class Reel:
    """Long recordings one after another: noise, or talk."""

    sound: Samples
    """``[samples]``"""
    begins: npt.NDArray[np.int64]
    """Where each recording begins, and last the end: ``[recordings + 1]``."""
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that training, or an evaluation, hears."""

    clips: Clips
    """Real words."""
    synthetic: Clips
    """Words made by a synthesizer."""
    neighbours: Clips
    """Synthetic words that resemble the vocabulary's."""
    noise: Reel
    talk: Reel
    """Speech that holds no word of the vocabulary: wake phrases and synthetic sentences."""
    phrases: Reel = field(default_factory=lambda: _reel([], []))
    """The real ones among ``talk``."""
    dialogue: Reel = field(default_factory=lambda: _reel([], []))
    """Real English dialogue without any direction, for the evaluation alone: no part of ``talk``."""


def word_bounds(sound: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Find the word in a clip by its energy.

    Frames of 10 ms count as speech from 26 dB below the loudest and 8 dB above the clip's floor; the run with the most energy,
    pauses of up to 150 ms in it allowed, is the word (a plosive's closure is such a pause), with 30 ms before and 50 ms after it.

    Args:
        sound: ``[samples]``

    Returns:
        Begin and end in samples.
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
    """Bring mono sound (``[samples]``, ±1) to 16 kHz and 16 bit."""
    if rate != SAMPLE_RATE:
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
    return np.asarray(np.clip(np.round(sound * 32767.0), -32768, 32767), dtype=np.int16)


def decode(path: Path) -> Samples:
    """Read a file whole as 16 kHz mono.

    Raises:
        TrainingError: the file cannot be read.
    """
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise TrainingError(f"{path} cannot be read as sound ({error}); remove it or get it again") from None
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
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_clips(paths: Sequence[Path], words: Sequence[str], cache: Path | None = None) -> Clips:
    """Decode clips on all cores, or take them from the cache.

    Args:
        paths: a file a clip.
        words: the word of each.
        cache: folder where decoded clips are kept, or ``None``.
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


def _reel(sounds: Sequence[Samples], names: Sequence[str]) -> Reel:
    begins = np.cumsum([0, *map(len, sounds)], dtype=np.int64)
    return Reel(np.concatenate([*sounds, np.zeros(0, dtype=np.int16)]), begins, tuple(names))


def read_reel(paths: Sequence[Path], cache: Path | None = None) -> Reel:
    """Decode long recordings on all cores into one run, or take them from the cache."""
    where = _cache_path("reel", paths, cache)
    stored = _read_cache(where)
    if stored is not None:
        return Reel(stored["sound"], stored["begins"], tuple(path.stem for path in paths))  # type: ignore[arg-type]
    if not paths:
        return _reel([], [])
    with ProcessPoolExecutor() as pool:
        sounds = list(pool.map(decode, paths, chunksize=16))
    reel = _reel(sounds, [path.stem for path in paths])
    _write_cache(where, sound=reel.sound, begins=reel.begins)
    return reel


def sound_files(folder: Path) -> list[Path]:
    """All sound files under a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where recordings lie."""

    commands: Path
    """In the Speech Commands layout."""
    noise: tuple[Path, ...] = ()
    negatives: tuple[Path, ...] = ()
    synthetic: Path | None = None
    """What ``training.synthesize`` wrote."""


def find_folders(
    data: Path, noise: Sequence[Path] = (), negatives: Sequence[Path] = (), synthetic: Path | None = None
) -> Folders:
    """Find what a data folder holds.

    Raises:
        TrainingError: it is not there, or holds no words.
    """
    commands = data / "speech_commands" if (data / "speech_commands").is_dir() else data
    for folder in (commands, *noise, *negatives, *([synthetic] if synthetic else [])):
        if not folder.is_dir():
            raise TrainingError(f"there is no folder {folder}; name one in the Speech Commands layout")
    if not any(path.is_dir() and not path.name.startswith("_") for path in commands.iterdir()):
        raise TrainingError(f"{commands} holds no folders of words; name one in the Speech Commands layout")
    own_noise = [folder for folder in (data / "noise", commands / BACKGROUND) if folder.is_dir()]
    own_negatives = [folder for folder in (data / "negatives",) if folder.is_dir()]
    return Folders(commands, (*own_noise, *noise), (*own_negatives, *negatives), synthetic)


def _listed(commands: Path, name: str) -> frozenset[str]:
    path = commands / name
    # The list of the official download says .wav whatever the folder holds.
    return (
        frozenset(str(Path(line).with_suffix("")) for line in path.read_text("utf-8").split()) if path.exists() else frozenset()
    )


def load_corpus(folders: Folders, split: str, cache: Path | None = None) -> Corpus:
    """Load what one split may hear.

    Args:
        folders: where the recordings lie.
        split: ``training`` or ``validation``. The clips of ``testing_list.txt`` are in neither; noise, phrases and voices held out
            are in ``validation`` alone.
        cache: folder where decoded sound is kept.

    Raises:
        TrainingError: there is nothing to hear, or a file cannot be read.
    """
    validating = split == "validation"
    validation, testing = _listed(folders.commands, "validation_list.txt"), _listed(folders.commands, "testing_list.txt")
    paths = []
    for path in sound_files(folders.commands):
        name = f"{path.parent.name}/{path.stem}"
        if not path.parent.name.startswith("_") and name not in testing and (name in validation) == validating:
            paths.append(path)
    if not paths:
        raise TrainingError(f"{folders.commands} holds no clips for {split}; is validation_list.txt there?")
    noise = [path for folder in folders.noise for path in sound_files(folder) if _noise_heldout(path) == validating]
    speech = [path for folder in folders.negatives for path in sound_files(folder)]
    heldout = HELDOUT_PHRASES | HELDOUT_DIALOGUE
    phrases = [
        path for path in speech if (path.parent.name in HELDOUT_PHRASES if validating else path.parent.name not in heldout)
    ]
    dialogue = [path for path in speech if validating and path.parent.name in HELDOUT_DIALOGUE]
    made, root = folders.synthetic, folders.synthetic
    if made is not None and validating:
        root = made / "heldout"
    words = [] if made is None or validating else sound_files(made / "words")
    near = [] if root is None else sound_files(root / "neighbours")
    talk = [] if root is None else sound_files(root / "talk")
    return Corpus(
        read_clips(paths, [path.parent.name for path in paths], cache),
        read_clips(words, [path.parent.name for path in words], cache),
        read_clips(near, [path.parent.name for path in near], cache),
        read_reel(noise, cache),
        read_reel([*phrases, *talk], cache),
        read_reel(phrases, cache),
        read_reel(dialogue, cache),
    )


def _noise_heldout(path: Path) -> bool:
    return HELDOUT_FOLD in path.stem or path.stem in HELDOUT_NOISE
