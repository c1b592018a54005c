"""Decodes IMA ADPCM in WAV files (telephone recorders, old games).

The encoder tracks the decoder's state, so the two must round in the same way: differences add up within a block. libsndfile rounds
each part of a step, as in the standard. FFmpeg, which writes most such files, rounds the whole step. The difference is a few
thousandths, which is enough to lose a word that is just above its threshold. This decoder rounds like FFmpeg.

Standard: IMA Digital Audio Focus and Technical Working Groups, "Recommended Practices for Enhancing Digital Audio Compatibility in
Multimedia Systems" 3.0 (1992), section 6; the layout of a block: Microsoft, "Multiple Channel Audio Data and WAVE Files", format
0x11.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

STEPS = np.array(
    """7 8 9 10 11 12 13 14 16 17 19 21 23 25 28 31 34 37 41 45 50 55 60 66 73 80 88 97 107 118 130 143 157 173 190 209 230 253
    279 307 337 371 408 449 494 544 598 658 724 796 876 963 1060 1166 1282 1411 1552 1707 1878 2066 2272 2499 2749 3024 3327
    3660 4026 4428 4871 5358 5894 6484 7132 7845 8630 9493 10442 11487 12635 13899 15289 16818 18500 20350 22385 24623 27086
    29794 32767""".split(),
    dtype=np.int32,
)
"""Step sizes of the quantizer."""
INDEX_CHANGES = np.array([-1, -1, -1, -1, 2, 4, 6, 8], dtype=np.int32)
"""Change of the index into ``STEPS``, by the magnitude of a code."""
BLOCKS = 32
"""Number of blocks that are decoded at once."""

Sound = npt.NDArray[np.float32]


class ImaAdpcmFile:
    """An IMA ADPCM file, with those methods of ``soundfile.SoundFile`` that the decoder uses.

    Args:
        file: a WAV file in this format, at any position.
        samplerate: samples per second.
        frames: its length.

    Raises:
        ValueError: it does not have the header of such a file.
    """

    format, subtype = "WAV", "IMA_ADPCM"

    def __init__(self, file: BinaryIO, samplerate: int, frames: int) -> None:
        self.samplerate, self.frames = samplerate, frames
        self._file = file
        self._channels, self._block_bytes, self._left = self._find_data()
        if not 1 <= self._channels <= 16 or self._block_bytes % (4 * self._channels) or self._block_bytes <= 4 * self._channels:
            raise ValueError("a block size that IMA ADPCM cannot have")
        self._given = 0
        self._waiting: Sound = np.zeros((0, self._channels), dtype=np.float32)
        self._decoded = self._decode()
        self.closed = False

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> Sound:
        """Return up to ``frames`` frames, ``[frames, channels]``; fewer only at the end."""
        while len(self._waiting) < frames and (block := next(self._decoded, None)) is not None:
            self._waiting = np.concatenate([self._waiting, block])
        count = min(frames, len(self._waiting), self.frames - self._given)
        samples, self._waiting = self._waiting[:count], self._waiting[count:]
        self._given += count
        return samples

    def close(self) -> None:
        """Stop reading."""
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _find_data(self) -> tuple[int, int, int]:
        """Seek to the first block; return the channels, the bytes per block, and the bytes of all blocks."""
        self._file.seek(12)
        channels = block_bytes = 0
        while len(header := self._file.read(8)) == 8:
            name, length = struct.unpack("<4sI", header)
            if name == b"data":
                return channels, block_bytes, length
            chunk = self._file.read(length + length % 2)
            if name == b"fmt " and len(chunk) >= 14:
                channels, block_bytes = struct.unpack_from("<H", chunk, 2)[0], struct.unpack_from("<H", chunk, 12)[0]
        raise ValueError("no sound in it")

    def _decode(self) -> Iterator[Sound]:
        while self._left > 0 and (data := self._file.read(min(self._left, BLOCKS * self._block_bytes))):
            self._left -= len(data)
            whole = len(data) // self._block_bytes
            if whole:
                yield self._blocks(data[: whole * self._block_bytes], self._block_bytes)
            rest = len(data) - whole * self._block_bytes
            rest -= rest % (4 * self._channels)
            if rest >= 4 * self._channels:
                yield self._blocks(data[whole * self._block_bytes :][:rest], rest)

    def _blocks(self, data: bytes, block_bytes: int) -> Sound:
        """Decode complete blocks in parallel; return ``[frames, channels]``."""
        channels = self._channels
        blocks = np.frombuffer(data, dtype=np.uint8).reshape(-1, block_bytes)
        heads = blocks[:, : 4 * channels].reshape(-1, channels, 4)
        predictor = np.ascontiguousarray(heads[..., :2]).view("<i2")[..., 0].astype(np.int32)
        index = np.minimum(heads[..., 2].astype(np.int32), len(STEPS) - 1)
        # Four bytes of one channel, then four of the next; the lower half of a byte is the earlier code.
        words = blocks[:, 4 * channels :].reshape(len(blocks), -1, channels, 4)
        codes = np.stack([words & 15, words >> 4], axis=-1).astype(np.int32)
        codes = codes.transpose(1, 3, 4, 0, 2).reshape(-1, len(blocks), channels)
        samples = np.empty((len(codes) + 1, len(blocks), channels), dtype=np.int32)
        samples[0] = predictor
        for at, code in enumerate(codes, 1):
            step, size = STEPS[index], code & 7
            change = (2 * size + 1) * step >> 3
            predictor = np.clip(predictor + np.where(code & 8, -change, change), -32768, 32767)
            index = np.clip(index + INDEX_CHANGES[size], 0, len(STEPS) - 1)
            samples[at] = predictor
        return samples.transpose(1, 0, 2).reshape(-1, channels).astype(np.float32) / np.float32(32768)
