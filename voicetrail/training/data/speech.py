"""Extracts real running speech from Debian packages, as negatives for training.

``python -m voicetrail.training.data.speech OUT`` writes the lines of ``VOICES`` as 16 kHz mono FLAC, for
``voicetrail train --negatives OUT``:

    OUT/<voice>/<name>.flac

The speech consists of telephone prompts, dialogue of three games, and descriptions of pictures for children. Any language is useful,
because the recognizer listens only for a few English words. The digits among the telephone prompts are skipped, and so are the English
lines in ``left_out.txt``, which contain a word of the larger vocabulary or could not be transcribed (``training.data.transcribe`` made
the list). Some voices are held out of training (``heldout.PHRASES`` and ``heldout.DIALOGUE``).
"""

from __future__ import annotations

import argparse
import io
import math
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from voicetrail import output
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.recordings import Samples, as_samples, decode, write_flac, writing

LEFT_OUT = Path(__file__).with_name("left_out.txt")
SHORTEST = SAMPLE_RATE // 2
"""Fewest samples of a line; anything shorter is a beep or a single syllable."""
LONGEST = 20 * SAMPLE_RATE
"""Most samples of a line; anything longer in a game is a scene with music."""
RAW_RATE = 11_025


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """The location of a spoken line: a file, or a part of one."""

    name: str
    path: Path
    begin: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """A folder of lines by one speaker or one cast."""

    name: str
    package: str
    folder: str
    """Below the root folder."""
    pattern: str
    read: Callable[[SpokenLine], Samples]
    credit: str
    """License and attribution."""
    find: Callable[[Path], list[SpokenLine]] | None = None
    """Lists the lines in an archive; ``None``: each file is one line."""
    skipped: frozenset[str] = frozenset()
    """Folders without running speech."""
    unnamed: str = ""
    """Folder that is not part of a line's name (the language)."""
    longest: float = math.inf

    def lines(self, root: Path) -> list[SpokenLine]:
        """The voice's lines under a root folder, by name.

        Raises:
            TrainingError: an archive is broken.
        """
        folder, lines = root / self.folder, []
        for path in folder.glob(self.pattern):
            parts = path.relative_to(folder).with_suffix("").parts
            if self.find is not None:
                lines += self.find(path)
            elif not self.skipped.intersection(parts[:-1]):
                lines.append(SpokenLine("_".join(part for part in parts if part != self.unnamed), path))
        return sorted(lines, key=lambda line: line.name)


def read_prompt(line: SpokenLine) -> Samples:
    """Decode G.722, which soundfile cannot read, with ffmpeg.

    Raises:
        TrainingError: ffmpeg is not installed, or cannot read the file.
    """
    source = ["ffmpeg", "-v", "error", "-nostdin", "-f", "g722", "-i", str(line.path)]
    target = ["-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-"]
    try:
        done = subprocess.run([*source, *target], capture_output=True, check=True)
    except FileNotFoundError:
        raise TrainingError("ffmpeg, which decodes the prompts, is not installed: sudo apt install ffmpeg") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise TrainingError(f"{line.path} cannot be decoded ({reason}); reinstall its package") from None
    return np.frombuffer(done.stdout, dtype=np.int16)


def read_file(line: SpokenLine) -> Samples:
    """Decode a file with soundfile.

    Raises:
        TrainingError: it cannot be read.
    """
    return decode(line.path)


def read_raw(line: SpokenLine) -> Samples:
    """Decode raw samples: unsigned 8 bits, 11,025 Hz, mono."""
    return as_samples((np.fromfile(line.path, dtype=np.uint8).astype(np.float32) - 128) / 128, RAW_RATE)


def read_entry(line: SpokenLine) -> Samples:
    """Decode an mp3 in an archive.

    Raises:
        TrainingError: it cannot be read.
    """
    with line.path.open("rb") as file:
        file.seek(line.begin)
        data = file.read(line.size)
    try:
        sound, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise _broken(line.path, f"{line.name} in it is not an mp3 ({error})") from None
    return as_samples(sound.mean(axis=1), rate)


