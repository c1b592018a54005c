"""Finds the recordings in a sound file: joined recordings, sizes that were never filled in, missing ends.

Of files joined with ``cat``, libsndfile reads only the first. It plays a truncated file without a warning, and treats a WAV file whose
recorder was killed as empty. The formats contain enough information to do better:

- WAV: the sizes of its chunks (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0").
- Ogg: the first and last page of each stream are marked (RFC 3533, section 6). A file may contain several streams in sequence
  (a chained file).
- MP3: the first frame may contain the number of bytes that follow ("Xing" or "Info" tag).
- FLAC: each recording starts with the same marker and block header (RFC 9639, section 8).
"""

from __future__ import annotations

import io
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UNKNOWN_SIZE = 0x7FFF_0000
"""Programs that write WAV into a pipe do not know its size, and write a number above this (or 0) instead."""
WAV_HEADER = 12
"""Bytes of ``RIFF``, size, ``WAVE``."""
FLAC_START = b"fLaC\x00\x00\x00\x22"
"""Marker and header of the first block of a FLAC file (STREAMINFO, 34 bytes, not the last block)."""
OGG_HEADER = 27
"""Bytes of an Ogg page's header before its segment table."""
OGG_FIRST, OGG_LAST = 0x02, 0x04
"""Flags of the first and the last page of an Ogg stream."""
XING_OFFSETS = {(3, False): 36, (3, True): 21, (2, False): 21, (2, True): 13, (0, False): 21, (0, True): 13}
"""Offset of the tag in an MP3 frame, by MPEG version (its two bits) and whether it is mono."""
ID3_HEADER = 10
"""Bytes of an ID3v2 tag that its size does not include."""

View = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Part:
    """One recording in a file."""

    start: int
    """Its first byte in the file."""
    end: int
    """The byte after its last."""
    patches: tuple[tuple[int, bytes], ...] = ()
    """Bytes that replace those of the file, by their position in the part: sizes that were never filled in."""
    truncated: bool = False
    """Whether its end is missing."""


