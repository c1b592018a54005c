"""Where replays are, and what is there."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voicetrail.atomic import close_to_others
from voicetrail.errors import ReplayError, reason_of
from voicetrail.replay.file.entries import End, Entry, Totals
from voicetrail.replay.file.format import SOUND_SUFFIX, SUFFIX, Header, read_entry, read_header
from voicetrail.replay.file.lock import is_being_written
from voicetrail.replay.file.reader import LINE_MAX, STDIN
from voicetrail.text import printable

NAME_FORMAT = "%Y-%m-%d-%H%M%S"
"""``<date>-<time>`` of a file's name."""
_NAMED_BY_TIME = re.compile(r"\d{4}-\d\d-\d\d-\d{6}(-\d{1,3})?")
_TAIL = 4096
"""Bytes at the end of a file that hold its totals."""
SCAN_MAX = 8 * 1024 * 1024
"""Most bytes of a file without totals (an old one, or one that was cut off) that are looked through for its length."""
_LINE = re.compile(rb'^\[(-?[0-9]{1,9}(?:\.[0-9]{1,6})?),"([a-z])",(?:\{"do":"set_mode","mode":"([a-z]{1,20})")?', re.MULTILINE)


def folder() -> Path:
    """The platform's folder for replays; it need not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("voicetrail", appauthor=False) / "replays"


def close_folder() -> str:
    """Make the platform's folder private if others can read it; return a message for the user, empty where nothing changed."""
    where = folder()
    try:
        return (
            f"{printable(where)} was readable by others on this machine; now only you can read it"
            if close_to_others(where)
            else ""
        )
    except OSError as error:
        return f"{printable(where)} can be read by others on this machine: {error.strerror}; run chmod 700 on it"


def new_path(now: datetime, where: Path | None = None) -> Path:
    """A path in the folder that no file has yet, named after the time."""
    where = folder() if where is None else where
    stem = now.strftime(NAME_FORMAT)
    for number in range(1, 1000):
        path = where / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")
        if not path.exists() and not path.with_suffix(SOUND_SUFFIX).exists():
            return path
    raise ReplayError(f"there are already a thousand replays from this second in {printable(where)}")


def find(name: str) -> Path:
    """The replay that a name on the command line means.

    Args:
        name: a path, a name in the folder, ``last`` for the newest one, or ``-`` for standard input.

    Raises:
        ReplayError: there is none.
    """
    path = Path(name)
    try:
        if name == STDIN or path.exists():
            return path
        if name == "last":
            newest = next((one for one in list_replays() if one.playable), None)
            if newest is None:
                raise ReplayError(f"there is no replay in {printable(folder())} yet; press r while you play to record")
            return newest.path
        for candidate in (folder() / name, folder() / f"{name}{SUFFIX}"):
            if candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:
        raise ReplayError(f"cannot read {printable(name)}: {reason_of(error)}") from error
    raise ReplayError(f"there is no replay {printable(name)}; `voicetrail replays` lists the replays")


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """A replay as a list shows it: from its header and its end."""

    path: Path
    title: str = ""
    date: str = ""
    """When it began, ISO 8601; empty where that is not known."""
    duration_ms: int | None = None
    """``None`` where it is not known: a large file without an end."""
    words: int | None = None
    mode: str = ""
    """The mode with its level, and how the pen moved in a sketch."""
    size: int = 0
    """Bytes, with the sound."""
    sound: bool = False
    problem: str = ""
    """Why it cannot be played, or what else a user should know."""
    playable: bool = True

    @property
    def when(self) -> str:
        """Date and time of day, for a table."""
        try:
            return datetime.fromisoformat(self.date).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            return "?"

    @property
    def length(self) -> str:
        """How long it is: ``m:ss`` or ``h:mm:ss``; ``?`` where that is not known, ``-`` where only a drawing was saved."""
        if self._is_only_drawing:
            return "-"
        return "?" if self.duration_ms is None else clock(self.duration_ms)

    @property
    def word_count(self) -> str:
        """The number of detected words; ``?`` where that is not known, ``-`` where only a drawing was saved."""
        if self._is_only_drawing:
            return "-"
        return "?" if self.words is None else str(self.words)

    @property
    def _is_only_drawing(self) -> bool:
        """Whether the file has only inputs from before a recording, as a drawing is saved."""
        return self.duration_ms == 0 and self.words == 0


