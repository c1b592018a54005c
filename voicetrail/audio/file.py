"""A sound file as a source, a little at a time."""

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
"""Samples a block: 40 ms, a hop of the recognizer, which has nothing to do with less."""
TAIL = SAMPLE_RATE // 2
"""Silence added at the end, so that a word at the very end still passes through the recognizer's window and is given out."""
CATCH_UP_S = 1.0
"""A paced file that is more than this many seconds late (the program was suspended) goes on from there instead of hurrying."""

Sound = npt.NDArray[np.float32]


def demo_path() -> Path:
    """The bundled voice: half a minute of a synthetic voice that plays (see ``tools/demo_voice.py``)."""
    return Path(__file__).with_name("demo.flac")


class FileSource:
    """Gives out a sound file (wav, flac, ogg, opus, mp3 …) as 16 kHz mono blocks.

    Half a second of silence follows the last sample; then comes ``SourceEnded``, or with ``repeat`` the file again.

    Args:
        path: the file.
        paced: give each block out when a microphone would have (by the clock, without drift) rather than as fast as it is read.
        repeat: begin again at the end, forever.
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
        self.name = name if name is not None else printable(self.path.name)
        self.live = paced
        self._repeat = repeat
        self._clock = clock
        self._decoder = self._open()
        self._guard = threading.Lock()
        """Held while the file is decoded, so that ``close`` from another thread does not take it away meanwhile."""
        self._closed = threading.Event()
        self._blocks = self._cut()
        self._waiting: AudioBlock | None = None
        self._ended = False
        self._started: float | None = None
        self._given = 0

    @property
    def duration(self) -> float | None:
        """Length of the file in s, without the silence that is added; ``None`` where it does not say."""
        return self._decoder.duration

    @property
    def notice(self) -> str | None:
        """What was done to the sound that the user should know."""
        return self._decoder.notice

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
            self._decoder.close()

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
        if now - due > CATCH_UP_S:
            self._started += now - due
            due = now
        return due

    def _open(self) -> SoundDecoder:
        """Open the file, or say on one line why it is no use."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise AudioError(f"there is no file {self.shown}; check the path, or use mic or demo") from None
        except (OSError, ValueError) as error:
            raise AudioError(f"cannot look at {self.shown}: {reason(error)}") from None
        if stat.S_ISDIR(found.st_mode):
            raise AudioError(f"{self.shown} is a folder; name one sound file in it")
        if not stat.S_ISREG(found.st_mode):
            raise AudioError(f"{self.shown} is not a regular file; give a sound file such as a wav or flac")
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
