"""The sound of a session beside its replay file, as FLAC."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BLOCK = 4096
"""Samples that FLAC codes together at our rate: what is written up to now may lag behind by so many."""
_TOTAL_AT = 21
"""Where the stream's total of samples stands in a FLAC file: the low 4 bits of this byte, and the 4 bytes after it."""


class SoundWriter:
    """Writes FLAC that is whole at any moment.

    The header of a FLAC file tells how many samples follow, and libsndfile fills that in when it closes the file. A program
    that is killed would leave a file that hardly any player opens, so ``flush`` fills in what is surely on disk by now.

    Args:
        path: the file; it must not exist.
    """

    def __init__(self, path: Path) -> None:
        import soundfile

        self.position = 0
        """Samples written."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            self._file = soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC")
        except BaseException:
            os.close(self._descriptor)
            raise

    def write(self, samples: npt.NDArray[np.float32]) -> None:
        """Add samples between -1 and 1."""
        self._file.write(samples)
        self.position += len(samples)

    def silence(self, count: int) -> None:
        """Add so many zeros."""
        import numpy as np

        while count > 0:
            part = min(count, SAMPLE_RATE)
            self.write(np.zeros(part, dtype=np.float32))
            count -= part

    def flush(self) -> None:
        """See to it that the file can be played up to about here if nothing comes after."""
        whole = self.position - self.position % _BLOCK - _BLOCK
        if whole > 0:
            os.lseek(self._descriptor, _TOTAL_AT, os.SEEK_SET)
            high = os.read(self._descriptor, 1)[0] & 0xF0 | whole >> 32
            os.lseek(self._descriptor, _TOTAL_AT, os.SEEK_SET)
            os.write(self._descriptor, bytes([high]) + (whole & 0xFFFFFFFF).to_bytes(4))

    def close(self) -> None:
        """Write what is left and close."""
        try:
            self._file.close()
        finally:
            os.close(self._descriptor)


def read_sound(path: Path) -> npt.NDArray[np.float32]:
    """Read recorded sound, shape ``[samples]``.

    Raises:
        ReplayError: the file is damaged or not at the rate that is recorded.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise ReplayError(f"cannot read the sound {path.name}: {error}") from error
    if rate != SAMPLE_RATE:
        raise ReplayError(f"the sound {path.name} is at {rate} Hz; recorded sound is at {SAMPLE_RATE} Hz")
    mono: npt.NDArray[np.float32] = samples[:, 0]
    return mono
