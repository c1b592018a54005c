"""Finds takes in sound files, folders and replays. A long recording is read piece by piece, and only its takes stay in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from voicetrail.audio.file import FileSource
from voicetrail.errors import AudioError, ReplayError, TeachingError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded
from voicetrail.progress import Report, report_nothing
from voicetrail.teaching.examples import MAX_TAKES
from voicetrail.teaching.recorder import TakeCutter
from voicetrail.teaching.takes import NO_TAKES, Take, cut_all, find_spans, find_takes
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.replay.file.reader import Replay

Sound = npt.NDArray[np.float32]

SUFFIXES = (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64")
"""Suffixes of sound files in a folder; a file that is named directly may have any suffix."""
FILES_MAX = 2000
"""Most files of one folder that are read."""
SHORT_S = 8
"""A recording up to this length, in s, is analyzed as a whole: its quietest part is the noise floor."""
BEFORE_MS, AFTER_MS = 2000, 500
"""The sound around a decision in a replay that is searched for a take, in ms."""

Stop = Callable[[], bool]
"""Whether to end early."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found."""

    takes: tuple[Take, ...]
    left_out: int = 0
    """Number of sounds that are not takes: empty ones, and whole sentences."""
    unreadable: tuple[str, ...] = ()
    """Messages about files of a folder that cannot be used."""
    files: int = 1


def takes_of(path: Path, *, progress: Report = report_nothing, stop: Stop = lambda: False, most: int = MAX_TAKES) -> Gathered:
    """Find the takes in a sound file, or in all sound files of a folder and its subfolders.

    Args:
        path: the file, in any format that can be decoded, or the folder.
        progress: called with the finished part, 0 to 1.
        stop: checked between pieces of sound; if it returns true, the takes found so far are returned.
        most: the search stops after this many takes.

    Raises:
        TeachingError: there is no take, or the folder contains no sound files.
        AudioError: the file cannot be used.
    """
    folder = os.path.isdir(path)  # Path.is_dir raises an error if the name is too long
    files = sound_files(path, stop) if folder else [path]
    takes, left_out, unreadable = list[Take](), 0, list[str]()
    for number, file in enumerate(files):
        try:
            for take in _takes_of_file(file, stop):
                if NO_TAKES & {*take.problems}:
                    left_out += 1
                elif len(takes) < most:
                    takes.append(take)
        except AudioError as error:
            if not folder:
                raise
            unreadable.append(str(error))
        if stop() or len(takes) >= most:
            break
        progress((number + 1) / len(files))
    if not takes and not stop():
        why = unreadable[0] if unreadable and not left_out else "say it louder, or wait a moment before and after each word"
        raise TeachingError(f"no take was found in {printable(path)}: {why}")
    return Gathered(tuple(takes), left_out, tuple(unreadable), len(files))


def sound_files(folder: Path, stop: Stop = lambda: False) -> list[Path]:
    """The sound files of a folder and of the folders in it, ``FILES_MAX`` at most.

    Raises:
        TeachingError: there are none.
    """
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise TeachingError(f"{printable(folder)} cannot be read: {error.strerror or error}") from None
    files = list[Path]()
    for place, _, names in os.walk(folder):  # what cannot be read in it is left out
        files += [Path(place, n) for n in names if Path(n).suffix.lower() in SUFFIXES and not n.startswith(".")]
        if len(files) >= FILES_MAX or stop():
            break
    if not files and not stop():
        raise TeachingError(f"{printable(folder)} contains no sound files (such as {', '.join(SUFFIXES[:6])})")
    return sorted(files)[:FILES_MAX]


def _takes_of_file(path: Path, stop: Stop) -> Iterator[Take]:
    with FileSource(path) as source:
        if source.duration is not None and source.duration <= SHORT_S:
            # A clip of one word has no quiet seconds to estimate the noise floor from, so it is analyzed as a whole.
            blocks = [*_blocks(source, stop)]
            yield from find_takes(np.concatenate(blocks)) if blocks else ()
            return
        cutter = TakeCutter()
        for block in _blocks(source, stop):
            cutter.add(block)
            while (take := cutter.take()) is not None:
                yield take
        cutter.finish()
        while (take := cutter.take(ended=True)) is not None:
            yield take


def _blocks(source: FileSource, stop: Stop) -> Iterator[Sound]:
    while not stop():
        item = source.read(0.0)
        if isinstance(item, AudioBlock):
            yield item.samples
        elif item is None or isinstance(item, SourceEnded):
            return


Kind = Literal["marked", "undone"]


@dataclass(frozen=True, slots=True, eq=False)
class ReplayTake:
    """A take from a replay, at a moment that the player marked, or whose move the player undid."""

    at_ms: int
    label: str
    """The word that was detected, or nearly detected."""
    kind: Kind
    """Whether this word was said and missed, or something else was mistaken for it."""
    take: Take


def takes_of_replay(replay: Replay, progress: Report = report_nothing) -> tuple[ReplayTake, ...]:
    """The takes at moments where the player marked a missed word, or undid the move of a word.

    Args:
        replay: a session with recorded sound.
        progress: called with the finished part, 0 to 1.

    Raises:
        ReplayError: there is no recorded sound, or it cannot be read.
    """
    from voicetrail.replay.analysis.suggest import cases
    from voicetrail.replay.file.sound import read_sound
    from voicetrail.replay.timeline import Timeline

    if replay.sound is None:
        raise ReplayError(
            f"{printable(replay.path.name)} has no recorded sound; record sessions with --record-audio to teach words from them"
        )
    sound = read_sound(replay.sound)
    found = []
    for case in cases(Timeline(replay), progress):
        kind: Kind | None = "undone" if not case.meant else None if case.heard else "marked"
        if kind is not None and (take := _take_at(sound, case.at_ms)) is not None:
            found.append(ReplayTake(case.at_ms, case.word, kind, take))
    return tuple(
        one for one, before in zip(found, [None, *found], strict=False) if before is None or one.at_ms - before.at_ms > AFTER_MS
    )


def _take_at(sound: Sound, at_ms: int) -> Take | None:
    """The take that a decision was about: the last one that had begun by then."""
    since, until = (max(0, (at_ms + by) * SAMPLE_RATE // 1000) for by in (-BEFORE_MS, AFTER_MS))
    piece, at = sound[since:until], at_ms * SAMPLE_RATE // 1000 - since
    spans = find_spans(piece)
    takes = [take for span, take in zip(spans, cut_all(piece, spans), strict=True) if span.begin < at]
    takes = [take for take in takes if not NO_TAKES & {*take.problems}]
    return takes[-1] if takes else None
