"""Mutated sound files, as files and through a pipe.

    python -m tools.attack sounds --count 5000 --seed 1

Each mutant must pass these checks: it is decoded to samples between -1 and 1, or refused with one line; it takes at most two seconds
of processor time; it gives no more sound than its bytes can hold. All mutants together may use at most 200 MB more memory, and must
leave no descriptor open.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from tools.attack.memory import peak_mb
from voicetrail.audio.decoding.stream import StreamDecoder
from voicetrail.audio.file import FileSource
from voicetrail.audio.native_libraries import silence_native_libraries
from voicetrail.errors import AudioError
from voicetrail.events import AudioBlock

LONGEST_S = 2.0
LARGEST_MB = 200
SECONDS = 1.0
"""Length of the original files, in s."""
MOST_SECONDS_A_BYTE = 1.0
"""FLAC and Opus can store a second of silence in one byte; more sound per byte must be wrong."""
FORMATS = (
    *(("WAV", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "DOUBLE", "IMA_ADPCM", "MS_ADPCM", "GSM610", "ULAW")),
    *(("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"), ("W64", "PCM_16")),
)
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
"""Values that replace a field of a header."""


@dataclass
class Outcome:
    """The result of an attack."""

    mutants: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    grown_mb: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.mutants} sound files ({self.refused} refused), {len(self.failures)} failures, "
            f"the slowest took {self.slowest_s:.2f} s, memory grew by {self.grown_mb:.0f} MB"
        )


def run(count: int, seed: int) -> Outcome:
    """Attack with ``count`` mutants; the same seed makes the same mutants."""
    rng, outcome, originals = random.Random(seed), Outcome(), _originals()
    silence_native_libraries()  # which keeps a descriptor for good
    before_mb, descriptors = peak_mb(), len(os.listdir("/dev/fd"))
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        path = Path(folder, "mutant")
        for number in range(count):
            name, data = _mutant(rng, originals)
            path.write_bytes(data)
            for way, decode in (("file", _from_file), ("pipe", _from_pipe)):
                _try(f"mutant {number} ({name}, {way}, seed {seed})", decode, path, len(data), outcome)
            outcome.mutants += 1
    outcome.grown_mb = peak_mb() - before_mb
    if outcome.grown_mb > LARGEST_MB:
        outcome.failures.append(f"memory grew by {outcome.grown_mb:.0f} MB")
    if (left := len(os.listdir("/dev/fd")) - descriptors) > 0:
        outcome.failures.append(f"{left} descriptors were left open")
    return outcome


def _try(
    label: str, decode: Callable[[Path], Iterator[npt.NDArray[np.float32]]], path: Path, size: int, outcome: Outcome
) -> None:
    began = time.process_time()
    samples = 0
    try:
        for block in decode(path):
            samples += len(block)
            if not np.isfinite(block).all() or np.abs(block).max(initial=0.0) > 1.0:
                outcome.failures.append(f"{label}: a sample out of bounds")
                break
            if samples > 16_000 * (10 + size * MOST_SECONDS_A_BYTE) or time.process_time() - began > LONGEST_S:
                break
    except AudioError as error:
        outcome.refused += 1
        if not str(error).isprintable():
            outcome.failures.append(f"{label}: {str(error)!r}")
    except Exception as error:  # whatever it is, it is what is looked for
        outcome.failures.append(f"{label}: {type(error).__name__}: {error}")
    taken = time.process_time() - began
    outcome.slowest_s = max(outcome.slowest_s, taken)
    if taken > LONGEST_S:
        outcome.failures.append(f"{label}: took {taken:.1f} s, {samples / 16_000:.0f} s of sound")


def _from_file(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    with FileSource(path) as source:
        while isinstance(block := source.read(0.0), AudioBlock):
            yield block.samples


def _from_pipe(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    decoder = StreamDecoder("the pipe")
    try:
        with path.open("rb") as stream:
            while data := stream.read(5_000):
                yield decoder.feed(data)
        yield from decoder.finish()
    finally:
        decoder.close()


def _originals() -> list[tuple[str, bytes]]:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(16_000 * SECONDS), 2)).astype(np.float32)
    made = []
    for format_, subtype in FORMATS:
        for sound in (noise[:, 0], noise):
            stream = io.BytesIO()
            try:
                soundfile.write(stream, sound, 16_000, format=format_, subtype=subtype)
            except (soundfile.LibsndfileError, ValueError):
                continue  # one channel only
            made.append((f"{format_} {subtype}", stream.getvalue()))
    return made


def _mutant(rng: random.Random, originals: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    name, original = rng.choice(originals)
    data = bytearray(original)
    for _ in range(rng.choice((1, 1, 2, 5))):
        kind = rng.randrange(6)
        header = min(len(data), 200)
        if not header:
            break
        if kind == 0:  # bytes of the header
            data[rng.randrange(header)] = rng.randrange(256)
        elif kind == 1:  # a field of the header
            at, width = rng.randrange(header), rng.choice((2, 4))
            data[at : at + width] = (rng.choice(NUMBERS) & (256**width - 1)).to_bytes(width, rng.choice(("little", "big")))
        elif kind == 2:  # bytes anywhere
            for _ in range(rng.randrange(1, 50)):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif kind == 3:  # the end is missing
            del data[rng.randrange(len(data)) :]
        elif kind == 4:  # a piece is missing
            at = rng.randrange(len(data))
            del data[at : at + rng.randrange(1, 2000)]
        else:  # joined with another
            data += rng.choice(originals)[1][: rng.randrange(1, 50_000)]
    return name, bytes(data)
