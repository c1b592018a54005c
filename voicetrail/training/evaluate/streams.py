"""Makes streams with words for measurements: with random gaps, in noise, among other words.

All data are held out of training: the clips are those of the validation speakers, and the noise is held out
(``training.data.heldout``). The validation speakers are split into halves by a hash of their names: thresholds are chosen on one
half (``choosing``) and measured on the other (``judging``). ``conditions`` transforms these streams, and ``negatives`` makes
streams without words.
"""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import colored
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import Half
from voicetrail.training.data.recordings import CLIP, Clips
from voicetrail.training.evaluate.clips import noise_of
from voicetrail.vocabulary import DIRECTIONS

Sound = npt.NDArray[np.float32]

SNRS_DB = (None, 20.0, 10.0, 5.0, 0.0)
"""Signal-to-noise ratios of the conditions, in dB; ``None`` for no noise."""
LEVEL = 10 ** (-26 / 20)
"""Root mean square of the loud part of a word: -26 dB, the usual level of telephone speech (ITU-T P.56)."""
GAPS = (0.3, 1.5)
"""Range of the silence between two words, in s."""
AROUND = 0.1
"""How much of its recording, in s, is included before and after a word. The bounds of a word are found by its energy, and a faint end
(such as the burst of the *p* in *up*) is outside of them."""
CROWDED_SHARE, CROWDED_GAPS = 0.2, (0.1, 0.8)
"""Part of the target words, and range of the gaps in s, of a crowded stream: similar to running speech."""
RAPID_GAPS = (0.1, 0.35)
"""Range of the silence between directions in quick succession, in s."""
SAME_WORD_S = (0.65, 1.0)
"""Range of the time between the starts of repetitions of a word, in s."""
TAIL = 5 * SAMPLE_RATE // 100
"""Samples that ``word_bounds`` adds after a word; they are subtracted for latencies."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word in a stream."""

    word: str
    begin: int
    """Start, in samples of the stream."""
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """Sound, with the words in it."""

    name: str
    sound: Sound
    """``[samples]``"""
    spoken: tuple[Spoken, ...] = ()

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return len(self.sound) / SAMPLE_RATE

    def up_to(self, seconds: float) -> Stream:
        """Its first seconds; the words in it are left as they are, so this is for streams without."""
        return replace(self, sound=self.sound[: round(seconds * SAMPLE_RATE)]) if seconds < self.seconds else self


def half(clips: Clips, which: Half) -> Clips:
    """One half of the speakers."""
    remainder = 0 if which == "choosing" else 1
    return clips.pick(
        row for row, path in enumerate(clips.paths) if zlib.crc32(Path(path).name.split("_")[0].encode()) % 2 == remainder
    )


def cut_word(clips: Clips, row: int, around: int = 0) -> Sound:
    """A word at ``LEVEL`` with faded edges, cut ``around`` samples outside of its bounds, and padded with silence if necessary."""
    begin, end = int(clips.begin[row]), int(clips.end[row])
    since, until = max(0, begin - around), min(CLIP, end + around)
    sound = clips.sound[row, since:until].astype(np.float32) / 32768.0
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    loud = float(np.sqrt(np.sort(np.mean(frames**2, axis=1))[-20:].mean())) if len(frames) else 0.0
    sound = sound * np.float32(LEVEL / max(loud, 1e-4))
    edge = min(160, len(sound) // 2)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    out: Sound = np.pad(np.clip(sound, -1, 1), (around - (begin - since), around - (until - end)))
    return out


def word_stream(
    corpus: Corpus,
    which: Half,
    snr_db: float | None,
    seconds: float,
    seed: int,
    words: Sequence[str] = DIRECTIONS,
    *,
    share: float = 0.5,
    gaps: tuple[float, float] = GAPS,
    around: float = AROUND,
) -> Stream:
    """Words among other words.

    Args:
        corpus: the validation split.
        which: half of the speakers.
        snr_db: level of the words above the noise in dB, ``None`` for no noise.
        seconds: length.
        seed: of the order, the gaps and the noise. The words are the same for every ``snr_db``.
        words: the target words, which the game listens for.
        share: part of the words that are target words.
        gaps: shortest and longest gap between two words, in s.
        around: how much of its recording, in s, is included before and after a word.
    """
    clips = half(corpus.clips, which)
    rng = np.random.default_rng(seed)
    rows = {word: np.flatnonzero(np.array(clips.words) == word) for word in sorted(set(clips.words))}
    targets, others = [w for w in words if w in rows], [w for w in rows if w not in words]
    out, spoken = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32), []
    at, extra = SAMPLE_RATE, int(around * SAMPLE_RATE)
    while rows:
        pool = others if not targets or (rng.random() >= share and others) else targets
        word = pool[int(rng.integers(len(pool)))]
        row = int(rng.choice(rows[word]))
        sound, end = cut_word(clips, row, extra), at + int(clips.end[row] - clips.begin[row])
        if end + SAMPLE_RATE > len(out):
            break
        out[at - extra : end + extra] += sound
        if word in words:
            spoken.append(Spoken(word, at, end - TAIL))
        at = end + int(rng.uniform(*gaps) * SAMPLE_RATE)
    if snr_db is not None:
        out += noise_of_unit_level(corpus, which, len(out), np.random.default_rng((seed, 1))) * np.float32(
            LEVEL * 10 ** (-snr_db / 20)
        )
    name = "clean" if snr_db is None else f"{snr_db:g} dB"
    return Stream(name, np.clip(out, -1, 1), tuple(spoken))


