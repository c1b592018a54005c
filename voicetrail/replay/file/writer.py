"""The thread that writes a replay file, line by line as things happen, without ever delaying the game."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.atomic import make_private_folder
from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, WordHeard
from voicetrail.game.inputs import Movement, SetMovement
from voicetrail.replay.file.entries import ORDERED_WITH_SCORES, EarlierInputs, End, Entry, ScoreRun, SoundStart, Totals
from voicetrail.replay.file.format import Header, write_entry, write_header
from voicetrail.replay.file.lock import hold_lock
from voicetrail.replay.file.scores import Row, encode
from voicetrail.replay.file.sound import SoundWriter
from voicetrail.text import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

QUEUE_MAX = 4096
"""Longest queue of what waits to be written: enough for a disk that stalls for more than a minute."""
RUN_HOPS = 25
"""Hops in a line of scores."""
RUN_S = 0.8
"""Longest time that scores wait for their line to fill: what waits is lost if the program is killed."""
FLUSH_S = 0.25
"""Time between two flushes of the sound."""
CLOSE_S = 3.0
"""Longest wait for the thread to finish."""
_SAMPLES_A_MS = SAMPLE_RATE // 1000
_GAP_MS = 500
"""How far the sound may lag behind the file's clock (a queue, a slow source) before silence is filled in."""
GAP_MAX_S = 12 * 3600
"""Longest silence that is filled in, in s: a computer may be suspended for weeks."""


@dataclass(frozen=True, slots=True)
class Hop:
    """The scores of a hop."""

    at_ms: int
    time: int
    hop: int
    """Samples between two hops."""
    row: Row


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """The sound of a hop."""

    at_ms: int
    time: int
    """Samples of the stream up to the end of the hop."""
    samples: npt.NDArray[np.float32]
    listening: bool
    """Listening was on; otherwise silence is recorded instead."""


