"""Reads a replay file that may be cut, damaged or made up: what can be read is read, within bounds of time and memory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicetrail.errors import ReplayError
from voicetrail.replay.file.entries import End, Entry, RecognizerInfo
from voicetrail.replay.file.format import AHEAD_MAX_MS, SOUND_SUFFIX, Header, read_entry, read_header
from voicetrail.text import printable

LINE_MAX = 128 * 1024
"""Longest line in bytes; a longer one is passed over without being kept in memory."""
ENTRIES_MAX = 100_000
"""Most lines that are taken: some ten hours."""
_CHUNK = 64 * 1024
_INTERVAL = re.compile(rb"\[([0-9]{1,9}(?:\.[0-9]{1,3})?),")


@dataclass(frozen=True, slots=True)
class Replay:
    """A session as it was kept."""

    path: Path
    header: Header
    entries: tuple[Entry, ...]
    """In the file's order."""
    duration_ms: int
    """The latest time of any entry."""
    damaged: int = 0
    """Lines that were passed over because they are not what a line has to be."""
    first_damaged: int = 0
    """The number of the first of them, counted from 1; 0 without any."""
    full: bool = False
    """The file holds more than ``ENTRIES_MAX`` lines, and the rest was left."""

    @property
    def whole(self) -> bool:
        """Nothing was passed over, and the end is there."""
        return not self.damaged and not self.full and any(isinstance(entry.item, End) for entry in self.entries[-1:])

    @property
    def meanings(self) -> Mapping[str, str]:
        """The word of the game that each word of other vocabularies stands for, of all recognizers that listened."""
        infos = (entry.item for entry in self.entries if isinstance(entry.item, RecognizerInfo))
        return {label: meaning for info in infos for label, meaning in info.meanings.items()}

    @property
    def remark(self) -> str:
        """What is wrong with the file, in words; empty for a whole one."""
        parts = []
        if self.damaged:
            lines = "one line" if self.damaged == 1 else f"{self.damaged} lines"
            parts.append(f"{lines} could not be read (the first is line {self.first_damaged})")
        if self.full:
            parts.append(f"only the first {ENTRIES_MAX} lines were read")
        elif not any(isinstance(entry.item, End) for entry in self.entries[-1:]):
            parts.append("the end is missing: recording was cut off")
        return "; ".join(parts)

    @property
    def sound(self) -> Path | None:
        """The recorded sound, if it lies beside the file."""
        path = self.path.with_suffix(SOUND_SUFFIX)
        return path if path != self.path and path.is_file() else None


def read(path: str | Path) -> Replay:
    """Read a replay file.

    Raises:
        ReplayError: there is no such file, or it is no replay.
    """
    where = Path(path)
    shown = printable(where)
    try:
        with _open(where) as file:
            lines = _lines(file)
            first = next(lines, None)
            if first is None:
                raise ReplayError(f"{shown} is empty or no voicetrail replay")
            try:
                header = read_header(first.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise ReplayError(f"{shown}: this is no voicetrail replay: it is not UTF-8 text") from error
            except ReplayError as error:
                raise ReplayError(f"{shown}: {error}") from error
            return _recording(where, header, lines)
    except (OSError, ValueError) as error:
        # A path with a NUL in it is a ValueError.
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ReplayError(f"cannot read {shown}: {reason}; `voicetrail replays` lists what is there") from error


def _open(path: Path) -> BinaryIO:
    # Without O_NONBLOCK a named pipe would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ReplayError(f"{printable(path)} is not a file that can be read; `voicetrail replays` lists what is there")
    return os.fdopen(descriptor, "rb", buffering=0)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines without their ends; ``None`` stands for one that is too long."""
    pending, too_long = b"", False
    while chunk := file.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield None if too_long or len(pending) + len(line) > LINE_MAX else pending + line
            pending, too_long = b"", False
        too_long = too_long or len(pending) + len(rest) > LINE_MAX
        pending = b"" if too_long else pending + rest
    if pending or too_long:
        yield None if too_long else pending


def _recording(path: Path, header: Header, lines: Iterator[bytes | None]) -> Replay:
    entries: list[Entry] = []
    damaged = first_damaged = before_ms = latest_ms = 0
    full = False
    for number, line in enumerate(lines, start=2):
        if len(entries) == ENTRIES_MAX or damaged == ENTRIES_MAX:
            full = True
            break
        if line is not None and (not line.strip() or line.startswith(b"#")):
            continue
        try:
            if line is None:
                raise ValueError("too long")
            entry = read_entry(line.decode(), before_ms)
        except ValueError:
            damaged += 1
            first_damaged = first_damaged or number
            # Its time may still be whole, and then what follows keeps its own.
            before_ms += _interval_ms(line or b"")
            continue
        before_ms = entry.at_ms
        latest_ms = max(latest_ms, before_ms)
        entries.append(entry)
    return Replay(path, header, tuple(entries), latest_ms, damaged, first_damaged, full)


def _interval_ms(line: bytes) -> int:
    """The time that a damaged line begins with, if it does."""
    found = _INTERVAL.match(line)
    return min(round(1000 * float(found[1])), AHEAD_MAX_MS) if found else 0
