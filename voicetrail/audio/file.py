"""A sound file as a source: any format that libsndfile reads, any rate and number of channels, a little at a time."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voicetrail.audio.native_libraries import silence_native_libraries
from voicetrail.audio.truncation import is_truncated
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, seconds
from voicetrail.text import printable

BLOCK = 640
"""Samples a block: 40 ms, a hop of the recognizer, which has nothing to do with less."""
PIECE = 0.2
"""Seconds that are decoded at once: a read costs as much as decoding so long."""
TAIL = SAMPLE_RATE // 2
"""Silence added at the end, so that a word at the very end still passes through the recognizer's window and is given out."""
CATCH_UP = 1.0
"""A paced file that is more than this many seconds late (the program was suspended) goes on from there instead of hurrying."""
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Sample rates outside these are taken for a damaged header."""

Sound = npt.NDArray[np.float32]


def demo_path() -> Path:
    """The bundled voice: half a minute of a synthetic voice that plays (see ``tools/demo_voice.py``)."""
    return Path(__file__).with_name("demo.flac")


class _Straight(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read straight on.

    The library seeks to where it is after every read; an MP3 decoder starts anew each time, with less than it needs.
    """

    def seekable(self) -> bool:
        """Say no, so that reading does not seek; ``seek`` itself still works."""
        return False


