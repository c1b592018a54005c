"""A source that reads a sound file block by block."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.audio.decoding.decoder import SoundDecoder, open_regular, reason
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, seconds
from voicetrail.text import printable

BLOCK = 640
"""Samples per block: one hop of the recognizer (40 ms)."""
TAIL = SAMPLE_RATE // 2
"""Samples of silence added at the end, so that a word at the very end still passes through the recognizer's window."""
CATCH_UP_S = 1.0
"""If a paced file is late by more than this many seconds (the program was suspended), it continues at normal speed instead of
catching up."""

Sound = npt.NDArray[np.float32]


def demo_path() -> Path:
    """Path of the bundled voice: half a minute of a synthetic player (made by ``tools/demo_voice.py``)."""
    return Path(__file__).with_name("demo.flac")


class FileSource:
    """Reads a sound file (wav, flac, ogg, opus, mp3 …) as 16 kHz mono blocks.

    After the last sample there is half a second of silence, then ``SourceEnded`` or, with ``repeat``, the file again.

    Args:
        path: the file.
        paced: return each block when a microphone would have (in real time, without drift), not as fast as possible.
        repeat: start again at the end, forever.
        name: the name on the screen; by default, the file's name.
        clock: monotonic clock in seconds, for the pace.

    Raises:
        AudioError: the file does not exist, or is not a complete sound file. Damage further inside is raised by ``read`` when it is
        reached.
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
        self.name = name if name is not None else printable(self.path.name)
        self.live = paced
        self._repeat = repeat
        self._clock = clock
        self._decoder = self._open()
        self._guard = threading.Lock()
        """Held while the file is decoded, so that ``close`` from another thread has to wait."""
        self._closed = threading.Event()
        self._blocks = self._cut()
        self._waiting: AudioBlock | None = None
        self._ended = False
        self._started: float | None = None
        self._given = 0

    @property
    def duration(self) -> float | None:
        """Length of the file in s, without the added silence; ``None`` if the file does not contain it."""
        return self._decoder.duration

    @property
    def notice(self) -> str | None:
        """A remark for the user about how the sound was processed, if any."""
        return self._decoder.notice

    def read(self, timeout: float) -> AudioBlock | SourceEnded | None:
        """Return the next block; a paced file waits until it is due, at most ``timeout`` seconds."""
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
            self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _due(self) -> float:
        """When a microphone would have captured the last sample returned so far."""
        now = self._clock()
        if self._started is None:
            self._started = now
        due = self._started + seconds(self._given)
        if now - due > CATCH_UP_S:
            self._started += now - due
            due = now
        return due

    def _open(self) -> SoundDecoder:
        """Open the file, or raise an error that says why it cannot be used."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise AudioError(f"there is no file {self.shown}; check the path, or use mic or demo") from None
        except (OSError, ValueError) as error:
            raise AudioError(f"cannot access {self.shown}: {reason(error)}") from None
        if stat.S_ISDIR(found.st_mode):
            raise AudioError(f"{self.shown} is a folder; name one sound file in it")
        if not stat.S_ISREG(found.st_mode):
            raise AudioError(f"{self.shown} is not a regular file; name a sound file, such as a wav or flac")
        return SoundDecoder(open_regular(self.path, self.shown), self.shown)

    def _cut(self) -> Iterator[Sound]:
        """The stream in blocks of ``BLOCK`` samples, forever with ``repeat``."""
        pending = np.zeros(0, dtype=np.float32)
        while True:
            for samples in chain(self._decoder.decode(), [np.zeros(TAIL, dtype=np.float32)]):
                pending = np.concatenate([pending, samples])
                whole = len(pending) // BLOCK
                for first in range(0, whole * BLOCK, BLOCK):
                    yield pending[first : first + BLOCK].copy()
                pending = pending[whole * BLOCK :]
            if not self._repeat:
                break
        if len(pending):
            yield pending


def read_whole(path: str | Path) -> Sound:
    """Read a short file completely, with the same decoding as ``FileSource``.

    Returns:
        Its sound at 16 kHz mono, ``[samples]``, without the silence that ``FileSource`` adds.

    Raises:
        AudioError: as ``FileSource``.
    """
    blocks = []
    with FileSource(path) as source:
        while isinstance(block := source.read(0.0), AudioBlock):
            blocks.append(block.samples)
    return np.concatenate(blocks)[:-TAIL]
