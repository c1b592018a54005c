"""Real running speech from telephone prompts: what the wake phrases (short) and the synthesisers (not people) cannot give.

``python -m voicetrail.training.prompts OUT`` turns the prompts of Debian's ``asterisk-core-sounds-{en,es,fr,it,ru}-g722`` (16 kHz)
into FLAC, for ``voicetrail train --negatives OUT``:

    OUT/<voice>/<name>.flac

Four speakers in five languages: to one who listens for four English words, any language is conversation. English prompts may hold
a direction ("hang up"), and no transcript comes with them: those in which the shipped recogniser hears one at a score above
``SUSPECT`` are left out, with the ones it is wrong about. Spoken digits (a folder of their own) are left out too. The Italian voice
is kept out of training (``dataset.HELDOUT_PHRASES``).

Licences: CC BY-SA 3.0 (Allison Smith, June Wallack, Carlo Flora), the Russian CC BY 3.0 (Maxim Topal).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.recognizer import Recognizer, load_recognizer
from voicetrail.vocabulary import DIRECTIONS

SOURCE = Path("/usr/share/asterisk/sounds")
ENGLISH = "en_US"
LEFT_OUT = frozenset({"digits", "silence"})
SUSPECT = 0.4
"""Score of a direction above which an English prompt is taken to hold it."""
SHORTEST = SAMPLE_RATE // 2
"""Samples; what is shorter is a beep or a single syllable."""


def decode(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Decode G.722, which soundfile does not read, by ffmpeg.

    Raises:
        TrainingError: there is no ffmpeg, or it cannot read the file.
    """
    line = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-f",
        "g722",
        "-i",
        str(path),
        "-f",
        "s16le",
        "-ar",
        str(SAMPLE_RATE),
        "-ac",
        "1",
        "-",
    ]
    try:
        done = subprocess.run(line, capture_output=True, check=True)
    except FileNotFoundError:
        raise TrainingError("ffmpeg decodes the prompts and is not installed: sudo apt install ffmpeg") from None
    except subprocess.CalledProcessError as error:
        raise TrainingError(
            f"{path} cannot be decoded ({error.stderr.decode(errors='replace').strip()}); leave it out"
        ) from None
    return np.frombuffer(done.stdout, dtype=np.int16)


def suspect(recognizer: Recognizer, sound: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bool:
    """Whether a direction may be said in a recording."""
    padded = np.pad(sound.astype(np.float32) / 32768.0, SAMPLE_RATE)
    columns = [recognizer.labels.index(word) for word in DIRECTIONS]
    return any(max(scores[column] for column in columns) > SUSPECT for _, scores in recognizer.score_all(padded))


def write(source: Path, out: Path) -> tuple[int, int]:
    """Write all prompts that may be trained on.

    Returns:
        Prompts written, and seconds of them.

    Raises:
        TrainingError: there are none, or one cannot be decoded.
    """
    paths = [path for path in sorted(source.rglob("*.g722")) if path.parent.name not in LEFT_OUT]
    if not paths:
        raise TrainingError(f"{source} holds no prompts: sudo apt install asterisk-core-sounds-{{en,es,fr,it,ru}}-g722")
    recognizer, count, samples = load_recognizer(), 0, 0
    with ThreadPoolExecutor() as pool:
        for path, sound in zip(paths, pool.map(decode, paths), strict=True):
            voice, *rest = path.relative_to(source).with_suffix("").parts
            if len(sound) < SHORTEST or (voice.startswith(ENGLISH) and suspect(recognizer, sound)):
                continue
            target = out / voice / f"{'_'.join(rest)}.flac"
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, sound, SAMPLE_RATE)
            count, samples = count + 1, samples + len(sound)
    return count, samples // SAMPLE_RATE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.prompts", description="Real running speech from telephone prompts."
    )
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--source", type=Path, default=SOURCE, help="where the prompts lie (%(default)s)")
    args = parser.parse_args(arguments)
    try:
        count, seconds = write(args.source, args.out)
    except TrainingError as error:
        print(f"voicetrail: {error}", file=sys.stderr)
        return 1
    print(f"{count} prompts, {seconds / 60:.0f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
