"""Loads the recordings for training or evaluation from their folders.

The layout is that of Speech Commands (one folder per word, ``validation_list.txt``, ``testing_list.txt``,
``_background_noise_/``), with clips as ``.wav``, ``.flac``, ``.ogg`` or ``.opus``. Alternatively, a data folder contains
``speech_commands/``, ``noise/``, ``negatives/``, ``talk/`` (with ``transcripts.tsv``) and ``rooms/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TrainingError
from voicetrail.training.data import heldout
from voicetrail.training.data.recordings import (
    SUFFIXES,
    Clips,
    Recordings,
    decode,
    in_a_row,
    read_clips,
    read_recordings,
    sound_files,
)

BACKGROUND = "_background_noise_"
TRANSCRIPTS = "transcripts.tsv"


@dataclass(frozen=True, slots=True)
class Corpus:
    """All recordings of one split."""

    clips: Clips
    """Real words."""
    synthetic: Clips
    """Synthetic words."""
    neighbors: Clips
    """Synthetic words that sound similar to those of the vocabulary."""
    noise: Recordings
    talk: Recordings
    """Speech without any word of the vocabularies: in training all of it, in validation only synthetic sentences."""
    phrases: Recordings = field(default_factory=lambda: in_a_row([], []))
    """Real short phrases, only for the evaluation."""
    dialogue: Recordings = field(default_factory=lambda: in_a_row([], []))
    """Real English dialogue without any direction, only for the evaluation."""
    readers: Recordings = field(default_factory=lambda: in_a_row([], []))
    """Books read aloud by held-out readers: sentences without a direction, only in validation."""
    behind: Recordings = field(default_factory=lambda: in_a_row([], []))
    """Background speech for windows with a word: the readers of ``talk``, including sentences with words of the larger vocabulary."""
    rooms: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=lambda: MappingProxyType({}))
    """Measured room responses by name, starting with the direct sound, which has the value 1."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of recordings."""

    commands: Path
    """Words, in the Speech Commands layout."""
    noise: tuple[Path, ...] = ()
    negatives: tuple[Path, ...] = ()
    synthetic: Path | None = None
    """Written by ``training.data.synthesize``."""
    talk: Path | None = None
    """Speech with transcripts."""
    rooms: Path | None = None


def find_folders(
    data: Path, noise: Sequence[Path] = (), negatives: Sequence[Path] = (), synthetic: Path | None = None
) -> Folders:
    """Find the folders of recordings in a data folder.

    Raises:
        TrainingError: it does not exist, or contains no words.
    """
    commands = data / "speech_commands" if (data / "speech_commands").is_dir() else data
    for folder in (commands, *noise, *negatives, *([synthetic] if synthetic else [])):
        if not folder.is_dir():
            raise TrainingError(f"there is no folder {folder}; name one in the Speech Commands layout")
    if not any(path.is_dir() and not path.name.startswith("_") for path in commands.iterdir()):
        raise TrainingError(f"{commands} contains no folders of words; name a folder in the Speech Commands layout")
    own_noise = [folder for folder in (data / "noise", commands / BACKGROUND) if folder.is_dir()]
    own_negatives = [folder for folder in (data / "negatives",) if folder.is_dir()]
    talk = data / "talk" if (data / "talk" / TRANSCRIPTS).is_file() else None
    rooms = data / "rooms" if (data / "rooms").is_dir() else None
    return Folders(commands, (*own_noise, *noise), (*own_negatives, *negatives), synthetic, talk, rooms)


def _listed(commands: Path, name: str) -> frozenset[str]:
    path = commands / name
    # The list of the official download says .wav, whatever the format of the files.
    return (
        frozenset(str(Path(line).with_suffix("")) for line in path.read_text("utf-8").split()) if path.exists() else frozenset()
    )


