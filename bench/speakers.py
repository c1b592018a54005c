"""Voices of simulated visitors: directions by validation speakers (not in the training data), and when each word ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from tests.e2e.lab import SPEECH_VARIABLE, Speech
from voicetrail.audio.gain import make_gain
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, WordHeard
from voicetrail.listening import Listener
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import load_recognizer
from voicetrail.training.data.recordings import word_bounds
from voicetrail.training.evaluate.streams import TAIL

BLOCK = 320
"""Samples of a block: 20 ms, as a microphone sends them."""
GAPS_S = (0.5, 1.2)
"""Range of the silence between two recordings, in s (recordings also begin and end with silence)."""
ROOM = 10 ** (-66 / 20)
"""Root mean square of the background noise (-66 dB)."""
STEPS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}
FARTHEST = 2
"""Maximum distance from the middle in steps, because a word at the edge of the board would move nothing."""
MATCH_WITHIN_S = 0.75
"""A detection later than this after the end of a word does not count for it. Over a connection, its delay is added."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word that a speaker says."""

    word: str
    end_s: float
    """End of the word in the stream, in s."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A stream of sound and what is said in it."""

    blocks: tuple[bytes, ...]
    """16-bit samples of 20 ms each."""
    said: tuple[Said, ...]

    @property
    def sound(self) -> npt.NDArray[np.float32]:
        """All samples, in the recognizer's format."""
        return (np.frombuffer(b"".join(self.blocks), dtype="<i2") / np.float32(32768)).astype(np.float32)


def find_speech() -> Speech:
    """Find the recordings in ``$VOICETRAIL_SPEECH``, or in ``../shared/speech`` next to the checkout.

    Raises:
        FileNotFoundError: there are no recordings.
    """
    named = os.environ.get(SPEECH_VARIABLE)
    return Speech(Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "speech")


def make_speaker(speech: Speech, seed: int, seconds: float) -> Speaker:
    """Make a speaker who says directions at a player's pace and stays near the middle of the board; deterministic for a seed."""
    rng = np.random.default_rng(seed)
    out = rng.normal(0, ROOM, round(seconds * SAMPLE_RATE)).astype(np.float32)
    said: list[Said] = []
    at, number, at_x, at_y = SAMPLE_RATE, 0, 0, 0
    while True:
        near = [word for word, (x, y) in STEPS.items() if abs(at_x + x) <= FARTHEST and abs(at_y + y) <= FARTHEST]
        word = near[int(rng.integers(len(near)))]
        at_x, at_y = at_x + STEPS[word][0], at_y + STEPS[word][1]
        clip, _ = soundfile.read(speech.clips(word, 1, seed * 1000 + number)[0], dtype="float32")
        if at + len(clip) + SAMPLE_RATE > len(out):
            break
        out[at : at + len(clip)] += clip
        said.append(Said(word, (at + word_bounds(clip)[1] - TAIL) / SAMPLE_RATE))
        at += len(clip) + round(rng.uniform(*GAPS_S) * SAMPLE_RATE)
        number += 1
    samples = (np.clip(out, -1, 32767 / 32768) * 32768).round().astype("<i2")
    whole = len(samples) // BLOCK * BLOCK
    return Speaker(tuple(samples[first : first + BLOCK].tobytes() for first in range(0, whole, BLOCK)), tuple(said))


def match(said: Sequence[Said], heard: Iterable[tuple[float, str]], within_s: float = MATCH_WITHIN_S) -> list[float | None]:
    """Return for each spoken word how long after its end it was detected, in s; ``None`` if it was missed."""
    left = sorted(heard)
    out: list[float | None] = []
    for each in said:
        found = next((at for at, word in left if word == each.word and each.end_s - 0.5 <= at <= each.end_s + within_s), None)
        if found is not None:
            left.remove((found, each.word))
        out.append(None if found is None else found - each.end_s)
    return out


class _Sound:
    """The blocks of a speaker as a source, without waiting."""

    name, live, delay_s = "speaker", False, None

    def __init__(self, speaker: Speaker) -> None:
        self._blocks = iter(np.split(speaker.sound, len(speaker.blocks)))

    def read(self, timeout: float) -> AudioBlock | SourceEnded:
        return next((AudioBlock(block) for block in self._blocks), SourceEnded(0))

    def close(self) -> None:
        pass

    def __enter__(self) -> _Sound:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def heard_by_one(speakers: Iterable[Speaker]) -> list[list[tuple[float, str]]]:
    """What a single listener detects for each speaker, without time limits: (time in the stream in s, word)."""
    recognizer = load_recognizer()
    out = []
    for speaker in speakers:
        listener = Listener(
            _Sound(speaker), recognizer, Detector(recognizer.labels, recognizer.detector), gain=make_gain("auto")
        )
        out.append([(event.time / SAMPLE_RATE, event.word) for event in listener.events() if isinstance(event, WordHeard)])
    return out