class TrailWriter:
    """Writes one replay file, and the sound beside it.

    Args:
        path: the file; it must not exist, nor the sound file if there is to be one.
        header: its first line.
        sound: the sound file, or ``None`` to record no sound.
        on_problem: called from the writer's thread with the reason if writing fails.

    Raises:
        ReplayError: the file cannot be made.
    """

    def __init__(
        self, path: Path, header: Header, *, sound: Path | None = None, on_problem: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self.problem = ""
        """Why writing failed; empty while it works."""
        self._on_problem = on_problem
        self._queue: queue.Queue[Entry | Hop | Sound | None] = queue.Queue(QUEUE_MAX)
        self._over = threading.Event()
        self._sound: SoundWriter | None = None
        self._before_ms = self._latest_ms = 0
        self._size = 0
        self._run: list[Hop] = []
        self._run_since = 0.0
        self._next_sound: int | None = None
        self._left_out = 0
        self._flushed = 0.0
        self._words = 0
        self._movements = [header.setup.movement]
        try:
            make_private_folder(path.parent)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            hold_lock(self._descriptor)
        except (OSError, ValueError) as error:
            raise ReplayError(_cannot(path, error)) from error
        try:
            self._write(write_header(header))
            self._sound = SoundWriter(sound) if sound is not None else None
        except (OSError, RuntimeError) as error:
            os.close(self._descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise ReplayError(_cannot(path if self._size == 0 else sound or path, error)) from error
        self._thread = threading.Thread(target=self._loop, name="replay writer", daemon=True)
        self._thread.start()

    def put(self, item: Entry | Hop | Sound) -> None:
        """Queue something to be written. May be called from any thread and returns at once."""
        if self._over.is_set():
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._fail("the disk is too slow")

    def close(self) -> None:
        """Write what waits, and close. Takes at most ``CLOSE_S``."""
        deadline = time.monotonic() + CLOSE_S
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_S)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._over.set()

    def _loop(self) -> None:
        try:
            while not self._over.is_set():
                try:
                    item = self._queue.get(timeout=FLUSH_S / 2)
                except queue.Empty:
                    self._when_due()
                    continue
                if item is None:
                    break
                self._take(item)
                self._when_due()
            self._end_run()
        except Exception as error:  # whatever happened, the game goes on and the player sees the reason
            self._fail(_reason(error))
        finally:
            self._over.set()
            self._finish()

    def _take(self, item: Entry | Hop | Sound) -> None:
        match item:
            case Hop():
                self._add(item)
            case Sound():
                self._hear(item)
            case Entry():
                # What affects how the next scores are read or decided is written after the scores before it.
                if isinstance(item.item, ORDERED_WITH_SCORES):
                    self._end_run()
                if isinstance(item.item, End):
                    self._write_totals(item.at_ms)
                self._line(item)

    def _when_due(self) -> None:
        now = time.monotonic()
        if self._run and now - self._run_since >= RUN_S:
            self._end_run()
        if self._sound is not None and now - self._flushed >= FLUSH_S:
            self._flushed = now
            self._sound.flush()

    def _add(self, hop: Hop) -> None:
        last = self._run[-1] if self._run else None
        if last is not None and (hop.time != last.time + last.hop or len(hop.row) != len(last.row)):
            self._end_run()
        if not self._run:
            self._run_since = time.monotonic()
        self._run.append(hop)
        if len(self._run) == RUN_HOPS:
            self._end_run()

    def _end_run(self) -> None:
        if not self._run:
            return
        run, self._run = self._run, []
        at_ms = max(run[-1].at_ms, self._before_ms)
        text = encode([hop.row for hop in run])
        self._line(Entry(at_ms, ScoreRun(run[0].time, len(run), text, at_ms - run[-1].at_ms)))

    def _hear(self, sound: Sound) -> None:
        if self._sound is None:
            return
        count = len(sound.samples)
        start = sound.time - count
        gap = max(0, sound.at_ms * _SAMPLES_A_MS - count - self._sound.position - self._left_out)
        if start != self._next_sound or gap > _GAP_MS * _SAMPLES_A_MS:
            self._end_run()
            filled = min(gap, GAP_MAX_S * SAMPLE_RATE)
            self._left_out += gap - filled
            self._sound.silence(filled)
            self._line(Entry(max(sound.at_ms, self._before_ms), SoundStart(self._sound.position, start)))
        self._next_sound = sound.time
        if sound.listening:
            self._sound.write(sound.samples)
        else:
            self._sound.silence(count)

    def _line(self, entry: Entry) -> None:
        line, at_ms = write_entry(entry, self._before_ms)
        self._write(line)
        self._before_ms = at_ms
        self._latest_ms = max(self._latest_ms, at_ms)
        match entry.item:
            case WordHeard():
                self._words += 1
            case SetMovement(movement):
                self._note_movement(movement)
            case EarlierInputs(inputs):
                for _, item in inputs:
                    if isinstance(item, SetMovement):
                        self._note_movement(item.movement)

    def _note_movement(self, movement: Movement) -> None:
        if movement not in self._movements:
            self._movements.append(movement)

    def _write_totals(self, at_ms: int) -> None:
        totals = Totals(max(at_ms, self._latest_ms), self._words, tuple(self._movements))
        self._line(Entry(at_ms, totals))

    def _write(self, line: str) -> None:
        data = line.encode() + b"\n"
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:
            # Leave no partial line behind.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise
        self._size += len(data)

    def _fail(self, reason: str) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self.problem = reason
        if self._on_problem is not None:
            self._on_problem(reason)

    def _finish(self) -> None:
        if self._sound is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._sound.close()
        if self.problem:
            with contextlib.suppress(OSError):
                self._line(Entry(self._before_ms, End(self.problem)))
        os.close(self._descriptor)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # libsndfile reports a full disk as a RuntimeError, or takes fewer samples than it was given.
    if isinstance(error, RuntimeError | AssertionError):
        return f"the sound could not be written ({printable(error, 80) or 'is the disk full?'})"
    return f"a program error ({type(error).__name__}: {printable(error, 80)})"


def _cannot(path: Path, error: BaseException) -> str:
    shown = printable(path)
    if isinstance(error, FileExistsError) and path.parent.is_dir():
        return f"{shown} exists already; recording never overwrites a file: choose another name"
    return f"cannot record to {shown}: {_reason(error) if isinstance(error, OSError) else error}; name another file or folder"
