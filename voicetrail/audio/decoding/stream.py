"""Decodes sound from a pipe: raw samples, or a sound file, depending on the first bytes.

A WAV file of uncompressed samples is decoded as it arrives, so that ``arecord -t wav - | voicetrail listen -`` responds at once. Other
formats (flac, ogg, mp3, compressed wav) are collected until the end of the pipe, because their decoders need to seek.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

from voicetrail.audio.decoding.container import UNKNOWN_SIZE
from voicetrail.audio.decoding.decoder import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, SoundDecoder
from voicetrail.audio.decoding.pcm import Encoding, PcmConverter
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE

SNIFFED = 512
"""Bytes that are examined to determine the format."""
MAGIC = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"ID3", b"FORM", b"caff", b".snd")
"""First bytes of sound files."""
HEADER_LIMIT = 1024 * 1024
"""Most bytes before the sound of a WAV file (such as pictures and notes)."""
SPOOL_LIMIT = 2 * 1024**3
"""Most bytes that are collected."""
MOST_CHANNELS = 32
PCM, FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
"""Formats of a WAV file; the actual format of the last one is in another field."""
ENCODINGS: dict[tuple[int, int], Encoding] = {
    (PCM, 8): "u8",
    (PCM, 16): "i16",
    (PCM, 24): "i24",
    (PCM, 32): "i32",
    (FLOAT, 32): "f32",
    (FLOAT, 64): "f64",
}

Sound = npt.NDArray[np.float32]


class StreamDecoder:
    """Decodes the bytes of a pipe as they arrive, to 16 kHz mono.

    Args:
        shown: the pipe's name in messages, safe to print.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._begin = bytearray()
        """The bytes so far, until the format is known; then the header of a WAV file, until it is complete."""
        self._converter: PcmConverter | None = None
        self._spool: IO[bytes] | None = None
        self._in_header = False
        self._left: int | None = None
        """Bytes of sound still to come; ``None`` for everything."""

    def feed(self, data: bytes) -> Sound:
        """Process the next bytes; return the sound that is decoded with them.

        Raises:
            AudioError: the format cannot be decoded.
        """
        parts = list(self._feed(data))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def finish(self) -> Iterator[Sound]:
        """Return the rest of the sound after the end of the pipe.

        Raises:
            AudioError: the collected bytes are not a complete sound file.
        """
        if self._converter is None and self._spool is None:
            yield from self._decide(bytes(self._begin))
        if self._converter is not None:
            yield self._converter.finish()
        if self._spool is not None:
            self._spool.flush()
            decoder = SoundDecoder(os.dup(self._spool.fileno()), self._shown)
            try:
                yield from decoder.decode()
            finally:
                decoder.close()
        self.close()

    def close(self) -> None:
        """Discard the collected bytes."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _feed(self, data: bytes) -> Iterator[Sound]:
        if self._spool is not None:
            self._collect(data)
        elif self._in_header:
            self._begin += data
            yield from self._header()
        elif self._converter is not None:
            yield from self._sound(data)
        else:
            self._begin += data
            if len(self._begin) >= SNIFFED:
                yield from self._decide(bytes(self._begin))

    def _decide(self, begin: bytes) -> Iterator[Sound]:
        if begin[:4] == b"RIFF" and begin[8:12] == b"WAVE":
            self._in_header = True
            yield from self._header()
        elif begin.startswith(MAGIC) or _is_mp3(begin):
            self._collect(begin)
        else:
            self._converter = PcmConverter(SAMPLE_RATE, 1)
            yield self._converter.convert(begin)

    def _collect(self, data: bytes) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(prefix="voicetrail-")  # noqa: SIM115  # closed by ``close``
        if self._spool.tell() + len(data) > SPOOL_LIMIT:
            raise AudioError(f"{self._shown} is larger than {SPOOL_LIMIT // 1024**3} GB; send uncompressed wav or raw samples")
        self._spool.write(data)

    def _header(self) -> Iterator[Sound]:
        """Read the header of a WAV file, once all of it is there."""
        at, begin = 12, self._begin
        encoding: Encoding | None = None
        rate = channels = 0
        while len(begin) >= at + 8:
            name, length = struct.unpack_from("<4sI", begin, at)
            at += 8
            if name == b"data":
                break
            if name == b"fmt " and len(begin) >= at + min(length, 26) and length >= 16:
                kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", begin, at)
                if kind == EXTENSIBLE and length >= 26:
                    (kind,) = struct.unpack_from("<H", begin, at + 24)
                encoding = ENCODINGS.get((kind, bits))
            at += length + length % 2
        else:
            if len(begin) > HEADER_LIMIT:
                raise AudioError(f"{self._shown} has a header without sound")
            return
        self._in_header = False
        if encoding is None or not 1 <= channels <= MOST_CHANNELS or not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
            self._collect(bytes(begin))  # compressed or damaged: libsndfile decides
            begin.clear()
            return
        self._converter = PcmConverter(rate, channels, encoding)
        self._left = length if 0 < length < UNKNOWN_SIZE else None
        sound = bytes(begin[at:])
        begin.clear()
        yield from self._sound(sound)

    def _sound(self, data: bytes) -> Iterator[Sound]:
        assert self._converter is not None
        if self._left is None:
            yield self._converter.convert(data)
            return
        taken, rest = data[: self._left], data[self._left :]
        self._left -= len(taken)
        if taken:
            yield self._converter.convert(taken)
        if rest:
            # Metadata at the end, or the next of several joined files.
            self._begin += rest
            at = self._begin.find(b"RIFF")
            if at >= 0 and self._begin[at + 8 : at + 12] == b"WAVE":
                yield self._converter.finish()
                del self._begin[:at]
                self._in_header = True
                yield from self._header()
            else:
                del self._begin[: max(0, len(self._begin) - 12)]


def _is_mp3(begin: bytes) -> bool:
    """Whether this is an MP3 frame with the tag of its encoder; raw samples may look like the first bytes of a frame."""
    is_frame = len(begin) > 4 and begin[0] == 0xFF and begin[1] & 0xE6 == 0xE2
    return is_frame and any(tag in begin[:SNIFFED] for tag in (b"Xing", b"Info", b"LAME", b"Lavc"))
