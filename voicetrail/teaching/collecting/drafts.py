"""Drafts: takes of sets that are not finished. They are saved from the first take on, so that none is lost.

A draft is a folder beside the sets (``.drafts/NAME``) with the takes and a list of the words. It is deleted when its set is finished,
or by the player. A program that is killed at any moment leaves it as it was before or after the last take, because the list of the
words and the sound of the room never change beside takes that are there already: a draft with others takes the place of the whole
folder.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voicetrail.atomic import file_lock, make_private_folder, read_file, replace_file, sync_folder
from voicetrail.errors import TeachingError
from voicetrail.spotting.locate import taught_folder
from voicetrail.teaching import word_sets
from voicetrail.teaching.examples import (
    MANIFEST,
    MAX_TAKES,
    ExampleSet,
    check_word,
    is_room,
    load_examples,
    read_manifest,
    write_examples,
)
from voicetrail.teaching.word_sets import check_name
from voicetrail.text import printable
from voicetrail.vocabulary import MEANINGS
from voicetrail.whole_folders import filling, put_in_order, remove_folder, take_place

FOLDER = ".drafts"
LIST, TAKES = "draft.json", "examples"
FORMAT_VERSION = 1
LIST_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """The description of an unfinished set, without its takes."""

    name: str
    words: tuple[str, ...]
    meanings: Mapping[str, str] = field(default_factory=dict)
    asked_for: int = 6
    """How often to ask for each word."""
    personal: bool = False
    takes: int = 0
    """Number of takes."""


def _folder(name: str, folder: Path | None) -> Path:
    return (taught_folder() if folder is None else folder) / FOLDER / check_name(name)


def only_program(name: str, folder: Path | None = None) -> contextlib.ExitStack:
    """Keep other programs from teaching a set of this name until what is returned is closed: each would delete the takes of the other.

    Raises:
        TeachingError: another program teaches it, or the folder cannot be written to.
    """
    path, program_lock = _folder(name, folder), contextlib.ExitStack()
    try:
        program_lock.enter_context(file_lock(path, timeout_s=0.0, remove=True))
    except TimeoutError:
        raise TeachingError(
            f"another program is teaching {printable(name)} at the moment: close it there, or choose another name"
        ) from None
    except OSError as error:
        raise TeachingError(f"the takes cannot be kept in {printable(path)}: {error.strerror or error}") from None
    return program_lock


def save_draft(draft: Draft, examples: ExampleSet, folder: Path | None = None) -> None:
    """Save takes as a draft, replacing one with the same name.

    Raises:
        TeachingError: they cannot be written, or the name is not allowed.
    """
    path = _folder(draft.name, folder)
    data = {
        "format_version": FORMAT_VERSION,
        "words": draft.words,
        "meanings": {**draft.meanings},
        "asked_for": draft.asked_for,
        "personal": draft.personal,
    }
    text = json.dumps(data, ensure_ascii=False, indent=1)
    try:
        make_private_folder(path.parent.parent)
        put_in_order(path.parent)
        if _is_list(path / LIST, text) and is_room(path / TAKES, examples.room):
            write_examples(examples, path / TAKES)
            return
        with filling(path.parent) as partial:
            replace_file(partial / LIST, text)
            write_examples(examples, partial / TAKES)
            take_place(partial, path)
    except OSError as error:
        raise TeachingError(f"the takes cannot be kept in {printable(path)}: {error.strerror or error}") from None


def _is_list(path: Path, text: str) -> bool:
    """Whether a file is the list of a draft with this text."""
    try:
        return read_file(path, LIST_MAX) == text.encode()
    except OSError:
        return False


def load_draft(name: str, folder: Path | None = None) -> tuple[Draft, ExampleSet]:
    """Read a draft with its takes.

    Raises:
        TeachingError: there is no draft with this name, or it is damaged.
    """
    path = _folder(name, folder)
    put_in_order(path.parent)
    draft = _read(path)
    examples = load_examples(path / TAKES) if draft.takes else ExampleSet()
    if set(examples.words) - set(draft.words):
        raise TeachingError(f"the takes in {printable(path)} are damaged; delete them and record the words again")
    ordered = ExampleSet(room=examples.room)
    for word in draft.words:
        ordered.add_word(word)
        ordered.takes[word] = examples.takes.get(word, [])
    return draft, ordered


def list_drafts(folder: Path | None = None) -> list[Draft]:
    """All readable drafts, by name."""
    found = []
    for path in _folders(folder):
        with contextlib.suppress(TeachingError):
            found.append(_read(path))
    return found


def damaged_drafts(folder: Path | None = None) -> list[tuple[str, str]]:
    """Names of drafts that cannot be read, each with the reason: they hold a voice, and can be deleted."""
    found = []
    for path in _folders(folder):
        try:
            _read(path)
        except TeachingError as error:
            found.append((path.name, str(error)))
    return found


def _folders(folder: Path | None) -> Iterator[Path]:
    root = (taught_folder() if folder is None else folder) / FOLDER
    with contextlib.suppress(OSError):
        put_in_order(root)
        for path in sorted(root.iterdir()):
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield path


def rename_set(name: str, new: str, folder: Path | None = None) -> None:
    """Rename a set, together with its takes that are not trained yet.

    Raises:
        TeachingError: there is no such set, the new name is taken, or a program is teaching one of the two.
    """
    before, after = _folder(name, folder), _folder(new, folder)
    if before == after:
        raise TeachingError(f"{printable(name)} has this name already; choose another one")
    if after.is_dir():
        raise TeachingError(
            f"there are takes of {printable(new)} that are not trained yet; choose another name, or delete these takes"
        )
    with only_program(name, folder), only_program(new, folder):
        word_sets.rename_set(name, new, folder)
        try:
            if before.is_dir():
                before.rename(after)
                sync_folder(after.parent)
        except OSError as error:
            raise TeachingError(
                f"the takes of {printable(name)} that are not trained yet keep its name: {error.strerror or error}"
            ) from None


def delete_draft(name: str, folder: Path | None = None) -> bool:
    """Delete the takes of a draft, damaged or not; return whether there were any.

    Raises:
        TeachingError: a file cannot be deleted.
    """
    path = _folder(name, folder)
    there = path.is_dir() and not path.is_symlink()
    try:
        if there:
            remove_folder(path, path.parent)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # the last one
    except OSError as error:
        raise TeachingError(f"the takes of {printable(name)} cannot be deleted: {error.strerror or error}") from None
    return there


def _read(path: Path) -> Draft:
    damaged = TeachingError(f"the takes in {printable(path)} are damaged; delete them and record the words again")
    try:
        content = read_file(path / LIST, LIST_MAX)
        data = json.loads(content) if len(content) <= LIST_MAX else None
    except (OSError, ValueError, RecursionError):
        raise damaged from None
    if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
        raise damaged
    words, meanings, asked_for, personal = (data.get(key) for key in ("words", "meanings", "asked_for", "personal"))
    if not isinstance(words, list) or not words or not all(isinstance(w, str) and check_word(w) == w for w in words):
        raise damaged
    if not isinstance(meanings, dict) or not {*meanings} <= {*words} or not all(m in MEANINGS for m in meanings.values()):
        raise damaged
    if type(asked_for) is not int or not 1 <= asked_for <= MAX_TAKES or not isinstance(personal, bool):
        raise damaged
    # A program that was killed while it kept the first take has left a list without one.
    there = (path / TAKES / MANIFEST).exists()
    count = sum(len(takes) for takes in read_manifest(path / TAKES / MANIFEST).values()) if there else 0
    return Draft(path.name, tuple(words), meanings, asked_for, personal, count)
