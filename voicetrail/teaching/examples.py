"""The takes of a set of words: adding, checking and removing them, and saving them in a folder.

The folder has the layout of Speech Commands (one folder per word, and ``_background_noise_`` for the room) and a manifest, so that
``voicetrail train --data`` can read it too. The files are 16-bit WAV.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from voicetrail.atomic import make_private_folder, read_file, replace_file
from voicetrail.errors import TeachingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.takes import LOWEST_FLOOR_DB, Take, TakeProblem, remembered
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE

Sound = npt.NDArray[np.float32]

MANIFEST = "manifest.json"
ROOM = f"{NOISE}/room.wav"
VALIDATION = "validation_list.txt"
"""List of the clips that are held out of training, as in Speech Commands."""
FORMAT_VERSION = 1
MANIFEST_MAX = 1 << 20
"""Most bytes of a manifest; a larger one is refused unread."""
WORD_MAX = 24
"""Most characters of a word."""
MAX_WORDS = 32
MAX_TAKES = 60
"""Most takes of one word."""
LONGEST_ROOM = 30 * SAMPLE_RATE
"""Most samples of the room that are saved."""


def check_word(word: str) -> str:
    """Check a word and normalize it (NFC): letters of any script, digits, spaces, hyphens and apostrophes.

    A word becomes the name of a folder and a label, so it cannot contain a path or control characters.

    Raises:
        TeachingError: the word is not allowed.
    """
    name = unicodedata.normalize("NFC", word).strip()
    allowed = all(unicodedata.category(c)[0] in "LMN" or c in " -'’" for c in name)
    if not name or len(name) > WORD_MAX or not allowed or unicodedata.category(name[0])[0] not in "LN" or "  " in name:
        raise TeachingError(
            f"{printable(word)!r} cannot be a word: use 1 to {WORD_MAX} letters, digits, spaces, hyphens or apostrophes, "
            "and start with a letter or digit"
        )
    return name


@dataclass(slots=True)
class ExampleSet:
    """Takes by word, and the sound of the room.

    Args:
        takes: by word, in the order in which they were added.
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
            TeachingError: the word already exists or is not allowed, or there are too many words.
        """
        name = check_word(word)
        if any(name.casefold() == known.casefold() for known in self.takes):
            raise TeachingError(f"the word {printable(name)!r} already exists; add takes to it, or choose another word")
        if len(self.takes) >= MAX_WORDS:
            raise TeachingError(f"a set can have at most {MAX_WORDS} words")
        self.takes[name] = []
        return name

    def add(self, word: str, take: Take) -> int:
        """Add a take of a word, and the word if it is new; return the number of the take, counted from 0.

        Raises:
            TeachingError: the word is not allowed, or has too many takes.
        """
        name = check_word(word)
        if name not in self.takes:
            name = self.add_word(name)
        if len(self.takes[name]) >= MAX_TAKES:
            raise TeachingError(f"{name} already has {MAX_TAKES} takes; remove some first")
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
        """The problems of a take: on its own, compared with the others of its word, or as a duplicate of an earlier recording."""
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
        """The takes of a word, without duplicates and empty ones."""
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
    """A hash of the recording that does not depend on its loudness."""
    peak = float(np.abs(take.sound).max(initial=0.0)) or 1.0
    return hashlib.sha256(np.round(take.sound / peak * 1000).astype(np.int16).tobytes()).digest()


# ---------------------------------------------------------------------------------------------------------------- files


def save_examples(examples: ExampleSet, folder: Path, *, held_out: bool = False) -> None:
    """Write a set to a folder: first the takes and the room as WAV files, then the manifest.

    Files of removed takes are deleted last, so that a crash loses nothing.

    Args:
        examples: the set.
        folder: the folder.
        held_out: list every third take of each word as held out, for ``voicetrail train --data``.

    Raises:
        TeachingError: the folder cannot be written.
    """
    try:
        write_examples(examples, folder, held_out=held_out)
    except OSError as error:
        raise TeachingError(f"the examples cannot be saved in {printable(folder)}: {error.strerror or error}") from None


def write_examples(examples: ExampleSet, folder: Path, *, held_out: bool = False) -> None:
    """Write a set as ``save_examples`` does.

    Raises:
        OSError: the folder cannot be written.
    """
    make_private_folder(folder)
    entries: dict[str, list[dict[str, Any]]] = {}
    keep = {MANIFEST}
    for word, takes in examples.takes.items():
        entries[word] = []
        for take in takes:
            name = _write_take(folder, word, take.sound)
            keep.add(name)
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
        keep.add(ROOM)
        if not is_room(folder, examples.room):
            replace_file(folder / ROOM, _wav(_pcm(examples.room)))
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


def _write_take(folder: Path, word: str, sound: Sound) -> str:
    """Write a take, unless it is there; return its name in the folder, which is derived from its content."""
    pcm = _pcm(sound)
    name = f"{word}/{hashlib.sha256(pcm.tobytes()).hexdigest()[:16]}.wav"
    if not (folder / name).exists():
        replace_file(folder / name, _wav(pcm))
    return name


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
    if (folder / ROOM).is_file():
        out.room = _read_wav(folder, ROOM)[:LONGEST_ROOM]
    return out


def is_room(folder: Path, room: Sound) -> bool:
    """Whether a folder of takes holds this sound of the room."""
    content = _wav(_pcm(room)) if len(room) else None
    try:
        return read_file(folder / ROOM, 2 * LONGEST_ROOM + 1024) == content
    except FileNotFoundError:
        return content is None
    except OSError:
        return False


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
        why = getattr(error, "strerror", None) or "it is not JSON"
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


def _wav(pcm: npt.NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE, len(pcm), "NONE", ""))
        out.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()


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