def load_corpus(folders: Folders, split: str, cache: Path | None = None) -> Corpus:
    """Load the recordings of one split.

    Args:
        folders: where the recordings lie.
        split: ``training`` or ``validation``. The clips of ``testing_list.txt`` are in neither. Held-out noise, phrases, readers,
            rooms and voices (``training.data.heldout``) are only in ``validation``.
        cache: folder for decoded sound.

    Raises:
        TrainingError: there are no recordings, or a file cannot be read.
    """
    validating = split == "validation"
    validation, testing = _listed(folders.commands, "validation_list.txt"), _listed(folders.commands, "testing_list.txt")
    paths = []
    for path in sound_files(folders.commands):
        name = f"{path.parent.name}/{path.stem}"
        if not path.parent.name.startswith("_") and name not in testing and (name in validation) == validating:
            paths.append(path)
    if not paths:
        raise TrainingError(f"{folders.commands} contains no clips for {split}; is validation_list.txt missing?")
    noise = [path for folder in folders.noise for path in sound_files(folder)]
    speech = [path for folder in folders.negatives for path in sound_files(folder)]
    held_out = heldout.PHRASES | heldout.DIALOGUE
    negatives = [path for path in speech if path.parent.name not in held_out]
    sayings = _sayings(folders.talk) if folders.talk is not None else []
    known = [path for path, reader, _ in sayings if (reader in heldout.READERS) == validating]
    clean = [path for path, reader, none in sayings if none and reader not in heldout.READERS]
    made, root = folders.synthetic, folders.synthetic
    if made is not None and validating:
        root = made / "heldout"
    words = [] if made is None or validating else sound_files(made / "words")
    # Older data sets use the British spelling.
    near = [] if root is None else sound_files(root / "neighbors") or sound_files(root / "neighbours")
    sentences = [] if root is None else sound_files(root / "talk")
    nothing = in_a_row([], [])
    return Corpus(
        read_clips(paths, [path.parent.name for path in paths], cache),
        read_clips(words, [path.parent.name for path in words], cache),
        read_clips(near, [path.parent.name for path in near], cache),
        read_recordings([path for path in noise if (heldout.half_of_noise(_name(path)) is not None) == validating], cache),
        read_recordings(sentences if validating else [*negatives, *clean, *sentences], cache),
        read_recordings([path for path in speech if path.parent.name in heldout.PHRASES], cache) if validating else nothing,
        read_recordings([path for path in speech if path.parent.name in heldout.DIALOGUE], cache) if validating else nothing,
        read_recordings(known, cache) if validating else nothing,
        nothing if validating else read_recordings(known, cache),
        _read_rooms(folders.rooms, validating) if folders.rooms is not None else MappingProxyType({}),
    )


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _sayings(folder: Path) -> list[tuple[Path, str, bool]]:
    """The files with transcripts, their speakers, and whether they contain none of the eighteen words.

    Raises:
        TrainingError: a line of the transcripts cannot be read.
    """
    out = []
    for number, line in enumerate((folder / TRANSCRIPTS).read_text("utf-8").splitlines()[1:], 2):
        parts = line.split("\t")
        if len(parts) < 3 or parts[2] not in ("yes", "no"):
            raise TrainingError(
                f"{folder / TRANSCRIPTS}, line {number}, must be a file, a speaker, yes or no, and a transcript, separated by tabs"
            )
        path = folder.parent / parts[0]
        if path.suffix.lower() in SUFFIXES and path.is_file():
            out.append((path, parts[1], parts[2] == "yes"))
    return sorted(out)


def _read_rooms(folder: Path, validating: bool) -> Mapping[str, npt.NDArray[np.float32]]:
    rooms = {}
    for path in sound_files(folder):
        if (heldout.half_of_room(path.stem) is not None) != validating:
            continue
        sound = decode(path).astype(np.float32) / np.float32(32768.0)
        peak = int(np.abs(sound).argmax())
        rooms[path.stem] = sound[peak:] / sound[peak]
    return MappingProxyType(rooms)
