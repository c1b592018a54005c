"""Taught sets of words on this machine: kept, listed, renamed and deleted (``exchange`` exports and imports them).

A set is a folder of its own: ``words.safetensors`` (a weights file that everything plays and listens with), ``examples/`` (the
takes, where they were kept) and ``set.json`` (what the list shows without loading torch). Folders are 0700 and files 0600: a
voice is private. Deleting removes the files.

A set is replaced and deleted as a whole. A program that is killed in the middle leaves folders whose names begin with a dot; the
next one that looks at the sets takes back what was whole, and removes the rest (``put_in_order``).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicetrail.atomic import read_file, replace_file, sync_folder
from voicetrail.errors import TeachingError
from voicetrail.spotting.locate import TAUGHT_FILE, folders, taught_folder
from voicetrail.text import printable
from voicetrail.vocabulary import MEANINGS
from voicetrail.whole_folders import filling, put_in_order, remove_folder, take_place

WEIGHTS = TAUGHT_FILE
EXAMPLES = "examples"
ABOUT = "set.json"
FORMAT_VERSION = 1
NAME_MAX = 40
ABOUT_MAX = 64 * 1024
SUFFIX = ".vtwords"
"""Of an exported set: a zip file."""


@dataclass(frozen=True, slots=True)
class SetInfo:
    """What a list shows of a set."""

    name: str
    words: tuple[str, ...]
    meanings: Mapping[str, str]
    """The meanings of words in the game; other words do nothing."""
    takes: Mapping[str, int]
    made: str
    """Date and time, UTC, ISO 8601."""
    backbone: str
    """``negatives.backbone_hash`` of the backbone that the head was made for."""
    base: str
    """Name of the weights whose backbone it is."""
    threshold: float
    accuracy: float
    """Part of the held-out takes that were right."""
    false_an_hour: float
    """Expected false moves per hour of running speech at the chosen threshold."""
    personal: bool = False
    """Whether it adapts the shipped words to one voice."""
    fine_tuned: bool = False
    """Its network is its own, for its last block was trained too: it is not made again for another one."""


def check_name(name: str) -> str:
    """Check and normalize the name of a set, which becomes the name of a folder.

    Raises:
        TeachingError: it is empty, too long, or contains other characters than letters, digits, spaces, hyphens and underscores.
    """
    text = unicodedata.normalize("NFC", name).strip()
    allowed = all(unicodedata.category(c)[0] in "LMN" or c in " -_" for c in text)
    if not text or len(text) > NAME_MAX or not allowed or unicodedata.category(text[0])[0] not in "LN":
        raise TeachingError(
            f"{printable(name)!r} cannot be the name of a set: use 1 to {NAME_MAX} letters, digits, spaces, hyphens or "
            "underscores, and start with a letter or digit"
        )
    if any((shipped / f"{text}.safetensors").exists() for shipped in folders()):
        raise TeachingError(f"{text} is the name of shipped weights; choose another name")
    return text


def name_of_file(file: Path) -> str:
    """The name for a set from an exported file: the file's own, without what a set's name cannot hold."""
    text = unicodedata.normalize("NFC", file.stem)
    plain = "".join(c if unicodedata.category(c)[0] in "LMN" or c in " -_" else " " for c in text)
    return check_name(" ".join(plain.split()).lstrip(" -_")[:NAME_MAX] or file.stem)


def free_name(name: str, taken: Collection[str]) -> str:
    """A name like another one that is not taken yet."""
    names = (f"{name[: NAME_MAX - 4].strip()} {number}" for number in itertools.count(2))
    return next(each for each in names if each not in taken)


def set_folder(name: str, folder: Path | None = None) -> Path:
    """The folder of an existing set.

    Raises:
        TeachingError: there is no such set; the message lists the existing ones.
    """
    root = taught_folder() if folder is None else folder
    path = root / check_name(name)
    if not (path / ABOUT).is_file():
        known = ", ".join(info.name for info in list_sets(root)) or "none yet (`voicetrail teach` makes one)"
        raise TeachingError(f"there is no set of words named {printable(name)!r}; there are {known}")
    return path


def is_there(name: str, folder: Path | None = None) -> bool:
    """Whether there is a set of that name, damaged or not."""
    return ((taught_folder() if folder is None else folder) / check_name(name)).is_dir()


def names(folder: Path | None = None) -> frozenset[str]:
    """The names of all sets, damaged or not."""
    return frozenset(path.name for path in _folders(taught_folder() if folder is None else folder))


def weights_path(name: str, folder: Path | None = None) -> Path:
    """The weights file of a set.

    Raises:
        TeachingError: there is no such set.
    """
    return set_folder(name, folder) / WEIGHTS


def list_sets(folder: Path | None = None) -> list[SetInfo]:
    """All readable sets, by name; ``damaged_sets`` lists the others."""
    found = []
    for path in _folders(taught_folder() if folder is None else folder):
        with contextlib.suppress(TeachingError):
            found.append(read_about(path))
    return sorted(found, key=lambda info: info.name.casefold())


def damaged_sets(folder: Path | None = None) -> list[tuple[str, str]]:
    """Names of folders without a readable set, each with the reason."""
    found = []
    for path in _folders(taught_folder() if folder is None else folder):
        try:
            read_about(path)
        except TeachingError as error:
            found.append((path.name, str(error)))
    return found


def _folders(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        put_in_order(root)
        for path in sorted(root.iterdir()):
            if path.is_dir() and not path.name.startswith(".") and not path.is_symlink():
                yield path


def read_about(path: Path) -> SetInfo:
    """Read ``set.json`` of a set's folder.

    Raises:
        TeachingError: it is missing, damaged, or of a later version.
    """
    where = printable(path)
    try:
        content = read_file(path / ABOUT, ABOUT_MAX)
        data = json.loads(content) if len(content) <= ABOUT_MAX else None
    except OSError as error:
        raise TeachingError(f"the set in {where} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise TeachingError(f"the set in {where} is damaged; teach it again, or import it")
    if data.get("format_version") != FORMAT_VERSION:
        raise TeachingError(
            f"the set in {where} has format version {printable(data.get('format_version'))}, this program reads "
            f"{FORMAT_VERSION}; update voicetrail"
        )
    try:
        return _parse(path.name, data)
    except (KeyError, TypeError, ValueError):
        raise TeachingError(f"the set in {where} is damaged; teach it again, or import it") from None


def _parse(name: str, data: Mapping[str, Any]) -> SetInfo:
    from voicetrail.teaching.examples import check_word

    words, meanings, takes = data["words"], data["meanings"], data["takes"]
    if not isinstance(words, list) or not words or not all(isinstance(w, str) and check_word(w) == w for w in words):
        raise ValueError("words")
    if not isinstance(meanings, dict) or not {*meanings} <= {*words} or not all(m in MEANINGS for m in meanings.values()):
        raise ValueError("meanings")
    if not isinstance(takes, dict) or not all(type(n) is int and 0 <= n <= 10_000 for n in takes.values()):
        raise ValueError("takes")
    threshold, accuracy, rate = (data[key] for key in ("threshold", "accuracy", "false_an_hour"))
    if not all(
        isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n <= 100_000 for n in (threshold, accuracy, rate)
    ):
        raise ValueError("numbers")
    made, backbone, base = (data[key] for key in ("made", "backbone", "base"))
    flags = [data.get(key, False) for key in ("personal", "fine_tuned")]
    if not all(isinstance(text, str) and len(text) <= 200 for text in (made, backbone, base)):
        raise ValueError("texts")
    if not all(isinstance(flag, bool) for flag in flags):
        raise ValueError("flags")
    return SetInfo(
        name, tuple(words), meanings, takes, made, backbone, base, float(threshold), float(accuracy), float(rate), *flags
    )


def now() -> str:
    """The current time for ``SetInfo.made``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def storing(name: str, folder: Path | None = None) -> Iterator[Path]:
    """Yield a new folder, which becomes the set of that name at the end of the block; an error changes nothing.

    An existing set of that name is replaced.

    Raises:
        TeachingError: the name is not allowed, or the files cannot be written.
    """
    root = taught_folder() if folder is None else folder
    target = root / check_name(name)
    put_in_order(root)
    try:
        with filling(root) as partial:
            yield partial
            take_place(partial, target)
    except OSError as error:
        raise TeachingError(f"the set {printable(name)} cannot be saved: {error.strerror or error}") from None