class PartReader(io.RawIOBase):
    """Presents a part to libsndfile as a separate file.

    Args:
        descriptor: the whole file; stays open.
        part: the bytes to present.
    """

    def __init__(self, descriptor: int, part: Part) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._part = part
        self._at = 0

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; see ``io.IOBase``."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.end - self._part.start}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes; see ``io.RawIOBase``."""
        length = self._part.end - self._part.start
        left = max(0, length - self._at)
        count = left if size is None or size < 0 else min(size, left)
        data = bytearray(os.pread(self._descriptor, count, self._part.start + self._at))
        for position, replacement in self._part.patches:
            for index, byte in enumerate(replacement, position - self._at):
                if 0 <= index < len(data):
                    data[index] = byte
        self._at += len(data)
        return bytes(data)

    def readinto(self, buffer: object) -> int:
        """Read into a buffer; see ``io.RawIOBase``."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


def parts_of(descriptor: int) -> list[Part]:
    """Find the recordings in a regular file; for formats that are not analyzed, one part with the whole file.

    Raises:
        OSError: the file cannot be read.
    """
    size = os.fstat(descriptor).st_size
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as view:
        head = view[:WAV_HEADER]
        find: Callable[[View], Iterator[Part]] | None = None
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            find = _wav_parts
        elif head[:4] == b"OggS":
            find = _ogg_parts
        elif head[:8] == FLAC_START:
            find = _flac_parts
        elif head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
            find = _mp3_parts
        return (list(find(view)) if find is not None else []) or [Part(0, size)]


def _wav_parts(view: View) -> Iterator[Part]:
    start = 0
    while view[start : start + 4] == b"RIFF" and view[start + 8 : start + 12] == b"WAVE":
        part = _wav_part(view, start)
        yield part
        start = part.end


def _wav_part(view: View, start: int) -> Part:
    """One WAV file inside a file, up to its own size, the next WAV file, or the end."""
    (riff_size,) = struct.unpack_from("<I", view, start + 4)
    at = start + WAV_HEADER
    while len(header := view[at : at + 8]) == 8:
        name, length = struct.unpack("<4sI", header)
        at += 8
        if name != b"data":
            at += length + length % 2
            continue
        follows = view[at : at + 1] != b""
        if length >= UNKNOWN_SIZE or (length == 0 and follows and riff_size <= at - 8 - start):
            return _unfinished_part(view, start, at)
        end = at + length + length % 2
        if at + length > len(view):
            return Part(start, len(view), truncated=True)
        if UNKNOWN_SIZE > riff_size >= end - 8 - start:
            end = start + 8 + riff_size + riff_size % 2
        return Part(start, min(end, len(view)))
    return Part(start, len(view), truncated=True)


def _unfinished_part(view: View, start: int, data: int) -> Part:
    """A WAV file whose sizes were never filled in: everything after its header is sound, up to the next header."""
    end = len(view)
    at = view.find(b"WAVE", data)
    while at >= 0:
        if at - 8 >= data and view[at - 8 : at - 4] == b"RIFF":
            end = at - 8
            break
        at = view.find(b"WAVE", at + 4)
    sizes = struct.pack("<I", min(end - start - 8, 0xFFFF_FFFF)), struct.pack("<I", min(end - data, 0xFFFF_FFFF))
    return Part(start, end, ((4, sizes[0]), (data - 4 - start, sizes[1])))


def _flac_parts(view: View) -> Iterator[Part]:
    start = 0
    while (following := view.find(FLAC_START, start + 4)) >= 0:
        yield Part(start, following)
        start = following
    yield Part(start, len(view))


def _ogg_parts(view: View) -> Iterator[Part]:
    start = at = 0
    in_headers, ended = True, False
    while at >= 0:
        header = view[at : at + OGG_HEADER]
        if header[:4] != b"OggS":
            at = view.find(b"OggS", at + 1)  # skip bytes between two pages
            continue
        table = view[at + OGG_HEADER : at + OGG_HEADER + header[26]] if len(header) == OGG_HEADER else b""
        length = OGG_HEADER + len(table) + sum(table)
        if len(header) < OGG_HEADER or len(table) < header[26] or at + length > len(view):
            ended = False
            break
        is_first = bool(header[5] & OGG_FIRST)
        if is_first and not in_headers:
            yield Part(start, at, truncated=not ended)
            start = at
        in_headers, ended = is_first, bool(header[5] & OGG_LAST)
        at += length
        if at >= len(view):
            break
    yield Part(start, len(view), truncated=not ended)


def _mp3_parts(view: View) -> Iterator[Part]:
    """The recordings of an MP3 file: each tag marks the first frame of one."""
    tags = sorted({*_tagged_frames(view, b"Xing"), *_tagged_frames(view, b"Info")})
    starts = [tag for tag, _ in tags]
    if not tags or starts[0] > _id3_size(view, 0):
        # The first recording has no tag.
        tags.insert(0, (0, None))
    for index, (start, promised) in enumerate(tags):
        end = tags[index + 1][0] if index + 1 < len(tags) else len(view)
        if promised is None or start + promised >= end:
            yield Part(start, end, truncated=promised is not None and start + promised > len(view))
            continue
        yield Part(start, start + promised)
        rest = start + promised + _id3_size(view, start + promised)
        if rest < end and view[rest : rest + 1] == b"\xff":
            yield Part(rest, end)  # a recording without a tag follows


def _tagged_frames(view: View, tag: bytes) -> Iterator[tuple[int, int | None]]:
    """The positions of frames with a tag, with the number of bytes in the tag (``None`` if it has none)."""
    at = view.find(tag)
    while at >= 0:
        for back in sorted(set(XING_OFFSETS.values())):
            start = at - back
            head = view[start : start + 4] if start >= 0 else b""
            if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # sync, layer III
                continue
            version, is_mono = head[1] >> 3 & 3, head[3] >> 6 == 3
            if XING_OFFSETS.get((version, is_mono)) == back and not any(view[start + 4 : at]) and at + 16 <= len(view):
                flags, first, second = struct.unpack_from(">III", view, at + 4)
                yield start, (second if flags & 1 else first) if flags & 2 else None
        at = view.find(tag, at + 4)


def _id3_size(view: View, at: int) -> int:
    """Size of an ID3v2 tag, 0 if there is none. It is stored with seven bits per byte, so that it never looks like the start of a
    frame.
    """
    tag = view[at : at + ID3_HEADER]
    if tag[:3] != b"ID3" or len(tag) < ID3_HEADER:
        return 0
    return ID3_HEADER + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9])
