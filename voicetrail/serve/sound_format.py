"""The messages in which the page sends its sound. Pure.

A message is a chunk of 20 ms: its number (32 bits without sign), the page's clock in ms at its last sample (64-bit float), then 320
samples of 16 bits at 16 kHz; everything little-endian. Numbers count every chunk that was captured, so that one that is missing is
one that the page could not send.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from voicetrail.errors import RemoteError
from voicetrail.events import SAMPLE_RATE
from voicetrail.link.delay import TokenBucket

CHUNK_SAMPLES = 320
"""Samples of a chunk: 20 ms."""
HEADER = struct.Struct("<Id")
CHUNK_BYTES = HEADER.size + 2 * CHUNK_SAMPLES
"""Bytes of a message."""
STAMP_LIMIT_MS = 1e12
"""Largest clock of a page: it counts from when the page was opened."""
PACE = 1.25
"""Sound may come this much faster than it is spoken: two clocks differ by less than a thousandth, and a page that was held up
catches up."""
IN_HAND_S = 3.0
"""Seconds of sound that may come at once, after the page or the network was held up."""
MOST_LOST = SAMPLE_RATE * 60
"""Most samples that are counted as lost between two chunks."""


class SoundError(RemoteError):
    """A page sent something that no page of ours sends; its microphone is disconnected."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the page's sound."""

    number: int
    stamp_ms: float
    """The page's clock at the last sample."""
    samples: bytes
    """16-bit samples, little-endian."""


def encode_chunk(chunk: Chunk) -> bytes:
    """Write a chunk as the page does."""
    return HEADER.pack(chunk.number, chunk.stamp_ms) + chunk.samples


def decode_chunk(message: bytes) -> Chunk:
    """Read a chunk.

    Raises:
        SoundError: it has another size, or no possible clock.
    """
    if len(message) != CHUNK_BYTES:
        raise SoundError(f"a chunk of {len(message)} bytes in place of {CHUNK_BYTES}")
    number, stamp_ms = HEADER.unpack_from(message)
    if not math.isfinite(stamp_ms) or not 0 <= stamp_ms <= STAMP_LIMIT_MS:
        raise SoundError("a clock that no page can have")
    return Chunk(number, stamp_ms, message[HEADER.size :])


class ChunkOrder:
    """Checks the chunks of one connection: their order, their clock, how many are missing, and how fast they come."""

    def __init__(self) -> None:
        self._last: Chunk | None = None
        self._pace = TokenBucket(PACE * SAMPLE_RATE, IN_HAND_S * SAMPLE_RATE)

    def take(self, chunk: Chunk, now: float) -> int:
        """Take the next chunk.

        Args:
            chunk: what came.
            now: this machine's clock in s.

        Returns:
            Samples that were captured and not sent between the last chunk and this one.

        Raises:
            SoundError: it is out of order, or comes faster than anybody speaks.
        """
        last, self._last = self._last, chunk
        if not self._pace.take(CHUNK_SAMPLES, now):
            raise SoundError("more sound than a microphone gives")
        if last is None:
            return 0
        if chunk.number <= last.number:
            raise SoundError("a chunk out of order")
        if chunk.stamp_ms < last.stamp_ms:
            raise SoundError("a clock that goes back")
        return min((chunk.number - last.number - 1) * CHUNK_SAMPLES, MOST_LOST)