def write_about(path: Path, info: SetInfo) -> None:
    """Write ``set.json`` into a folder from ``storing``."""
    data = {"format_version": FORMAT_VERSION, **asdict(info)}
    del data["name"]
    replace_file(path / ABOUT, json.dumps(data, ensure_ascii=False, indent=1))


def rename_set(name: str, new: str, folder: Path | None = None) -> None:
    """Rename a set.

    Raises:
        TeachingError: there is no such set, or the new name is taken.
    """
    path = set_folder(name, folder)
    target = path.parent / check_name(new)
    if target.exists():
        raise TeachingError(f"there already is a set named {printable(new)!r}; choose another name, or delete that set")
    try:
        path.rename(target)
        sync_folder(path.parent)
    except OSError as error:
        raise TeachingError(f"the set {printable(name)} cannot be renamed: {error.strerror or error}") from None


def delete_set(name: str, folder: Path | None = None) -> None:
    """Delete a set with its takes.

    Raises:
        TeachingError: there is none, or a file cannot be deleted.
    """
    root = taught_folder() if folder is None else folder
    path = root / check_name(name)
    if not path.is_dir() or path.is_symlink():
        set_folder(name, root)  # raises an error that lists the existing sets
    try:
        remove_folder(path, root)
    except OSError as error:
        raise TeachingError(f"the set {printable(name)} cannot be deleted: {error.strerror or error}") from None
