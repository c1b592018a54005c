"""Synthesizes scarce words, neighbors of the directions, and running English without directions.

``python -m voicetrail.training.data.synthesize OUT --text FILE…`` uses espeak-ng (GPL-3.0-or-later; its output is not a derived work)
with its English accents and voice variants, and flite's voices (BSD-like). It writes 16 kHz FLAC:

    OUT/words/<word>/<voice>_<n>.flac       for training only, mixed with real clips
    OUT/neighbors/<word>/<voice>_<n>.flac  negatives
    OUT/talk/<voice>_<n>.flac               running English, negatives
    OUT/heldout/talk/…, OUT/heldout/neighbors/…   the same by held-out voices, for the evaluation

Everything is determined by ``--seed``. Synthetic clips never count in an accuracy.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import soundfile
import soxr

from voicetrail import output
from voicetrail.errors import TrainingError, reason_of
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.neighbors import NEIGHBORS, neighbors_of
from voicetrail.training.data.recordings import write_flac
from voicetrail.vocabulary import VOCABULARIES

ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
VARIANTS = (
    "Alex Alicia Andrea Andy Annie Antonio Auntie Belinda Benjamin Boris Caleb David Denis Diogo Ed Edward Gene Gustave Henrique "
    "Hugo Iven Iven2 Jacky John Lee Linda Marcelo Marco Mario Max Michael Michel Miguel Mike Nguyen Pablo Paul Pedro Quincy Rob "
    "Robert Steph Steph2 Steph3 Storm Tweaky Zac anika f1 f2 f3 f4 f5 grandma grandpa klatt2 klatt4 m1 m2 m3 m4 m5 m6 m7 m8 "
    "norbert sandro shelby travis victor"
).split()
"""espeak-ng's voice variants that sound like people (without robots, whispers and croaks)."""
FLITE = ("awb", "kal16", "rms", "slt")
HELDOUT = frozenset({"rms", "f3", "m4", "Steph2", "Hugo", "Linda", "travis", "Benjamin"})
"""Voices that are used only in the evaluation."""
COUNTS = {
    "seven": 700,
    "nine": 700,
    "off": 400,
    "on": 350,
    "no": 250,
    "yes": 200,
    "six": 300,
    "up": 300,
    "down": 120,
    "left": 120,
    "right": 120,
}
"""Number of clips of each word. The directions have some too, so that a synthetic voice alone does not indicate ``_unknown_``."""
NEIGHBOR_CLIPS = 7
DIRECTION_WORDS = re.compile(
    r"\b(up|down|left|right|write|rite|wright|upp?er?|upon|down\w*|right\w*|left\w*|up\w*|\w+right|\w+up)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing to speak."""

    text: str
    voice: str
    """``flite:NAME`` or an espeak-ng voice ``accent+variant``."""
    pitch: int
    """espeak-ng's 0 to 99; for flite, Hz of the mean pitch."""
    speed: int
    """Words per minute."""
    path: Path


def _voice(rng: random.Random, heldout: bool) -> str:
    if rng.random() < 0.3:
        return "flite:" + rng.choice([name for name in FLITE if (name in HELDOUT) == heldout])
    return f"{rng.choice(ACCENTS)}+{rng.choice([name for name in VARIANTS if (name in HELDOUT) == heldout])}"


def _utterance(rng: random.Random, text: str, folder: Path, number: int, heldout: bool = False) -> Utterance:
    voice = _voice(rng, heldout)
    flite = voice.startswith("flite")
    pitch = rng.randint(85, 230) if flite else rng.randint(15, 85)
    name = re.sub(r"[^\w+-]", "-", voice)
    return Utterance(text, voice, pitch, rng.randint(110, 210), folder / f"{name}_{number}.flac")


def plan(out: Path, texts: Sequence[Path], seed: int, talk: int, heldout_talk: int) -> Iterator[Utterance]:
    """Yield everything to synthesize, in an order that the seed determines.

    Args:
        out: folder for the files.
        texts: files of English text for the talk; sentences with a direction are skipped.
        seed: of the random choices.
        talk: sentences for training.
        heldout_talk: sentences for the evaluation.
    """
    rng = random.Random(seed)
    for word, count in sorted(COUNTS.items()):
        for number in range(count):
            yield _utterance(rng, rng.choice((word, word, word + ".", word + "!", word + "?")), out / "words" / word, number)
    for word in sorted(NEIGHBORS):
        for neighbor in neighbors_of(word):
            if neighbor in VOCABULARIES["18w"]:
                continue
            folder = re.sub(r"[^\w]", "-", neighbor.lower())
            for number in range(NEIGHBOR_CLIPS):
                yield _utterance(rng, neighbor, out / "neighbors" / folder, number)
            yield _utterance(rng, neighbor, out / "heldout" / "neighbors" / folder, 0, heldout=True)
    lines = list(sentences(texts))
    rng.shuffle(lines)
    for number, line in enumerate(lines[:talk]):
        yield _utterance(rng, line, out / "talk", number)
    for number, line in enumerate(lines[talk : talk + heldout_talk]):
        yield _utterance(rng, line, out / "heldout" / "talk", number, heldout=True)


def sentences(texts: Sequence[Path]) -> Iterator[str]:
    """The sentences of the text files without a direction, with 20 to 160 characters.

    Raises:
        TrainingError: a file cannot be read.
    """
    for path in texts:
        try:
            text = re.sub(r"\s+", " ", path.read_text("utf-8", "replace").replace("%", ". "))
        except OSError as error:
            raise TrainingError(f"{path} cannot be read: {reason_of(error)}") from None
        for sentence in re.split(r"(?<=[.!?])\s", text):
            clean = re.sub(r"[^A-Za-z0-9 ,.;:!?'-]", " ", sentence).strip(" -")
            if 20 <= len(clean) <= 160 and not DIRECTION_WORDS.search(clean):
                yield clean


def speak(utterance: Utterance) -> None:
    """Synthesize one utterance into its file (16 kHz mono FLAC), unless the file exists."""
    if utterance.path.exists():
        return
    if utterance.voice.startswith("flite:"):
        stretch = f"duration_stretch={160 / utterance.speed:.2f}"
        command = ["flite", "-voice", utterance.voice[6:], "--setf", f"int_f0_target_mean={utterance.pitch}", "--setf", stretch]
        command += ["-t", utterance.text, "-o", "/dev/stdout"]
    else:
        command = [
            "espeak-ng",
            "-v",
            utterance.voice,
            "-p",
            str(utterance.pitch),
            "-s",
            str(utterance.speed),
            "--stdout",
            utterance.text,
        ]
    wave = subprocess.run(command, capture_output=True, check=False).stdout
    if len(wave) <= 44:
        raise TrainingError(
            f"{command[0]} produced no sound for {utterance.text!r}; is it completely installed? (apt install espeak-ng flite)"
        )
    # A header written to a pipe contains no length: read the samples after it directly.
    rate = int.from_bytes(wave[24:28], "little")
    sound, _ = soundfile.read(
        io.BytesIO(wave[44:]), samplerate=rate, channels=1, format="RAW", subtype="PCM_16", dtype="float32"
    )
    write_flac(utterance.path, soxr.resample(sound, rate, SAMPLE_RATE))


def main() -> None:
    """Synthesize everything, two utterances at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the files")
    parser.add_argument("--text", type=Path, nargs="+", default=[], help="files of English text for the talk")
    parser.add_argument("--talk", type=int, default=2400, help="sentences of talk for training (default %(default)s)")
    parser.add_argument("--heldout-talk", type=int, default=400, help="sentences for the evaluation (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for program in ("espeak-ng", "flite"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed; apt install espeak-ng flite")
    try:
        _speak_all(list(plan(args.out, args.text, args.seed, args.talk, args.heldout_talk)))
    except TrainingError as error:
        raise SystemExit(f"voicetrail: {error}") from None


def _speak_all(todo: Sequence[Utterance]) -> None:
    pool = ThreadPoolExecutor(2)
    try:
        for done, _ in enumerate(pool.map(speak, todo), 1):
            if done % 500 == 0 or done == len(todo):
                output.write_line(f"{done} of {len(todo)}", flush=True)
    finally:
        # After an error the rest would only fail in the same way.
        pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
