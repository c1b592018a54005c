"""The takes that a set of words is made from: added, reviewed, removed, kept in a folder and read back.

The folder has the layout of Speech Commands (a folder a word, ``_background_noise_`` for the room) with a manifest beside it, so that
``voicetrail train --data`` takes it too. Files are 16-bit WAV: any program opens them.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from voicetrail.atomic import make_private_folder, replace_file, replacing
from voicetrail.errors import TeachingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.takes import LOWEST_FLOOR_DB, Take, TakeProblem, remembered
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE

Sound = npt.NDArray[np.float32]

MANIFEST = "manifest.json"
VALIDATION = "validation_list.txt"
"""Names the clips that training leaves out, as in Speech Commands."""
FORMAT_VERSION = 1
MANIFEST_MAX = 1 << 20
"""Bytes past which a manifest is refused unread."""
WORD_MAX = 24
"""Characters of a word's name."""
MAX_WORDS = 32
MAX_TAKES = 60
"""Takes of one word."""
LONGEST_ROOM = 30 * SAMPLE_RATE
"""Samples of the room that are kept."""


def check_word(word: str) -> str:
    """Return the word as it is kept: one line of letters of any script, digits, spaces, hyphens and apostrophes, in NFC.

    The name of a word becomes the name of a folder and a label, so it can hold neither a path nor anything that a terminal acts on.

    Raises:
        TeachingError: it is no such word.
    """
    name = unicodedata.normalize("NFC", word).strip()
    allowed = all(unicodedata.category(c)[0] in "LMN" or c in " -'’" for c in name)
    if not name or len(name) > WORD_MAX or not allowed or unicodedata.category(name[0])[0] not in "LN" or "  " in name:
        raise TeachingError(
            f"{printable(word)!r} cannot be a word: use 1 to {WORD_MAX} letters, digits, spaces, hyphens or apostrophes, "
            "and begin with a letter or digit"
        )
    return name


@dataclass(slots=True)
class ExampleSet:
    """Takes by word, and the sound of the room.

    Args:
        takes: of each word, in the order in which they were added.
        room: background noise, ``[samples]`` at 16 kHz.
    """

    takes: dict[str, list[Take]] = field(default_factory=dict)
    room: Sound = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    unlike: frozenset[bytes] = frozenset()
    """Fingerprints of takes that are unlike the others of their word, as ``collecting.likeness`` found."""
    like_other: frozenset[bytes] = frozenset()
    """The same of takes that are more like those of another word."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words in the order in which they were added."""
        return tuple(self.takes)

    def add_word(self, word: str) -> str:
        """Add a word without takes.

        Raises:
            TeachingError: it is there already, or cannot be a word, or there are too many.
        """
        name = check_word(word)
        if any(name.casefold() == known.casefold() for known in self.takes):
            raise TeachingError(f"the word {printable(name)!r} is there already; add takes to it, or choose another word")
        if len(self.takes) >= MAX_WORDS:
            raise TeachingError(f"a set holds at most {MAX_WORDS} words")
        self.takes[name] = []
        return name

    def add(self, word: str, take: Take) -> int:
        """Add a take of a word, and the word where it is new; return the take's number, from 0.

        Raises:
            TeachingError: the word cannot be one, or has too many takes.
        """
        name = check_word(word)
        if name not in self.takes:
            name = self.add_word(name)
        if len(self.takes[name]) >= MAX_TAKES:
            raise TeachingError(f"{name} has {MAX_TAKES} takes already; remove some first")
        self.takes[name].append(take)
        return len(self.takes[name]) - 1

    def remove(self, word: str, number: int) -> None:
        """Remove one take.

        Raises:
            TeachingError: there is none of that number.
        """
        takes = self.takes.get(word, [])
        if not 0 <= number < len(takes):
            raise TeachingError(f"{printable(word)} has no take {number + 1}; it has {len(takes)}")
        del takes[number]

    def counts(self) -> dict[str, int]:
        """How many takes each word has."""
        return {word: len(takes) for word, takes in self.takes.items()}

    def problems(self, word: str, number: int) -> tuple[TakeProblem, ...]:
        """What is wrong with a take: by itself, beside the others of its word, or as the same recording as an earlier one."""
        take = self.takes[word][number]
        found = list(take.problems)
        own = fingerprint(take)
        if own in self.like_other:
            found.append(TakeProblem.OTHER)
        elif own in self.unlike:
            found.append(TakeProblem.UNLIKE)
        earlier = [other for w, i, other in self._all() if (w, i) != (word, number) and (w != word or i < number)]
        if any(fingerprint(other) == own for other in earlier):
            found.append(TakeProblem.DUPLICATE)
        return tuple(found)

    def distinct(self, word: str) -> list[Take]:
        """The takes of a word without those that are the same recording twice, and without empty ones."""
        seen: dict[bytes, Take] = {}
        for take in self.takes[word]:
            if TakeProblem.EMPTY not in take.problems:
                seen.setdefault(fingerprint(take), take)
        return list(seen.values())

    def _all(self) -> Iterator[tuple[str, int, Take]]:
        for word, takes in self.takes.items():
            for number, take in enumerate(takes):
                yield word, number, take


