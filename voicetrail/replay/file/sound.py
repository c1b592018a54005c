"""The sound of a session beside its replay file, as FLAC."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE
from voicetrail.text import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from _typeshed import ReadableBuffer

_BLOCK_AT = 8
"""Where a FLAC file says how many samples each of its blocks has: two bytes."""
_TOTAL_AT = 21
"""Where it says how many samples follow in all: the low 4 bits of this byte, and the 4 bytes after it."""


class SoundWriter:
    """Writes FLAC that is complete after every ``flush``.

    The header of a FLAC file says how many samples follow, and libsndfile fills that in when it closes the file. A program that
    is killed would leave a file that few players open, so ``flush`` writes the number of samples so far. The file is created
    with the first block of sound.

    Args:
        path: the file; it must not exist.

    Raises:
        FileExistsError: it exists.
    """

    def __init__(self, path: Path) -> None:
        import soundfile

        self.position = 0
        """Samples written."""
        if os.path.lexists(path):
            raise FileExistsError(17, os.strerror(17), str(path))
        self._target = _Target(path)
        # The compression level with the smallest blocks (72 ms): an incomplete block is lost if the program is killed.
        self._file = soundfile.SoundFile(self._target, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC", compression_level=0.0)

    def write(self, samples: npt.NDArray[np.float32]) -> None:
        """Add samples between -1 and 1."""
        self._file.write(samples)
        self.position += len(samples)

    def silence(self, count: int) -> None:
        """Add silence of so many samples."""
        import numpy as np

        while count > 0:
            part = min(count, SAMPLE_RATE)
            self.write(np.zeros(part, dtype=np.float32))
            count -= part

    def flush(self) -> None:
        """Make sure that the file can be played up to its last complete block."""
        self._target.flush_blocks(self.position)

    def close(self) -> None:
        """Write what is left and close."""
        try:
            self._file.close()
            if self.position:
                self._target.flush_all()
        finally:
            self._target.close_file()


class _Target(io.RawIOBase):
    """What libsndfile writes to: memory until there is a block of sound, then the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = bytearray()
        """What is not in the file yet."""
        self._held_at = 0
        """Where it begins in the file."""
        self._head = b""
        """The first bytes, with the header."""
        self._at = 0
        self._end = 0
        self._descriptor: int | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        taken = bytes(memoryview(data))
        start = self._at - self._held_at
        if start < 0:
            # On closing, the header gets its final values.
            assert self._descriptor is not None
            os.pwrite(self._descriptor, taken, self._at)
        else:
            self._held[start : start + len(taken)] = taken
        self._at += len(taken)
        self._end = max(self._end, self._at)
        return len(taken)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def flush_blocks(self, position: int) -> None:
        """Write what is there, and the number of samples into the header; ``position`` samples were given to libsndfile."""
        if self._descriptor is None:
            self._head = bytes(self._held[: _TOTAL_AT + 5])
        block = int.from_bytes(self._head[_BLOCK_AT : _BLOCK_AT + 2])
        # libFLAC writes a block once it has the first sample of the next.
        whole = (position - 1) // block * block if block else 0
        if whole <= 0:
            return
        total = bytes([self._head[_TOTAL_AT] & 0xF0 | whole >> 32]) + (whole & 0xFFFFFFFF).to_bytes(4)
        if self._descriptor is None:
            self._held[_TOTAL_AT : _TOTAL_AT + 5] = total
            self.flush_all()
            return
        # The sound comes first: the header never promises samples that are not there.
        self.flush_all()
        os.pwrite(self._descriptor, total, _TOTAL_AT)

    def flush_all(self) -> None:
        """Write what is held in memory; the first time, create the file."""
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
        while self._held:
            written = os.pwrite(self._descriptor, self._held, self._held_at)
            del self._held[:written]
            self._held_at += written

    def close_file(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_sound(path: Path) -> npt.NDArray[np.float32]:
    """Read recorded sound, shape ``[samples]``.

    Raises:
        ReplayError: the file is damaged or has another sample rate.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise ReplayError(f"cannot read the sound {printable(path.name)}: {error}") from error
    if rate != SAMPLE_RATE:
        raise ReplayError(f"the sound {printable(path.name)} is at {rate} Hz; recorded sound is at {SAMPLE_RATE} Hz")
    mono: npt.NDArray[np.float32] = samples[:, 0]
    return mono


class SoundReader:
    """Looks up the recorded sound by the file's clock, a second at a time, for the player's spectrogram.

    Args:
        path: the sound beside a replay (``Replay.sound``).

    Raises:
        ReplayError: the file is damaged or has another sample rate.
    """

    def __init__(self, path: Path) -> None:
        import soundfile

        try:
            self._file = soundfile.SoundFile(path)
        except (OSError, RuntimeError) as error:
            raise ReplayError(f"cannot read the sound {printable(path.name)}: {error}") from error
        if self._file.samplerate != SAMPLE_RATE:
            self._file.close()
            raise ReplayError(f"the sound {printable(path.name)} is not at {SAMPLE_RATE} Hz")

    def before(self, at_ms: int, samples: int = SAMPLE_RATE) -> npt.NDArray[np.float32]:
        """The sound up to a moment; zeros where there is none.

        Args:
            at_ms: the moment, on the file's clock.
            samples: how much of it.

        Returns:
            Mono samples between -1 and 1, shape ``[samples]``.
        """
        import numpy as np

        out = np.zeros(samples, dtype=np.float32)
        end = at_ms * SAMPLE_RATE // 1000
        start = end - samples
        first, last = max(0, start), min(end, self._file.frames)
        if first < last:
            try:
                self._file.seek(first)
                found = self._file.read(last - first, dtype="float32", always_2d=True)[:, 0]
            except (OSError, RuntimeError):
                return out  # a part of the file is damaged; the rest can still be shown
            out[first - start : first - start + len(found)] = found
        return out

    def close(self) -> None:
        """Close the file."""
        self._file.close()
