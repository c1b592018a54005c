"""Whether a sound file still has its end.

libsndfile plays what is left of a file that was cut short and says nothing. The formats do say how much there should be: a WAV
file in its chunk sizes, an Ogg file by the mark on its last page. (A FLAC or MP3 file whose end is missing is found by looking
for its last sample.)

Formats: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (RIFF); RFC 3533 (Ogg), section 6.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

UNKNOWN_LENGTH = 0x7FFF_0000
"""Programs that write WAV to a pipe cannot know its size and put a number beyond this (or 0) in its place."""
OGG_PAGE = 27 + 255 + 255 * 255
"""Longest page of an Ogg file in bytes."""
OGG_HEADER = 27
"""Bytes of a page's header before its segment table."""
END_OF_STREAM = 0x04
"""Flag of the last page of an Ogg stream."""

MP3_FRAME = 1441
"""Longest frame of an MP3 file in bytes (320 kbit/s at 32 kHz)."""
ID3_HEADER = 10
"""Bytes of an ID3v2 tag before what its size counts."""


def is_truncated(path: Path) -> bool:
    """Whether a WAV, Ogg or MP3 file ends before it should; ``False`` for every other format.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        kind = file.read(12)
        if kind[:4] == b"RIFF" and kind[8:] == b"WAVE":
            return _wav_cut_short(file)
        if kind[:4] == b"OggS":
            return _ogg_cut_short(file)
        return (kind[:3] == b"ID3" or kind[:1] == b"\xff") and _mp3_cut_short(file)


def _wav_cut_short(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", header)
        if name == b"data":
            return bool(length < UNKNOWN_LENGTH and file.tell() + length > size)
        file.seek(length + length % 2, 1)
    return True


def _ogg_cut_short(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    file.seek(max(0, size - OGG_PAGE))
    end = file.read()
    start = end.rfind(b"OggS")
    while start >= 0:
        page = end[start:]
        if len(page) >= OGG_HEADER and len(page) >= OGG_HEADER + page[26]:
            length = OGG_HEADER + page[26] + sum(page[OGG_HEADER : OGG_HEADER + page[26]])
            if len(page) == length:
                return not page[5] & END_OF_STREAM
            if len(page) < length:
                return True
        # The letters happened to stand inside a page, or something follows the stream: look for the page before.
        start = end.rfind(b"OggS", 0, start)
    return True


def _mp3_cut_short(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    file.seek(0)
    start, tag = 0, file.read(ID3_HEADER)
    if tag[:3] == b"ID3" and len(tag) == ID3_HEADER:
        # Seven bits a byte, so that the size never looks like the start of a frame.
        start = ID3_HEADER + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9])
    file.seek(start)
    frame = file.read(MP3_FRAME)
    note = max(frame.find(b"Xing"), frame.find(b"Info"))
    if note < 0 or len(frame) < note + 16:
        return False
    flags, first, second = struct.unpack_from(">III", frame, note + 4)
    if not flags & 2:
        return False
    promised = second if flags & 1 else first
    return bool(size - start < promised)
