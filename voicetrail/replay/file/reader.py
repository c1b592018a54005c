"""Reads a replay file that may be truncated, damaged or forged, as far as possible, within bounds of time and memory."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from voicetrail.errors import ReplayError
from voicetrail.game.inputs import SetBackground
from voicetrail.replay.file.entries import EarlierInputs, End, Entry, RecognizerStarted
from voicetrail.replay.file.format import AHEAD_MAX_S, SOUND_SUFFIX, Header, read_entry, read_header
from voicetrail.replay.file.lock import is_being_written
from voicetrail.text import printable

STDIN = "-"
"""The name that means standard input."""
LINE_MAX = 128 * 1024
"""Longest line in bytes; a longer one is skipped without being held in memory."""
VALUES_MAX = 200_000
"""Most things that are kept in memory: a line counts as one, plus one for each earlier input and for every four posteriors
in it. This is about twenty hours."""
LINES_MAX = 400_000
"""Most lines that are read, including those that are skipped."""
BYTES_MAX = 96 * 1024 * 1024
"""Most bytes that are read: about thirty hours."""
WAIT_S = 10.0
"""Longest wait for data from a pipe."""
_CHUNK = 64 * 1024
_INTERVAL = re.compile(rb"\[([0-9]{1,9}(?:\.[0-9]{1,3})?),")


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded session."""

    path: Path
    header: Header
    entries: tuple[Entry, ...]
    """In the file's order."""
    duration_ms: int
    """The latest time of any entry."""
    damaged: int = 0
    """Lines that were skipped because they are malformed."""
    first_damaged: int = 0
    """The number of the first of them, counted from 1; 0 if there is none."""
    unknown: int = 0
    """Lines of codes that this version does not know."""
    full: bool = False
    """The file holds more than a reader takes, and the rest was not read."""
    growing: bool = False
    """The session is still being recorded."""

    @property
    def whole(self) -> bool:
        """No line was damaged, and the end is there."""
        return not self.damaged and not self.full and self.ended

    @property
    def ended(self) -> bool:
        """The last line says that recording ended."""
        return bool(self.entries) and isinstance(self.entries[-1].item, End)

    @property
    def meanings(self) -> Mapping[str, str]:
        """What each taught or foreign word means in the game, of all recognizers that listened."""
        started = (entry.item for entry in self.entries if isinstance(entry.item, RecognizerStarted))
        return {label: meaning for one in started for label, meaning in one.meanings.items()}

    @property
    def remark(self) -> str:
        """What a user should know about the file; empty for a complete one."""
        parts = []
        if self.damaged:
            lines = "one line" if self.damaged == 1 else f"{self.damaged} lines"
            parts.append(f"{lines} could not be read (the first is line {self.first_damaged})")
        if self.unknown:
            lines = "one line is" if self.unknown == 1 else f"{self.unknown} lines are"
            parts.append(f"{lines} of a kind that this version does not know")
        if self.full:
            parts.append(f"the file is too large: only the first {len(self.entries)} entries were read")
        elif self.growing:
            parts.append("the session is still being recorded")
        elif not self.ended:
            parts.append("the end is missing: recording was cut off")
        return "; ".join(parts)

    @property
    def sound(self) -> Path | None:
        """The recorded sound, if it is beside the file."""
        path = self.path.with_suffix(SOUND_SUFFIX)
        return path if path != self.path and path.is_file() else None


def read(path: str | Path) -> Replay:
    """Read a replay file.

    Args:
        path: the file; a pipe and ``-`` (standard input) are read to their end.

    Raises:
        ReplayError: there is no such file, or it is no replay.
    """
    with ReplayReader(path) as reader:
        reader.read_on()
        return reader.replay