@remembered
def fingerprint(take: Take) -> bytes:
    """The same for the same recording, whatever its loudness in 16 bits."""
    peak = float(np.abs(take.sound).max(initial=0.0)) or 1.0
    return hashlib.sha256(np.round(take.sound / peak * 1000).astype(np.int16).tobytes()).digest()


# ---------------------------------------------------------------------------------------------------------------- files


def save_examples(examples: ExampleSet, folder: Path, *, held_out: bool = False) -> None:
    """Write a set as a folder: the takes and the room as WAV files, then the manifest, which makes them count.

    Files of takes that were removed are deleted last, so that a crash in the middle loses nothing.

    Args:
        examples: the set.
        folder: where to.
        held_out: name one take in three of each word as held out, as ``voicetrail train --data`` asks for.

    Raises:
        TeachingError: the folder cannot be written.
    """
    try:
        make_private_folder(folder)
        entries: dict[str, list[dict[str, Any]]] = {}
        keep = {MANIFEST}
        for word, takes in examples.takes.items():
            entries[word] = []
            for take in takes:
                pcm = _pcm(take.sound)
                name = f"{word}/{hashlib.sha256(pcm.tobytes()).hexdigest()[:16]}.wav"
                keep.add(name)
                _write_wav(folder / name, pcm)
                entries[word].append(
                    {
                        "file": name,
                        "begin": take.begin,
                        "end": take.end,
                        "floor_db": round(take.floor_db, 2),
                        "cut_off": take.cut_off,
                    }
                )
        if len(examples.room):
            keep.add(f"{NOISE}/room.wav")
            _write_wav(folder / NOISE / "room.wav", _pcm(examples.room), replace=True)
        text = json.dumps(
            {"format_version": FORMAT_VERSION, "sample_rate": SAMPLE_RATE, "words": entries}, ensure_ascii=False, indent=1
        )
        if held_out:
            names = [entry["file"] for takes in entries.values() for entry in takes[2::3]]
            replace_file(folder / VALIDATION, "\n".join(names) + "\n")
        replace_file(folder / MANIFEST, text)
        for path in folder.glob("*/*.wav"):
            if path.relative_to(folder).as_posix() not in keep:
                path.unlink()
        for path in folder.iterdir():
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    except OSError as error:
        raise TeachingError(f"the examples cannot be kept in {printable(folder)}: {error.strerror or error}") from None


def load_examples(folder: Path) -> ExampleSet:
    """Read what ``save_examples`` wrote.

    Raises:
        TeachingError: there is nothing, or it is damaged, of a later version, or names what it may not name.
    """
    entries = read_manifest(folder / MANIFEST)
    out = ExampleSet()
    for word, takes in entries.items():
        out.add_word(word)
        for entry in takes:
            sound = _read_wav(folder, f"{word}/{entry['file']}")
            end = min(entry["end"], len(sound))
            begin = min(entry["begin"], end)
            out.add(word, Take(sound, begin, end, entry["floor_db"], entry["cut_off"]))
    room = folder / NOISE / "room.wav"
    if room.is_file():
        out.room = _read_wav(folder, f"{NOISE}/room.wav")[:LONGEST_ROOM]
    return out