class FileSource:
    """Gives out a sound file (wav, flac, ogg, opus, mp3 …) as 16 kHz mono blocks.

    Half a second of silence follows the last sample; then comes ``SourceEnded``, or with ``repeat`` the file again.

    Args:
        path: the file.
        paced: give each block out when a microphone would have (by the clock, without drift) rather than as fast as it is read.
        repeat: begin again at the end, for ever.
        name: what the screen calls it; the file's name if left out.
        clock: seconds that only go forward, for the pace.

    Raises:
        AudioError: there is no such file, or it is not a whole sound file that holds sound. One that turns out to be damaged
            further in raises it from ``read`` when it gets there.
    """

    delay_s = None

    def __init__(
        self,
        path: str | Path,
        *,
        paced: bool = False,
        repeat: bool = False,
        name: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path)
        self.shown = printable(self.path)
        self._truncated = f"{self.shown} is truncated: its end is missing; copy or record it again"
        self.name = name if name is not None else printable(self.path.name)
        self.live = paced
        self._repeat = repeat
        self._clock = clock
        self._file = self._open()
        self._guard = threading.Lock()
        """Held while the file is decoded, so that ``close`` from another thread does not take it away meanwhile."""
        self._closed = threading.Event()
        self._blocks = self._cut()
        self._waiting: AudioBlock | None = None
        self._ended = False
        self._started: float | None = None
        self._given = 0

    @property
    def duration(self) -> float:
        """Length of the file in s, without the silence that is added."""
        return float(self._file.frames / self._file.samplerate)

    def read(self, timeout: float) -> AudioBlock | SourceEnded | None:
        """Give the next block; a paced file waits for its time, at most ``timeout`` seconds."""
        if self._closed.is_set() or self._ended:
            return None
        if self._waiting is None:
            with self._guard:
                samples = None if self._closed.is_set() else next(self._blocks, None)
            if samples is None:
                self._ended = True
                return None if self._closed.is_set() else SourceEnded(0)
            self._given += len(samples)
            self._waiting = AudioBlock(samples, captured=self._due() if self.live else None)
        due = self._waiting.captured
        if due is not None:
            wait = due - self._clock()
            if self._closed.wait(min(max(wait, 0.0), timeout)) or wait > timeout:
                return None
        block, self._waiting = self._waiting, None
        return block

    def close(self) -> None:
        """Stop and close the file; safe to call twice and from another thread."""
        self._closed.set()
        with self._guard:
            if not self._file.closed:
                self._file.close()
                os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _due(self) -> float:
        """When a microphone would have captured the last sample given so far."""
        now = self._clock()
        if self._started is None:
            self._started = now
        due = self._started + seconds(self._given)
        if now - due > CATCH_UP:
            self._started += now - due
            due = now
        return due

    def _open(self) -> soundfile.SoundFile:
        """Open the file, or say on one line why it is no use."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise AudioError(f"there is no file {self.shown}; check the path, or use mic or demo") from None
        except (OSError, ValueError) as error:
            raise AudioError(f"cannot look at {self.shown}: {_reason(error)}") from None
        if stat.S_ISDIR(found.st_mode):
            raise AudioError(f"{self.shown} is a folder; name one sound file in it")
        if not stat.S_ISREG(found.st_mode):
            raise AudioError(f"{self.shown} is no regular file; give a sound file such as a wav or flac")
        if found.st_size == 0:
            raise AudioError(f"{self.shown} is empty (0 bytes); give a file that holds sound")
        try:
            if is_truncated(self.path):
                raise AudioError(self._truncated)
            # By descriptor, so that what the file holds decides and not how its name ends, and any name can be opened.
            self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise AudioError(f"cannot open {self.shown}: {_reason(error)}") from None
        silence_native_libraries()
        try:
            file = _Straight(self._descriptor, closefd=False)
            self._check(file)
        except soundfile.LibsndfileError:
            os.close(self._descriptor)
            raise AudioError(f"{self.shown} is not audio that can be read; wav, flac, ogg, opus and mp3 can") from None
        except AudioError:
            file.close()
            os.close(self._descriptor)
            raise
        return file

    def _check(self, file: soundfile.SoundFile) -> None:
        """Refuse a file with no sound in it, or with less than its header promises."""
        if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
            raise AudioError(f"{self.shown} says it has {file.samplerate} samples a second; it is probably damaged")
        if file.frames <= 0:
            raise AudioError(f"{self.shown} holds no sound (0 seconds); give a longer recording")
        if file.format == "MP3":
            # `cut_short` has looked; the decoder grumbles to the terminal by itself when it is made to jump.
            return
        try:
            file.seek(file.frames - 1)
            whole = len(file.read(1)) == 1
            file.seek(0)
        except (soundfile.LibsndfileError, RuntimeError):
            whole = False
        if not whole:
            raise AudioError(self._truncated)

    def _cut(self) -> Iterator[Sound]:
        """The stream in blocks of ``BLOCK`` samples, for ever with ``repeat``."""
        pending = np.zeros(0, dtype=np.float32)
        while True:
            for samples in self._decode():
                pending = np.concatenate([pending, samples])
                whole = len(pending) // BLOCK
                for first in range(0, whole * BLOCK, BLOCK):
                    yield pending[first : first + BLOCK].copy()
                pending = pending[whole * BLOCK :]
            if not self._repeat:
                break
            self._file.seek(0)
        if len(pending):
            yield pending

    def _decode(self) -> Iterator[Sound]:
        """The file once at 16 kHz mono, and the silence after it."""
        rate, expected, had = self._file.samplerate, self._file.frames, 0
        resampler = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        step = max(1, round(rate * PIECE))
        while had < expected:
            try:
                samples = self._file.read(step, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError):
                samples = np.zeros((0, 1), dtype=np.float32)
            if not len(samples) and self._file.format == "MP3":
                break  # its length is an estimate where its encoder left no note of it
            if not len(samples):
                at = had / rate
                raise AudioError(f"{self.shown} is damaged at {at:.1f} s; copy or record it again") from None
            had += len(samples)
            mono = np.mean(samples, axis=1, dtype=np.float32)
            # Files of floats may hold anything; beyond full scale or not a number is nothing a microphone could give.
            mono = np.clip(np.nan_to_num(mono, posinf=1.0, neginf=-1.0), -1.0, 1.0)
            yield mono if resampler is None else resampler.resample_chunk(mono)
        if resampler is not None:
            yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
        yield np.zeros(TAIL, dtype=np.float32)


def read_whole(path: str | Path) -> Sound:
    """Read a short file whole, through the same way that a source takes.

    Returns:
        Its sound at 16 kHz mono, ``[samples]``, without the silence that a source adds.

    Raises:
        AudioError: as ``FileSource``.
    """
    blocks = []
    with FileSource(path) as source:
        while isinstance(block := source.read(0.0), AudioBlock):
            blocks.append(block.samples)
    return np.concatenate(blocks)[:-TAIL]


def _reason(error: Exception) -> str:
    """The system's own words for an error, without numbers and names."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