class ReplayReader:
    """An open replay file. While the session is still being recorded, more can be read later.

    Args:
        path: see ``read``.

    Raises:
        ReplayError: there is no such file, or it is no replay.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path("/dev/stdin") if str(path) == STDIN else Path(path)
        self._name = "standard input" if str(path) == STDIN else printable(path)
        self._lines = _Lines()
        self._entries: list[Entry] = []
        self._before_ms = self._latest_ms = 0
        self._damaged = self._first_damaged = self._unknown = 0
        self._values = self._number = self._bytes = 0
        self._full = False
        try:
            self._descriptor = _open(self._name, path)
        except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
            raise self._unreadable(error) from error
        try:
            self._header = self._read_header()
        except OSError as error:
            self.close()
            raise self._unreadable(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def growing(self) -> bool:
        """The session is still being recorded."""
        return not self._full and is_being_written(self._descriptor)

    @property
    def replay(self) -> Replay:
        """What was read so far."""
        entries = tuple(self._entries)
        ended = bool(entries) and isinstance(entries[-1].item, End)
        return Replay(
            self.path,
            self._header,
            entries,
            self._latest_ms,
            self._damaged,
            self._first_damaged,
            self._unknown,
            self._full,
            growing=not ended and self.growing,
        )

    def read_on(self) -> list[Entry]:
        """Read what was added since the last call; return the new entries.

        Raises:
            ReplayError: the file cannot be read.
        """
        first = len(self._entries)
        try:
            # Checked before reading, so that a file whose writer ends in between is read to its end.
            growing = self.growing
            for line in self._lines_left(to_end=not growing):
                self._take(line)
                if self._full:
                    break
        except OSError as error:
            raise self._unreadable(error) from error
        return self._entries[first:]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read_header(self) -> Header:
        line = next(self._lines_left(to_end=True), None)
        self._number = 1
        if line is None:
            raise ReplayError(f"{self._name} is empty or not a voicetrail replay")
        try:
            return read_header(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ReplayError(f"{self._name}: this is not a voicetrail replay: it is not UTF-8 text") from error
        except ReplayError as error:
            raise ReplayError(f"{self._name}: {error}") from error

    def _lines_left(self, *, to_end: bool) -> Iterator[bytes | None]:
        """The lines that were not read yet; with ``to_end``, also a last line without a line end."""
        yield from self._lines.ended()
        while self._bytes < BYTES_MAX:
            chunk = _read(self._descriptor, self._name)
            if not chunk:
                if to_end:
                    yield from self._lines.rest()
                return
            self._bytes += len(chunk)
            self._lines.add(chunk)
            yield from self._lines.ended()
        self._full = True

    def _take(self, line: bytes | None) -> None:
        self._number += 1
        if self._values >= VALUES_MAX or self._number > LINES_MAX:
            self._full = True
            return
        if line is not None and (not line.strip() or line.startswith(b"#")):
            return
        try:
            if line is None:
                raise ValueError("too long")
            read = read_entry(line.decode(), self._before_ms)
        except ValueError:
            self._damaged += 1
            self._first_damaged = self._first_damaged or self._number
            # Its time may be intact, and then the following lines keep theirs.
            self._before_ms += _interval_ms(line or b"")
            return
        if isinstance(read, int):
            self._unknown += 1
            self._before_ms = read
            return
        self._before_ms = read.at_ms
        self._latest_ms = max(self._latest_ms, read.at_ms)
        self._values += _values(read)
        self._entries.append(read)

    def _unreadable(self, error: Exception) -> ReplayError:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return ReplayError(f"cannot read {self._name}: {reason}; `voicetrail replays` lists the replays")


class _Lines:
    """Splits chunks of bytes into lines; ``None`` stands for a line that is too long."""

    def __init__(self) -> None:
        self._pending = b""
        self._too_long = False
        self._ready: list[bytes | None] = []
        self._next = 0

    def add(self, chunk: bytes) -> None:
        """Take more bytes."""
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            self._ready.append(None if self._too_long or len(self._pending) + len(line) > LINE_MAX else self._pending + line)
            self._pending, self._too_long = b"", False
        self._too_long = self._too_long or len(self._pending) + len(rest) > LINE_MAX
        self._pending = b"" if self._too_long else self._pending + rest

    def ended(self) -> Iterator[bytes | None]:
        """The complete lines, each once."""
        while self._next < len(self._ready):
            self._next += 1
            yield self._ready[self._next - 1]
        self._ready, self._next = [], 0

    def rest(self) -> Iterator[bytes | None]:
        """What follows the last line end."""
        if self._pending or self._too_long:
            yield None if self._too_long else self._pending
            self._pending, self._too_long = b"", False


def _open(name: str, path: str | Path) -> int:
    if str(path) == STDIN:
        descriptor = os.dup(sys.stdin.fileno())
    else:
        # Without O_NONBLOCK, opening a named pipe would wait forever for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        os.close(descriptor)
        raise ReplayError(f"{name} is neither a file nor a pipe; `voicetrail replays` lists the replays")
    return descriptor


def _read(descriptor: int, name: str) -> bytes:
    """The next bytes; empty at the end. Waits for a pipe, but not forever."""
    while True:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.read(descriptor, _CHUNK)
        if not select.select([descriptor], [], [], WAIT_S)[0]:
            raise ReplayError(f"{name}: nothing came for {WAIT_S:.0f} s; is the program still running that writes into it?")
        try:
            return os.read(descriptor, _CHUNK)
        except BlockingIOError:
            continue


def _values(entry: Entry) -> int:
    """How much an entry counts towards what a reader keeps."""
    item = entry.item
    if isinstance(item, EarlierInputs):
        return 1 + sum(_values_of(one) for _, one in item.inputs)
    if isinstance(item, RecognizerStarted):
        return 1 + len(item.labels) * (1 + len(item.state.recent)) // 4
    return _values_of(item)


def _values_of(item: object) -> int:
    return 1 + len(item.text) // 100 if isinstance(item, SetBackground) else 1


def _interval_ms(line: bytes) -> int:
    """The time that a damaged line begins with, if it does."""
    found = _INTERVAL.match(line)
    return min(round(1000 * float(found[1])), 1000 * AHEAD_MAX_S) if found else 0