def find_entries(path: Path) -> list[SpokenLine]:
    """List the spoken lines in the archive of "Flight of the Amazon Queen", as packed by ScummVM's tool.

    The archive has a header of 15 bytes (``QTBL``, version, compression, number of entries), then 21 bytes per entry: the name
    (12 bytes), bundle, start, size.

    Raises:
        TrainingError: it is not such an archive, or damaged.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(15)
        if len(head) < 15 or head[:4] != b"QTBL":
            raise _broken(path, "it does not begin with QTBL")
        if head[12] != 1:
            raise _broken(path, f"its compression is {head[12]}, and only 1 (mp3) is supported")
        (count,) = struct.unpack(">H", head[13:])
        table = file.read(21 * count)
    if len(table) < 21 * count:
        raise _broken(path, f"it ends inside its table of {count} entries")
    lines = []
    for padded, _, begin, length in struct.iter_unpack(">12sBII", table):
        name = padded.rstrip(b"\0").decode("ascii", errors="replace")
        if not name.endswith(".SB"):
            continue
        if not re.fullmatch(r"[\w-]+\.SB", name, re.ASCII) or begin + length > size:
            raise _broken(path, f"its entry {name!a} is outside of the file, or has an invalid name")
        lines.append(SpokenLine(name.removesuffix(".SB"), path, begin, length))
    return lines


def _broken(path: Path, reason: str) -> TrainingError:
    return TrainingError(f"{path} cannot be read ({reason}); reinstall flight-of-the-amazon-queen")


_PROMPTS = {
    "en": ("en_US_f_Allison", "CC BY-SA 3.0, Allison Smith, Digium"),
    "es": ("es_MX_f_Allison", "CC BY-SA 3.0, Allison Smith, Digium"),
    "fr": ("fr_CA_f_June", "CC BY-SA 3.0, June Wallack, Digium"),
    "it": ("it_IT_m_Carlo", "CC BY-SA 3.0, Carlo Flora"),
    "ru": ("ru_RU_f_IvrvoiceRU", "CC BY 3.0, Maxim Topal"),
}
VOICES = (
    *(
        Voice(
            name,
            f"asterisk-core-sounds-{language}-g722",
            f"usr/share/asterisk/sounds/{name}",
            "**/*.g722",
            read_prompt,
            credit,
            skipped=frozenset({"digits", "silence"}),
        )
        for language, (name, credit) in _PROMPTS.items()
    ),
    *(
        Voice(
            f"fillets_{language}",
            f"fillets-ng-data-{language}",
            "usr/share/games/fillets-ng/sound",
            f"**/{language}/*.ogg",
            read_file,
            "GPL-2, ALTAR interactive and the Fish Fillets NG team",
            unnamed=language,
        )
        for language in ("cs", "nl")
    ),
    *(
        Voice(
            f"tuxpaint_{language}",
            "tuxpaint-stamps-default",
            "usr/share/tuxpaint/stamps",
            f"**/*_desc_{language}.ogg",
            read_file,
            "GPL-2 or later, Bill Kendrick and the Tux Paint team",
        )
        for language in ("be", "bg", "ca", "el", "es", "fr", "ro", "ru")
    ),
    Voice(
        "queen",
        "flight-of-the-amazon-queen",
        "usr/share/scummvm/flight-of-the-amazon-queen",
        "queen.1c",
        read_entry,
        "free with its notice kept, John Passfield and Steven Stamatiadis",
        find=find_entries,
        longest=LONGEST,
    ),
    Voice(
        "drascula",
        "drascula",
        "usr/share/scummvm/drascula/en",
        "*.ALS",
        read_raw,
        "free with its notice kept, Alcachofa Soft S.L.",
        longest=LONGEST,
    ),
)


def read_left_out(path: Path = LEFT_OUT) -> frozenset[str]:
    """Names of lines, ``<voice>/<name>``, that must not be used in training."""
    return frozenset(line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def _write(line: SpokenLine, voice: Voice, out: Path) -> int:
    """Write a line atomically.

    Returns:
        Its number of samples; 0 if it is too short or too long.
    """
    sound = voice.read(line)
    if not SHORTEST <= len(sound) <= voice.longest:
        return 0
    target = out / voice.name / f"{line.name}.flac"
    write_flac(target, sound)
    return len(sound)


def write(
    root: Path, out: Path, left_out: frozenset[str], packages: Sequence[str] | None = None
) -> Iterator[tuple[Voice, int, float]]:
    """Write all installed voices; print the packages of the others on stderr.

    Args:
        root: folder in which the packages are installed or unpacked.
        out: folder to write to. Lines of an earlier run that are now skipped are removed.
        left_out: names of lines to skip.
        packages: only the voices of these packages; ``None`` for all.

    Yields:
        Each voice with the number of its lines and their minutes, as soon as they are written.

    Raises:
        TrainingError: no package is installed, or a line cannot be read or written.
    """
    voices = [voice for voice in VOICES if packages is None or voice.package in packages]
    found = {voice.name: voice.lines(root) for voice in voices}
    absent = list(dict.fromkeys(voice.package for voice in voices if not found[voice.name]))
    if not any(found.values()):
        raise TrainingError(f"{root} contains no speech: sudo apt install {' '.join(absent)}")
    if absent:
        output.write_error(f"not installed, skipped: {', '.join(absent)} (sudo apt install {' '.join(absent)})")
    with ProcessPoolExecutor() as pool:
        for voice in voices:
            lines = []
            for line in found[voice.name]:
                if f"{voice.name}/{line.name}" in left_out:
                    (out / voice.name / f"{line.name}.flac").unlink(missing_ok=True)
                else:
                    lines.append(line)
            if not lines:
                continue
            with writing(out / voice.name):
                (out / voice.name).mkdir(parents=True, exist_ok=True)
            lengths = [length for length in pool.map(partial(_write, voice=voice, out=out), lines, chunksize=8) if length]
            yield voice, len(lengths), sum(lengths) / SAMPLE_RATE / 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.data.speech", description="Extract real running speech from Debian packages."
    )
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        help="folder in which the packages are installed or unpacked (default: %(default)s)",
    )
    parser.add_argument("--all", action="store_true", help="also write lines that contain a word of the vocabulary")
    packages = sorted({voice.package for voice in VOICES})
    parser.add_argument("--package", action="append", choices=packages, help="only the voices of this package; may be repeated")
    args = parser.parse_args(arguments)
    try:
        left_out = frozenset[str]() if args.all else read_left_out()
        for voice, lines, minutes in write(args.root, args.out, left_out, args.package):
            output.write_line(f"{voice.name:<20}{lines:>6} lines {minutes:>6.1f} min  {voice.credit}", flush=True)
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
