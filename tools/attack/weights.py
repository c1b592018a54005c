"""Attacks the loading of weights: seeded mutations of a shipped file's header and tensors.

    python -m tools.attack weights --count 1000

Each mutant must either give a recognizer with finite scores, or an error message of one printable line, within 2 s and 200 MB.
"""

from __future__ import annotations

import json
import random
import struct
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tools.attack.memory import peak_mb
from voicetrail.errors import WeightsError
from voicetrail.spotting.locate import find_weights
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.score_filter import INPUTS, FilteredScores, ScoreFilter
from voicetrail.spotting.weights import load_weights

LONGEST_S = 2.0
MEMORY_MB = 200.0
PIECES = ("NaN", "1e400", "-1", "null", "[]", "{}", "99999999999999999999", '"\\u001b[2J"', '"\\ud800"', '"../x"', "true", '""')


@dataclass
class Outcome:
    """The result of an attack."""

    mutants: int = 0
    loaded: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    grown_mb: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.mutants} mutants: {self.loaded} loaded, {self.refused} refused, {len(self.failures)} failures; slowest "
            f"{self.slowest_s:.2f} s, memory grew by {self.grown_mb:.0f} MB"
        )


def run(count: int = 1000, seed: int = 1) -> Outcome:
    """Load mutants.

    Args:
        count: number of mutants.
        seed: seed of the mutations.
    """
    rng, outcome = random.Random(seed), Outcome()
    whole = _with_filter(find_weights("directional4w").read_bytes())
    Recognizer(load_weights("directional4w"))  # what is loaded once does not count
    before = peak_mb()
    with tempfile.TemporaryDirectory(prefix="voicetrail-attack-") as folder:
        path = Path(folder) / "mutant.safetensors"
        for number in range(count):
            path.write_bytes(_mutant(rng, whole))
            began = time.perf_counter()
            try:
                recognizer = Recognizer(load_weights(path))
                scores = recognizer.score(np.zeros(recognizer.window_samples, dtype=np.float32))
                outcome.loaded += 1
                if recognizer.score_filter is not None:
                    scores = FilteredScores(recognizer.labels, recognizer.score_filter).feed(recognizer.hop, scores)
                if not all(np.isfinite(scores)):
                    outcome.failures.append(f"mutant {number} of seed {seed}: scores that are no numbers")
            except WeightsError as error:
                outcome.refused += 1
                if not str(error).isprintable():
                    outcome.failures.append(f"mutant {number} of seed {seed}: a message that cannot be shown")
            except Exception as error:  # whatever it is, it is what the attack looks for
                outcome.failures.append(f"mutant {number} of seed {seed}: {type(error).__name__}: {error}")
            took = time.perf_counter() - began
            outcome.slowest_s = max(outcome.slowest_s, took)
            if took > LONGEST_S:
                outcome.failures.append(f"mutant {number} of seed {seed}: {took:.1f} s")
            outcome.mutants += 1
    outcome.grown_mb = peak_mb() - before
    if outcome.grown_mb > MEMORY_MB:
        outcome.failures.append(f"memory grew by {outcome.grown_mb:.0f} MB")
    return outcome


def _with_filter(whole: bytes) -> bytes:
    """The file with a score filter in its metadata, which not all weights have."""
    size = struct.unpack("<Q", whole[:8])[0]
    data = json.loads(whole[8 : 8 + size])
    meta = json.loads(data["__metadata__"]["voicetrail"])
    meta["score_filter"] = ScoreFilter(((0.25,) * len(INPUTS),) * 4, -0.5).to_dict()
    meta["unfiltered_detector"] = meta["detector"]
    data["__metadata__"]["voicetrail"] = json.dumps(meta)
    header = json.dumps(data).encode()
    return struct.pack("<Q", len(header)) + header + whole[8 + size :]


def _mutant(rng: random.Random, whole: bytes) -> bytes:
    """A mutant of the file: with a changed header, changed metadata, changed numbers, or a missing part."""
    size = struct.unpack("<Q", whole[:8])[0]
    header, body = whole[8 : 8 + size], whole[8 + size :]
    kind = rng.random()
    if kind < 0.45:  # a value of the metadata
        data = json.loads(header)
        text = data["__metadata__"]["voicetrail"]
        at = rng.randrange(len(text))
        end = min(len(text), at + rng.choice((0, 1, 3, 8)))
        data["__metadata__"]["voicetrail"] = text[:at] + rng.choice(PIECES) + text[end:]
        header = json.dumps(data).encode()
    elif kind < 0.6:  # the table of tensors
        text = header.decode()
        at = rng.randrange(len(text))
        header = (text[:at] + rng.choice(PIECES) + text[at + rng.choice((0, 1, 4)) :]).encode("utf-8", "surrogatepass")
    elif kind < 0.85:  # numbers, among them infinities and NaN in half precision
        changed = bytearray(body)
        for _ in range(rng.choice((1, 20, 2000))):
            at = rng.randrange(0, len(changed) - 1, 2)
            changed[at : at + 2] = rng.choice((b"\x00\x7c", b"\x00\xfc", b"\x01\x7e", b"\xff\x7b", rng.randbytes(2)))
        body = bytes(changed)
    else:
        joined = struct.pack("<Q", rng.choice((size, 0, 2**63, size + 1))) + header + body
        return joined[: rng.randrange(len(joined))] if rng.random() < 0.7 else joined
    return struct.pack("<Q", len(header)) + header + body
