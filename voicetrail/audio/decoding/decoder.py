"""Decodes a sound file of any format that libsndfile reads, at any rate and number of channels, to 16 kHz mono."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voicetrail.audio.channels import ChannelMixer
from voicetrail.audio.decoding.container import Part, PartReader, parts_of
from voicetrail.audio.decoding.ima_adpcm import ImaAdpcmFile
from voicetrail.audio.native_libraries import silence_native_libraries
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE
from voicetrail.text import printable

PIECE_S = 0.2
"""Seconds that are decoded at once: the overhead of a read is about the cost of decoding this much."""
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000
"""A sample rate outside these bounds is treated as a damaged header."""
UNKNOWN_FRAMES = 2**62
"""libsndfile returns a number of frames above this if the header contains none."""
SEEKABLE = ("FLAC",)
"""Formats whose last sample is read before anything is decoded, to see whether it is there; the others report a missing end."""
SCAN_S = 60.0
"""Seconds of a file of floats in which the largest sample is searched."""
FLOAT_LIMIT = 16.0
"""Floats of a larger magnitude are not loud samples between -1 and 1, but integers that were never scaled."""
FULL_SCALES = (2.0**15, 2.0**23, 2.0**31)
"""Full scale of samples of 16, 24 and 32 bits."""

Sound = npt.NDArray[np.float32]
SoundFile = Any
"""A ``soundfile.SoundFile`` (which has no type hints), or an object with its methods."""


class _StraightFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read sequentially, without seeking.

    The library seeks to the current position after every read. That makes an MP3 decoder lose its state, and some formats (GSM 6.10,
    FLAC without a length) cannot seek at all.
    """

    def seekable(self) -> bool:
        """Return False, so that reading does not seek."""
        return False