def read_manifest(path: Path) -> Mapping[str, list[dict[str, Any]]]:
    """Read and check a manifest: of each word, its takes with ``file``, ``begin``, ``end``, ``floor_db`` and ``cut_off``.

    Raises:
        TeachingError: see ``load_examples``.
    """
    try:
        if path.stat().st_size > MANIFEST_MAX or not path.is_file():
            raise TeachingError(f"{printable(path)} is too large for a manifest of examples")
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "it is no JSON"
        raise TeachingError(f"the examples in {printable(path.parent)} cannot be read: {why}") from None
    damaged = TeachingError(f"the manifest {printable(path)} is damaged; record the examples again, or restore the file")
    if not isinstance(data, dict) or not isinstance(data.get("words"), dict):
        raise damaged
    if data.get("format_version") != FORMAT_VERSION:
        raise TeachingError(
            f"the examples in {printable(path.parent)} have format version {printable(data.get('format_version'))}, "
            f"this program reads {FORMAT_VERSION}; update voicetrail"
        )
    out: dict[str, list[dict[str, Any]]] = {}
    if len(data["words"]) > MAX_WORDS:
        raise damaged
    for word, takes in data["words"].items():
        if check_word(word) != word or not isinstance(takes, list) or len(takes) > MAX_TAKES:
            raise damaged
        out[word] = [_checked_entry(word, entry, damaged) for entry in takes]
    return out


_FILE = re.compile(r"[0-9a-f]{16}\.wav")


def _checked_entry(word: str, entry: object, damaged: TeachingError) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise damaged
    file, begin, end = entry.get("file"), entry.get("begin"), entry.get("end")
    floor, cut_off = entry.get("floor_db", LOWEST_FLOOR_DB), entry.get("cut_off", False)
    if not isinstance(file, str) or not file.startswith(f"{word}/") or not _FILE.fullmatch(file.removeprefix(f"{word}/")):
        raise damaged
    if not all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= LONGEST_ROOM for v in (begin, end)):
        raise damaged
    if not isinstance(floor, int | float) or not -200 <= floor <= 20 or not isinstance(cut_off, bool):
        raise damaged
    return {"file": file.removeprefix(f"{word}/"), "begin": begin, "end": end, "floor_db": float(floor), "cut_off": cut_off}


def _pcm(sound: Sound) -> npt.NDArray[np.int16]:
    return np.clip(np.round(sound * 32767.0), -32768, 32767).astype(np.int16)


def _write_wav(path: Path, pcm: npt.NDArray[np.int16], *, replace: bool = False) -> None:
    if path.exists() and not replace:
        return  # its name says what it holds
    with replacing(path) as file:
        soundfile.write(file, pcm, SAMPLE_RATE, subtype="PCM_16", format="WAV")


def _read_wav(folder: Path, name: str) -> Sound:
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file():
            raise TeachingError(f"the take {printable(name)} of {printable(folder)} is missing; record it again")
        info = soundfile.info(str(path))
        if info.samplerate != SAMPLE_RATE or info.channels != 1 or info.frames > LONGEST_ROOM:
            raise TeachingError(f"the take {printable(name)} is not 16 kHz mono of at most 30 s; record it again")
        sound, _ = soundfile.read(str(path), dtype="float32")
    except (OSError, soundfile.SoundFileError) as error:
        raise TeachingError(f"the take {printable(name)} cannot be read ({printable(error)}); record it again") from None
    if not np.isfinite(sound).all():
        raise TeachingError(f"the take {printable(name)} holds what is no sound; record it again")
    return np.asarray(sound, dtype=np.float32)
