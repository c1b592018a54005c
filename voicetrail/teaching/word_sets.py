"""Taught sets of words on this machine: kept, listed, renamed, deleted, exported as one file and imported from one.

A set is a folder of its own: ``words.safetensors`` (a weights file that everything plays and listens with), ``examples/`` (the
takes, where they were kept) and ``set.json`` (what the list shows without loading torch). Folders are 0700 and files 0600: a
voice is private. Deleting removes the files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from voicetrail.atomic import make_private_folder, read_file, replace_file, replacing, sync_folder
from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.spotting.locate import TAUGHT_FILE, folders, taught_folder
from voicetrail.text import printable
from voicetrail.vocabulary import MEANINGS

WEIGHTS = TAUGHT_FILE
EXAMPLES = "examples"
ABOUT = "set.json"
FORMAT_VERSION = 1
NAME_MAX = 40
ABOUT_MAX = 64 * 1024
SUFFIX = ".vtwords"
"""Of an exported set: a zip file."""
FILE_MAX = 256 * 1024 * 1024
"""Bytes of all that an exported file may unpack to."""
FILES_MAX = 4000
MEMBER = re.compile(
    r"(?:set\.json|words\.safetensors|examples/manifest\.json|examples/[^/\\\0]{1,64}/(?:[0-9a-f]{16}|room)\.wav)"
)
"""The names that an exported file may hold; anything else is refused, so nothing is ever written elsewhere."""
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SetInfo:
    """What a list shows of a set."""

    name: str
    words: tuple[str, ...]
    meanings: Mapping[str, str]
    """What a word stands for in the game; a word that is missing moves nothing."""
    takes: Mapping[str, int]
    made: str
    """Date and time, UTC, ISO 8601."""
    backbone: str
    """``negatives.backbone_hash`` of the backbone that the head was made for."""
    base: str
    """Name of the weights whose backbone it is."""
    threshold: float
    accuracy: float
    """Part of held-out takes that were right when it was made."""
    false_an_hour: float
    """False moves an hour of running speech that were assumed when the threshold was chosen."""
    personal: bool = False
    """The shipped words retuned to one voice."""
    fine_tuned: bool = False
    """Its network is its own, for its last block was trained too: it is not made again for another one."""


def check_name(name: str) -> str:
    """Return a set's name as it is kept: it becomes a folder's name.

    Raises:
        TeachingError: it is empty, too long, or holds anything but letters, digits, spaces, hyphens and underscores.
    """
    text = unicodedata.normalize("NFC", name).strip()
    allowed = all(unicodedata.category(c)[0] in "LMN" or c in " -_" for c in text)
    if not text or len(text) > NAME_MAX or not allowed or unicodedata.category(text[0])[0] not in "LN":
        raise TeachingError(
            f"{printable(name)!r} cannot be the name of a set: use 1 to {NAME_MAX} letters, digits, spaces, hyphens or "
            "underscores, and begin with a letter or digit"
        )
    if any((shipped / f"{text}.safetensors").exists() for shipped in folders()):
        raise TeachingError(f"{text} is the name of weights that ship; choose another name")
    return text


def set_folder(name: str, folder: Path | None = None) -> Path:
    """The folder of a set that exists.

    Raises:
        TeachingError: there is none of that name; the message names those that there are.
    """
    root = taught_folder() if folder is None else folder
    path = root / check_name(name)
    if not (path / ABOUT).is_file():
        known = ", ".join(info.name for info in list_sets(root)) or "none yet; voicetrail teach makes one"
        raise TeachingError(f"there is no set of words named {printable(name)!r}; there are {known}")
    return path


def weights_path(name: str, folder: Path | None = None) -> Path:
    """The weights file of a set.

    Raises:
        TeachingError: there is no such set.
    """
    return set_folder(name, folder) / WEIGHTS


def list_sets(folder: Path | None = None) -> list[SetInfo]:
    """Every set that can be read, by name; one that is damaged is left out (``damaged_sets`` names those)."""
    found = []
    for path in _folders(taught_folder() if folder is None else folder):
        with contextlib.suppress(TeachingError):
            found.append(read_about(path))
    return sorted(found, key=lambda info: info.name.casefold())


def damaged_sets(folder: Path | None = None) -> list[tuple[str, str]]:
    """Names of folders that hold no readable set, each with the reason."""
    found = []
    for path in _folders(taught_folder() if folder is None else folder):
        try:
            read_about(path)
        except TeachingError as error:
            found.append((path.name, str(error)))
    return found


def _folders(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
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
    """The time of now for ``SetInfo.made``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def storing(name: str, folder: Path | None = None) -> Iterator[Path]:
    """Give a new folder to fill, which becomes the set of that name when the block ends; an error changes nothing.

    A set of that name that exists is replaced as a whole.

    Raises:
        TeachingError: the name cannot be one, or the disk cannot take it.
    """
    root = taught_folder() if folder is None else folder
    target = root / check_name(name)
    try:
        make_private_folder(root)
        partial = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    except OSError as error:
        raise TeachingError(f"the set cannot be kept in {printable(root)}: {error.strerror or error}") from None
    try:
        yield partial
        old = root / f".old-{partial.name[5:]}"
        if target.exists():
            target.rename(old)
        partial.rename(target)
        sync_folder(root)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise TeachingError(f"the set {printable(name)} cannot be kept: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_about(path: Path, info: SetInfo) -> None:
    """Write ``set.json`` into a folder that is being filled."""
    data = {"format_version": FORMAT_VERSION, **asdict(info)}
    del data["name"]
    replace_file(path / ABOUT, json.dumps(data, ensure_ascii=False, indent=1))


def rename_set(name: str, new: str, folder: Path | None = None) -> None:
    """Give a set another name.

    Raises:
        TeachingError: there is no such set, or one of the new name exists.
    """
    path = set_folder(name, folder)
    target = path.parent / check_name(new)
    if target.exists():
        raise TeachingError(f"there is a set named {printable(new)!r} already; choose another name, or delete that one")
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
        set_folder(name, root)  # raises, and names those that there are
    try:
        shutil.rmtree(path)
        sync_folder(root)
    except OSError as error:
        raise TeachingError(f"the set {printable(name)} cannot be deleted: {error.strerror or error}") from None


def export_set(name: str, out: Path, *, examples: bool = True, overwrite: bool = False, folder: Path | None = None) -> None:
    """Write a set as one file.

    Args:
        name: the set.
        out: where to; the ending ``.vtwords`` is usual.
        examples: with the takes (the player's voice), or without.
        overwrite: replace a file that exists.
        folder: where sets are kept.

    Raises:
        TeachingError: there is no such set, or the file cannot be written.
    """
    path = set_folder(name, folder)
    if out.exists() and not overwrite:
        raise TeachingError(f"{printable(out)} exists; name another file, or add --force")
    try:
        with replacing(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in sorted(path.rglob("*")):
                relative = member.relative_to(path).as_posix()
                if member.is_file() and MEMBER.fullmatch(relative) and (examples or not relative.startswith(f"{EXAMPLES}/")):
                    archive.write(member, relative)
    except OSError as error:
        raise TeachingError(f"{printable(out)} cannot be written: {error.strerror or error}") from None


def import_set(file: Path, name: str | None = None, *, overwrite: bool = False, folder: Path | None = None) -> SetInfo:
    """Take a set out of one file, after everything in it was checked.

    Args:
        file: what ``export_set`` wrote.
        name: for the set here; ``None`` takes the file's own name.
        overwrite: replace a set of that name.
        folder: where sets are kept.

    Raises:
        TeachingError: the file is none, damaged, too large, of a later version, or holds a hostile name.
    """
    root = taught_folder() if folder is None else folder
    chosen = check_name(file.stem if name is None else name)
    if (root / chosen).exists() and not overwrite:
        raise TeachingError(f"there is a set named {printable(chosen)!r} already; give another with --name, or add --force")
    with storing(chosen, root) as partial:
        try:
            with zipfile.ZipFile(file) as archive:
                _unpack(archive, _members(archive, file), partial, file)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
            raise TeachingError(f"{printable(file)} is damaged, or no exported set ({printable(error)})") from None
        except OSError as error:
            raise TeachingError(f"{printable(file)} cannot be read: {error.strerror or error}") from None
        try:
            _check_parts(partial)
        except VoicetrailError as error:
            why = str(error).replace(str(partial), "it")
            raise TeachingError(f"{printable(file)} cannot be used: {why}") from None
    return read_about(root / chosen)


def _check_parts(partial: Path) -> None:
    """Read every part of an unpacked set as it is read when it is used.

    Raises:
        VoicetrailError: a part is damaged, of a later version, or does not belong to the others.
    """
    from voicetrail.spotting.weights import load_weights
    from voicetrail.teaching.examples import load_examples

    info = read_about(partial)
    weights = load_weights(partial / WEIGHTS).info
    if {*weights.labels} - {"_unknown_", "_background_noise_"} != {*info.words}:
        raise TeachingError("it is damaged: its weights have other words than its list")
    if (partial / EXAMPLES).exists():
        load_examples(partial / EXAMPLES)


def _members(archive: zipfile.ZipFile, file: Path) -> Sequence[zipfile.ZipInfo]:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > FILES_MAX or sum(member.file_size for member in members) > FILE_MAX:
        raise TeachingError(f"{printable(file)} unpacks to more than any set of words holds; it is refused")
    strange = next((n for n in names if not MEMBER.fullmatch(n) or any(part in (".", "..") for part in n.split("/"))), None)
    if strange is not None:
        raise TeachingError(f"{printable(file)} holds {printable(strange)!r}, which no set of words does; it is refused")
    if len({*names}) < len(names) or not {ABOUT, WEIGHTS} <= {*names}:
        raise TeachingError(f"{printable(file)} is no exported set: {ABOUT} or {WEIGHTS} is missing, or is in it twice")
    return members


def _unpack(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], target: Path, file: Path) -> None:
    left = FILE_MAX
    for member in members:
        path = target / member.filename
        make_private_folder(path.parent)
        with archive.open(member) as source, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            left -= _copy(source, out, min(left, member.file_size), file)


def _copy(source: Any, out: BinaryIO, limit: int, file: Path) -> int:
    """Copy at most ``limit`` bytes; what unpacks to more than it says is refused."""
    done = 0
    while chunk := source.read(CHUNK):
        done += len(chunk)
        if done > limit:
            raise TeachingError(f"{printable(file)} unpacks to more than it says; it is refused")
        out.write(chunk)
    return done