class SoundDecoder:
    """Decodes an open regular file, all of its parts in sequence.

    Args:
        descriptor: the file; closed by ``close``, or if the constructor raises.
        shown: its name in messages, safe to print.

    Raises:
        AudioError: it is not a complete sound file. Damage further inside is raised by ``decode`` when it is reached.
    """

    def __init__(self, descriptor: int, shown: str) -> None:
        silence_native_libraries()
        self._descriptor = descriptor
        self._shown = shown
        self._file: SoundFile | None = None
        self.notice: str | None = None
        """A remark for the user about how the sound was processed, if any."""
        self.duration: float | None = 0.0
        """Length in s; ``None`` if the file does not contain it."""
        self._scales: list[float] = []
        try:
            if os.fstat(descriptor).st_size == 0:
                raise AudioError(f"{shown} is empty (0 bytes); name a file with sound")
            self._parts = parts_of(descriptor)
            self._look_at_parts()
        except soundfile.LibsndfileError:
            self.close()
            raise AudioError(f"{shown} is not a readable sound file; use wav, flac, ogg, opus or mp3") from None
        except (OSError, ValueError) as error:
            self.close()
            raise AudioError(f"cannot read {shown}: {reason(error)}") from None
        except BaseException:
            self.close()
            raise

    def decode(self) -> Iterator[Sound]:
        """Decode the file once, to 16 kHz mono.

        Raises:
            AudioError: the file is damaged at this point.
        """
        before_s = 0.0
        for part, scale in zip(self._parts, self._scales, strict=True):
            with self._open(part) as file:
                self._file = file
                frames = yield from self._decode_part(file, before_s, scale)
                before_s += frames / file.samplerate

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None and not self._file.closed:
            self._file.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self, part: Part) -> SoundFile:
        if len(self._parts) == 1 and not part.patches:
            # By descriptor, so that the content decides about the format, not the suffix, and any name can be opened.
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            file = _StraightFile(self._descriptor, closefd=False)
        else:
            file = _StraightFile(PartReader(self._descriptor, part))
        if (file.format, file.subtype) != ("WAV", "IMA_ADPCM"):
            return file
        with file:
            return ImaAdpcmFile(io.BufferedReader(PartReader(self._descriptor, part)), file.samplerate, file.frames)

    def _look_at_parts(self) -> None:
        """Refuse a file without sound, or with less sound than its header says."""
        if self._parts[-1].truncated:
            raise self._truncated()
        total_s: float | None = 0.0
        for part in self._parts:
            with self._open(part) as file:
                if not LOWEST_RATE_HZ <= file.samplerate <= HIGHEST_RATE_HZ:
                    raise AudioError(
                        f"{self._shown} has an impossible rate ({file.samplerate} samples per second); it is probably damaged"
                    )
                is_counted = 0 <= file.frames < UNKNOWN_FRAMES
                total_s = total_s + file.frames / file.samplerate if total_s is not None and is_counted else None
                if is_counted and file.frames and file.format in SEEKABLE:
                    self._check_last(file)
            self._scales.append(self._scale(part))
        if total_s == 0:
            raise AudioError(f"{self._shown} contains no sound (0 seconds); use a longer recording")
        self.duration = total_s

    def _check_last(self, file: SoundFile) -> None:
        try:
            file.seek(file.frames - 1)
            if len(file.read(1)) == 1:
                return
        except (soundfile.LibsndfileError, RuntimeError):
            pass
        raise self._truncated()

    def _truncated(self) -> AudioError:
        return AudioError(f"{self._shown} is truncated (its end is missing); copy or record it again")

    def _scale(self, part: Part) -> float:
        """The factor for the samples of a part: floats may have the magnitude of integers."""
        with self._open(part) as file:
            if file.subtype not in ("FLOAT", "DOUBLE"):
                return 1.0
            left, largest = round(SCAN_S * file.samplerate), 0.0
            while left > 0 and len(samples := file.read(min(left, 65_536), dtype="float64", always_2d=True)):
                left -= len(samples)
                largest = max(largest, float(np.max(np.abs(samples), initial=0.0, where=np.isfinite(samples))))
        if largest <= FLOAT_LIMIT:
            return 1.0
        full_scale = next((each for each in FULL_SCALES if largest <= 2 * each), None)
        if full_scale is None:
            return 1.0
        bits = round(np.log2(full_scale)) + 1
        self.notice = (
            f"{self._shown} contains {bits}-bit samples as floats (up to {largest:.0f}); they were scaled to between -1 and 1"
        )
        return 1.0 / full_scale

    def _decode_part(self, file: SoundFile, before_s: float, scale: float) -> Generator[Sound, None, int]:
        """Decode one part; return its length in frames."""
        rate, expected, had = file.samplerate, file.frames, 0
        mixer = ChannelMixer(rate)
        resampler = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        piece = max(1, round(rate * PIECE_S))
        while had < expected:
            try:
                samples = file.read(piece, dtype="float32", always_2d=True)
                problem = False
            except (soundfile.LibsndfileError, RuntimeError):
                samples, problem = np.zeros((0, 1), dtype=np.float32), True
            if not len(samples):
                # The length of an MP3 is an estimate if its encoder did not store it, and some files have no length.
                if not problem and (file.format == "MP3" or expected >= UNKNOWN_FRAMES):
                    break
                at = before_s + had / rate
                raise AudioError(f"{self._shown} is damaged at {at:.1f} s; copy or record it again") from None
            had += len(samples)
            if scale != 1.0:
                samples *= np.float32(scale)
            # Files of floats may contain anything; a microphone delivers no NaN and nothing beyond full scale.
            mono = mixer.mix(np.clip(np.nan_to_num(samples, posinf=1.0, neginf=-1.0), -1.0, 1.0))
            # Resampling may overshoot full scale at a loud edge.
            yield mono if resampler is None else np.clip(resampler.resample_chunk(mono), -1.0, 1.0)
        if resampler is not None:
            yield np.clip(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True), -1.0, 1.0)
        return had


def open_regular(path: str | os.PathLike[str], shown: str) -> int:
    """Open a regular file for reading; return its descriptor.

    Raises:
        AudioError: it does not exist or is not regular; the message says what to do.
    """
    try:
        # Non-blocking, because it may be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | os.O_CLOEXEC)
    except FileNotFoundError:
        raise AudioError(f"there is no file {shown}; check the path, or use mic or demo") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"cannot open {shown}: {reason(error)}") from None
    return descriptor


def reason(error: Exception) -> str:
    """The system's message for an error, without its number and file name."""
    return (error.strerror or printable(error, 80)) if isinstance(error, OSError) else printable(error, 80)