def clock(ms: int) -> str:
    """A time as ``m:ss`` or ``h:mm:ss``."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size_text(size: int) -> str:
    """A size in bytes for people."""
    return f"{size} B" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def list_replays(where: Path | None = None) -> list[ReplaySummary]:
    """Every replay in the folder, newest first; those that cannot be read come last, with the reason.

    Raises:
        ReplayError: the folder cannot be read.
    """
    where = folder() if where is None else where
    try:
        if where.exists() and not where.is_dir():
            raise ReplayError(f"{printable(where)} is not a folder; name one that holds replays")
        paths = sorted(where.glob(f"*{SUFFIX}"))
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise ReplayError(f"cannot read the folder {printable(where)}: {reason}") from error
    return sorted((summarize(path) for path in paths), key=lambda one: (one.playable, _age_key(one)), reverse=True)


def list_named() -> list[ReplaySummary]:
    """List the replays in the platform's folder that have a name instead of the time they began, newest first.

    Only these few files are read, so this is fast among many recordings. A folder that cannot be read gives an empty list.
    """
    try:
        paths = [
            path for path in folder().glob(f"*{SUFFIX}") if not _NAMED_BY_TIME.fullmatch(path.stem) and path.name[0] != "."
        ]
    except OSError:
        return []
    return sorted((summarize(path) for path in paths), key=_age_key, reverse=True)


def _age_key(summary: ReplaySummary) -> float:
    try:
        return datetime.fromisoformat(summary.date).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def summarize(path: Path) -> ReplaySummary:
    """A replay as a list shows it; never raises. Reads only the first line and the end of the file."""
    try:
        return _summary(path)
    except ReplayError as error:
        problem = str(error)
    except OSError as error:
        problem = f"cannot read it: {error.strerror}"
    size = 0
    with contextlib.suppress(OSError):
        size = path.stat().st_size
    return ReplaySummary(path, problem=problem, size=size, playable=False)


def _summary(path: Path) -> ReplaySummary:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ReplayError("this is not a file")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            first = file.readline(LINE_MAX)
            try:
                header = read_header(first.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise ReplayError("this is not a voicetrail replay: it is not UTF-8 text") from error
            totals, ended = _read_end(file.read() if about.st_size <= _TAIL else _tail(descriptor, about.st_size))
            problem = ""
            if not ended:
                growing = is_being_written(descriptor)
                problem = "the session is still being recorded" if growing else "the end is missing: recording was cut off"
            if totals is None and about.st_size <= SCAN_MAX:
                file.seek(len(first))
                totals = _count(header, file.read(SCAN_MAX))
    finally:
        os.close(descriptor)
    sound = path.with_suffix(SOUND_SUFFIX)
    has_sound = sound != path and sound.is_file()
    return ReplaySummary(
        path=path,
        title=header.title,
        date=header.date,
        duration_ms=None if totals is None else totals.duration_ms,
        words=None if totals is None else totals.words,
        mode=_mode(header, totals),
        size=about.st_size + (sound.stat().st_size if has_sound else 0),
        sound=has_sound,
        problem=problem,
    )


def _mode(header: Header, totals: Totals | None) -> str:
    setup = header.setup
    if setup.mode != "sketch":
        return f"{setup.mode} {setup.level}".rstrip()
    return "sketch, " + "+".join(totals.movements if totals is not None else (setup.movement,))


def _tail(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, _TAIL, size - _TAIL)


def _read_end(tail: bytes) -> tuple[Totals | None, bool]:
    """The totals, where the file has them, and whether its last line is its end."""
    last: list[object] = []
    for line in tail.splitlines()[-2:]:
        try:
            entry = read_entry(line.decode(), 0)
        except ValueError:
            continue
        last.append(entry.item if isinstance(entry, Entry) else None)
    ended = bool(last) and isinstance(last[-1], End)
    return next((item for item in last if isinstance(item, Totals)), None), ended


def _count(header: Header, lines: bytes) -> Totals:
    """Totals of a file without them, taken from the beginnings of its lines."""
    at_ms = latest_ms = words = 0
    movements = {header.setup.movement: None}
    for found in _LINE.finditer(lines):
        at_ms = max(0, at_ms + round(1000 * float(found[1])))
        latest_ms = max(latest_ms, at_ms)
        words += found[2] == b"w"
        if found[3] in (b"step", b"glide"):
            movements["glide" if found[3] == b"glide" else "step"] = None
    return Totals(latest_ms, words, tuple(movements))


def rename(path: Path, name: str) -> Path:
    """Rename a replay and the sound beside it within the folder; return the new path.

    Raises:
        ReplayError: the name is not allowed, or taken.
    """
    stem = name.strip().removesuffix(SUFFIX)
    if not stem or stem.startswith(".") or printable(stem) != stem or any(sign in stem for sign in '/\\:*?"<>|'):
        raise ReplayError("a name may contain letters, digits, spaces and - _ . ( ), and may not start with a dot")
    target = path.with_name(stem + SUFFIX)
    moves = [(path, target)]
    if path.with_suffix(SOUND_SUFFIX).exists():
        moves.append((path.with_suffix(SOUND_SUFFIX), target.with_suffix(SOUND_SUFFIX)))
    if target == path:
        return path
    for _, new in moves:
        if new.exists():
            raise ReplayError(f"{printable(new.name)} exists already; choose another name")
    try:
        for old, new in moves:
            old.rename(new)
    except OSError as error:
        raise ReplayError(f"cannot rename {printable(path.name)}: {error.strerror}") from error
    return target


def delete(path: Path) -> None:
    """Delete a replay and the sound beside it.

    Raises:
        ReplayError: it cannot be deleted, or is not a replay.
    """
    if path.suffix != SUFFIX:
        raise ReplayError(f"{printable(path.name)} is not a replay")
    try:
        path.unlink()
        path.with_suffix(SOUND_SUFFIX).unlink(missing_ok=True)
    except OSError as error:
        raise ReplayError(f"cannot delete {printable(path.name)}: {error.strerror}") from error
