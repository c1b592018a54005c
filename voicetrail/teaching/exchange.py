"""A taught set of words as one file: written, and read after everything in it was checked. The file is a zip archive."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from voicetrail.atomic import make_private_folder, replacing
from voicetrail.errors import TeachingError, VoicetrailError
from voicetrail.spotting.locate import taught_folder
from voicetrail.teaching.word_sets import (
    ABOUT,
    EXAMPLES,
    WEIGHTS,
    SetInfo,
    check_name,
    name_of_file,
    read_about,
    set_folder,
    storing,
)
from voicetrail.text import printable

FILE_MAX = 256 * 1024 * 1024
"""Bytes of all that an exported file may unpack to."""
FILES_MAX = 4000
MEMBER = re.compile(
    r"(?:set\.json|words\.safetensors|examples/manifest\.json|examples/[^/\\\0]{1,64}/(?:[0-9a-f]{16}|room)\.wav)"
)
"""The names that an exported file may hold; anything else is refused, so nothing is ever written elsewhere."""
CHUNK = 1 << 20


def check_target(out: Path, *, overwrite: bool = False) -> None:
    """Check that a set can be exported to a file.

    Raises:
        TeachingError: it exists, and may not be replaced; or there is no folder for it; or it is no path.
    """
    try:
        if out.exists() and not overwrite:
            raise TeachingError(f"{printable(out, 80)} exists; name another file, or add --force")
        if not (parent := Path(os.path.realpath(out)).parent).is_dir():
            raise TeachingError(f"{printable(out, 80)} cannot be written: there is no folder {printable(parent)}")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise TeachingError(f"{printable(out, 80)} cannot be written: {printable(why)}") from None


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
    check_target(out, overwrite=overwrite)
    try:
        with replacing(out) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in sorted(path.rglob("*")):
                relative = member.relative_to(path).as_posix()
                if member.is_file() and MEMBER.fullmatch(relative) and (examples or not relative.startswith(f"{EXAMPLES}/")):
                    archive.write(member, relative)
    except OSError as error:
        raise TeachingError(f"{printable(out, 80)} cannot be written: {error.strerror or error}") from None


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
    chosen = name_of_file(file) if name is None else check_name(name)
    if (root / chosen).exists() and not overwrite:
        raise TeachingError(f"there is a set named {printable(chosen)!r} already; give another with --name, or add --force")
    if os.path.exists(file) and not os.path.isfile(file):
        # A pipe or a device would be waited for, perhaps for ever.
        raise TeachingError(f"{printable(file, 80)} cannot be read: it is not a file")
    with storing(chosen, root) as partial:
        try:
            with zipfile.ZipFile(file) as archive:
                _unpack(archive, _members(archive, file), partial, file)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
            raise TeachingError(f"{printable(file, 80)} is damaged, or no exported set ({printable(error)})") from None
        except OSError as error:
            raise TeachingError(f"{printable(file, 80)} cannot be read: {error.strerror or error}") from None
        try:
            _check_parts(partial)
        except VoicetrailError as error:
            why = str(error).replace(str(partial), "it")
            raise TeachingError(f"{printable(file, 80)} cannot be used: {why}") from None
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
        raise TeachingError(f"{printable(file, 80)} unpacks to more than any set of words holds; it is refused")
    strange = next((n for n in names if not MEMBER.fullmatch(n) or any(part in (".", "..") for part in n.split("/"))), None)
    if strange is not None:
        raise TeachingError(f"{printable(file, 80)} holds {printable(strange)!r}, which no set of words does; it is refused")
    if len({*names}) < len(names) or not {ABOUT, WEIGHTS} <= {*names}:
        raise TeachingError(f"{printable(file, 80)} is no exported set: {ABOUT} or {WEIGHTS} is missing, or is in it twice")
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
            raise TeachingError(f"{printable(file, 80)} unpacks to more than it says; it is refused")
        out.write(chunk)
    return done