def crowded_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Few target words among many others, with short gaps: the talk shift must not reject them."""
    found = word_stream(corpus, which, None, seconds, seed, words, share=CROWDED_SHARE, gaps=CROWDED_GAPS)
    return replace(found, name="crowded")


def close_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Words cut close to their bounds, as by a noise gate, with digital silence between them; some have lost their faint ends."""
    return replace(word_stream(corpus, which, None, seconds, seed, words, around=0.0), name="cut close")


def rapid_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Target words only, with gaps of 0.1 to 0.35 s."""
    return replace(
        word_stream(corpus, which, None, seconds, seed, words, share=1.0, gaps=RAPID_GAPS, around=0.03), name="rapid"
    )


def same_word_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Groups of four repetitions of one word by one speaker (one recording at varied levels), with pauses between the groups."""
    clips, rng = half(corpus.clips, which), np.random.default_rng(seed)
    rows = {word: np.flatnonzero(np.array(clips.words) == word) for word in words if word in clips.words}
    out, spoken, at = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32), list[Spoken](), SAMPLE_RATE
    extra = int(0.03 * SAMPLE_RATE)
    while rows:
        word = sorted(rows)[int(rng.integers(len(rows)))]
        row = int(rng.choice(rows[word]))
        sound, size = cut_word(clips, row, extra), int(clips.end[row] - clips.begin[row])
        for _ in range(4):
            if at + size + SAMPLE_RATE > len(out):
                return Stream("same word", np.clip(out, -1, 1), tuple(spoken))
            out[at - extra : at + size + extra] += sound * np.float32(10 ** (rng.uniform(-3, 3) / 20))
            spoken.append(Spoken(word, at, at + size - TAIL))
            at += max(int(rng.uniform(*SAME_WORD_S) * SAMPLE_RATE), size + extra)
        at += int(1.2 * SAMPLE_RATE)
    return Stream("same word", out)


def noise_of_unit_level(corpus: Corpus, which: Half, length: int, rng: np.random.Generator, kinds: Sequence[str] = ()) -> Sound:
    """Held-out noise of unit level, with a new recording every five seconds, cross-faded; generated noise if too little is held out.

    ``kinds``: prefixes of the names of the recordings; empty for all.
    """
    noise = noise_of(corpus.noise, which)
    if kinds:
        noise = noise.pick(row for row, name in enumerate(noise.names) if name.startswith(tuple(kinds)))
    held, step, join = noise.sound, 5 * SAMPLE_RATE, SAMPLE_RATE // 10
    if len(held) <= step + join:
        held = (colored(rng, 4 * (step + join)) * 16_384).astype(np.int16)
    out = np.zeros(length + step + join, dtype=np.float32)
    ramp = np.linspace(0, 1, join, dtype=np.float32)
    for at in range(0, length, step):
        since = int(rng.integers(0, len(held) - step - join))
        piece = held[since : since + step + join].astype(np.float32) / 32768.0
        piece = piece / np.float32(max(float(np.sqrt(np.mean(piece**2))), 1e-4))
        piece[:join] *= ramp
        piece[-join:] *= ramp[::-1]
        out[at : at + step + join] += piece
    return out[:length]


def stretched(sound: Sound, tempo: float, pitch: float) -> Sound:
    """Change tempo and pitch (including formants) by factors, with ffmpeg (waveform-similarity overlap-add).

    Raises:
        TrainingError: ffmpeg is not installed, or fails.
    """
    change = f"asetrate={round(SAMPLE_RATE * pitch)},aresample={SAMPLE_RATE},atempo={tempo / pitch:.6f}"
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    command = ["ffmpeg", "-v", "error", "-nostdin", *raw, "-i", "pipe:0", "-af", change, *raw, "pipe:1"]
    try:
        done = subprocess.run(
            command, input=np.ascontiguousarray(sound, dtype="<f4").tobytes(), capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise TrainingError(f"ffmpeg cannot change a voice ({error}); apt install ffmpeg") from None
    out = np.frombuffer(done.stdout, dtype="<f4").astype(np.float32)
    length = round(len(sound) / tempo)
    return np.pad(out[:length], (0, max(0, length - len(out))))
