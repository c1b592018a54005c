"""The format of the page's sound messages.

A message is a chunk of 20 ms: its number (unsigned 32 bits), the page's clock at its last sample in ms (64-bit float), and 320 samples
of 16 bits at 16 kHz; everything is little-endian. Every captured chunk gets a number, so a missing number is a chunk that the page
could not send.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from voicetrail.errors import RemoteError
from voicetrail.events import SAMPLE_RATE
from voicetrail.link.delay import TokenBucket

CHUNK_SAMPLES = 320
"""Samples per chunk: 20 ms."""
HEADER = struct.Struct("<Id")
CHUNK_BYTES = HEADER.size + 2 * CHUNK_SAMPLES
"""Size of a message, in bytes."""
STAMP_LIMIT_MS = 1e12
"""Maximum value of a page's clock, which starts when the page is opened, in ms."""
PACE = 1.25
"""Maximum rate of sound relative to real time. Two clocks differ by less than a thousandth, but a page that was delayed catches
up."""
IN_HAND_S = 3.0
"""Maximum burst of sound after a delay of the page or the network, in s."""
MOST_LOST = SAMPLE_RATE * 60
"""Maximum number of lost samples between two chunks."""


class SoundError(RemoteError):
    """A page sent invalid sound; its microphone is disconnected."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of sound from a page."""

    number: int
    stamp_ms: float
    """The page's clock at the last sample, in ms."""
    samples: bytes
    """16-bit samples, little-endian."""


def encode_chunk(chunk: Chunk) -> bytes:
    """Encode a chunk, as the page does."""
    return HEADER.pack(chunk.number, chunk.stamp_ms) + chunk.samples


def decode_chunk(message: bytes) -> Chunk:
    """Decode a chunk.

    Raises:
        SoundError: the size or the clock is invalid.
    """
    if len(message) != CHUNK_BYTES:
        raise SoundError(f"the chunk has {len(message)} bytes and not {CHUNK_BYTES}")
    number, stamp_ms = HEADER.unpack_from(message)
    if not math.isfinite(stamp_ms) or not 0 <= stamp_ms <= STAMP_LIMIT_MS:
        raise SoundError("the page's clock is out of range")
    return Chunk(number, stamp_ms, message[HEADER.size :])


class ChunkOrder:
    """Checks the chunks of a connection: order, clock, missing chunks and rate."""

    def __init__(self) -> None:
        self._last: Chunk | None = None
        self._pace = TokenBucket(PACE * SAMPLE_RATE, IN_HAND_S * SAMPLE_RATE)

    def take(self, chunk: Chunk, now: float) -> int:
        """Check the next chunk.

        Args:
            chunk: the chunk.
            now: this machine's clock, in s.

        Returns:
            The number of samples between the previous chunk and this one that were captured but not sent.

        Raises:
            SoundError: the chunk is out of order, or the sound is faster than real time.
        """
        last, self._last = self._last, chunk
        if not self._pace.take(CHUNK_SAMPLES, now):
            raise SoundError("the sound arrives faster than real time")
        if last is None:
            return 0
        if chunk.number <= last.number:
            raise SoundError("the chunk is out of order")
        if chunk.stamp_ms < last.stamp_ms:
            raise SoundError("the page's clock went back")
        return min((chunk.number - last.number - 1) * CHUNK_SAMPLES, MOST_LOST)
