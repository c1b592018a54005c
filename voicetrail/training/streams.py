"""Sound as a room has it, for measuring: words at random gaps in noise, and speech that holds no direction.

Nothing here was trained on: the clips are the validation speakers', the noise and the phrases are held out (``training.dataset``),
and so are the synthetic voices. The validation speakers are halved once more, by a hash of their name: thresholds are chosen on one
half (``choosing``) and judged on the other (``judging``).
"""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.compose import colored
from voicetrail.training.dataset import CLIP, Clips, Corpus, Reel
from voicetrail.vocabulary import DIRECTIONS

Sound = npt.NDArray[np.float32]
Half = Literal["choosing", "judging"]

SNRS = (None, 20.0, 10.0, 5.0)
"""Conditions that words are heard in: level above the noise in dB, ``None`` for no noise."""
RUNNING = ("fluent", "phrases", "dialogue", "talk")
"""The streams of speech without a direction as a room has it. Of the others, ``words`` (single ones, one after another) and
``neighbours`` (chosen to be mistaken) are harder than any room, and ``noise`` is no speech."""
LEVEL = 10 ** (-26 / 20)
"""Root mean square of a word's loud part: -26 dB below full scale, as telephone speech is levelled (ITU-T P.56)."""
PAUSES = (0.3, 1.5)
"""Silence in s between two recordings of speech, drawn between these: no line of talk begins within the last word of another, and
talk stops and starts as it does between people."""
GAPS = (0.3, 1.5)
"""Silence in s between two words of a stream."""
AROUND = 0.1
"""How much of its recording, in s, is heard before and after a word: its bounds are found by its energy, and a faint end (the burst of
the *p* in *up*, which tells it from many a word) lies outside them."""
CROWDED_SHARE, CROWDED_GAPS = 0.2, (0.1, 0.8)
"""A stream in which one word in five is meant for the game and there is hardly a pause: as near to talk as commands come."""
TAIL = 5 * SAMPLE_RATE // 100
"""What ``word_bounds`` adds behind a word, in samples; taken off again where a latency is measured."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word in a stream."""

    word: str
    begin: int
    """In samples of the stream."""
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A piece of sound and what is said in it."""

    name: str
    sound: Sound
    """``[samples]``"""
    spoken: tuple[Spoken, ...] = ()

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return len(self.sound) / SAMPLE_RATE


def half(clips: Clips, which: Half) -> Clips:
    """One half of the speakers."""
    wanted = 0 if which == "choosing" else 1
    return clips.pick(
        row for row, path in enumerate(clips.paths) if zlib.crc32(Path(path).name.split("_")[0].encode()) % 2 == wanted
    )


def cut_word(clips: Clips, row: int, around: int = 0) -> Sound:
    """A word at ``LEVEL`` with soft edges, cut so many samples outside its bounds; what the recording lacks of these is silence."""
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
        words: what the game listens for.
        share: part of all words that are these.
        gaps: shortest and longest time between two words in s.
        around: how much of its recording, in s, is heard before and after a word.
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
        out += _noise(corpus, len(out), np.random.default_rng((seed, 1))) * np.float32(LEVEL * 10 ** (-snr_db / 20))
    name = "clean" if snr_db is None else f"{snr_db:g} dB"
    return Stream(name, np.clip(out, -1, 1), tuple(spoken))


def crowded_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Few words for the game among many others, with hardly a pause: what a guard against talk must not swallow."""
    found = word_stream(corpus, which, None, seconds, seed, words, share=CROWDED_SHARE, gaps=CROWDED_GAPS)
    return replace(found, name="crowded")


def close_stream(corpus: Corpus, which: Half, seconds: float, seed: int, words: Sequence[str] = DIRECTIONS) -> Stream:
    """Words cut close to their bounds, as a gate or an editor leaves them, between digital silence: some have lost their faint end."""
    return replace(word_stream(corpus, which, None, seconds, seed, words, around=0.0), name="cut close")


def noise_stream(corpus: Corpus, snr_db: float, seconds: float, seed: int) -> Stream:
    """Noise alone, as loud as where words are so much above it."""
    noise = _noise(corpus, int(seconds * SAMPLE_RATE), np.random.default_rng((seed, 3)))
    sound: Sound = np.clip(noise * np.float32(LEVEL * 10 ** (-snr_db / 20)), -1, 1)
    return Stream(f"noise, {snr_db:g} dB", sound)


def _noise(corpus: Corpus, length: int, rng: np.random.Generator) -> Sound:
    """Held-out noise of unit level, a new recording every five seconds, softly joined; made noise where too little is held out."""
    reel, step, join = corpus.noise.sound, 5 * SAMPLE_RATE, SAMPLE_RATE // 10
    if len(reel) <= step + join:
        reel = (colored(rng, 4 * (step + join)) * 16_384).astype(np.int16)
    out = np.zeros(length + step + join, dtype=np.float32)
    ramp = np.linspace(0, 1, join, dtype=np.float32)
    for at in range(0, length, step):
        since = int(rng.integers(0, len(reel) - step - join))
        piece = reel[since : since + step + join].astype(np.float32) / 32768.0
        piece = piece / np.float32(max(float(np.sqrt(np.mean(piece**2))), 1e-4))
        piece[:join] *= ramp
        piece[-join:] *= ramp[::-1]
        out[at : at + step + join] += piece
    return out[:length]


def negative_streams(corpus: Corpus, which: Half, seed: int, words: Sequence[str] = DIRECTIONS) -> list[Stream]:
    """Speech and noise that hold none of the words: every false move in them counts.

    ``words``: the other validation words, joined at short gaps. ``phrases``: held-out wake phrases, and prompts in another language.
    ``dialogue``: English as actors speak it. ``talk``: synthetic sentences by voices held out. ``neighbours``: words that resemble a
    direction, by the same voices. ``fluent``: pieces of the other words, joined as in fluent speech. ``noise``: held-out recordings
    without speech.

    The sentences of ``talk`` and ``dialogue`` hold no direction, but other words of a larger vocabulary, or such as sound like them
    (*know*, *to*); for such there is neither.
    """
    clips = half(corpus.clips, which)
    rng = np.random.default_rng((seed, 2))
    rest = [row for row, word in enumerate(clips.words) if word not in words]
    rng.shuffle(rest)
    near = corpus.neighbours
    near_rows = [row for row, word in enumerate(near.words) if row % 2 == (which == "judging") and word not in words]
    streams = [
        Stream("words", _joined([cut_word(clips, row) for row in rest], rng, 0.05, 0.6)),
        Stream("neighbours", _joined([cut_word(near, row) for row in near_rows], rng, 0.1, 0.6)),
        Stream("fluent", _joined(list(_pieces(clips, rest, rng)), rng, -0.01, 0.05)),
    ]
    # The talk's reel holds the phrases first.
    reels = [("phrases", corpus.phrases, 0), ("noise", corpus.noise, 0)]
    if set(words) <= set(DIRECTIONS):
        reels[1:1] = [("dialogue", corpus.dialogue, 0), ("talk", corpus.talk, len(corpus.phrases.names))]
    for number, (name, reel, since) in enumerate(reels):
        streams.append(Stream(name, _every_other(reel, since, which, None if name == "noise" else (seed, 4, number))))
    return [stream for stream in streams if len(stream.sound) > CLIP]


def _every_other(reel: Reel, since: int, which: Half, seed: tuple[int, ...] | None) -> Sound:
    """Every second recording of a reel from ``since`` on, so that either half has all kinds; of a single one the half.

    ``seed``: of the pauses between them; ``None`` for none.
    """
    if len(reel.names) - since == 1:
        begin, end = int(reel.begins[since]), int(reel.begins[since + 1])
        middle = (begin + end) // 2
        sound = reel.sound[begin:middle] if which == "choosing" else reel.sound[middle:end]
        return sound.astype(np.float32) / 32768.0
    rows = range(since + (which == "judging"), len(reel.names), 2)
    low, high = (0.0, 0.0) if seed is None else PAUSES
    pauses = np.random.default_rng(seed).uniform(low, high, len(rows)) * SAMPLE_RATE
    parts = [
        np.pad(reel.sound[reel.begins[row] : reel.begins[row + 1]], (0, int(pause)))
        for row, pause in zip(rows, pauses, strict=True)
    ]
    return np.concatenate([*parts, np.zeros(0, dtype=np.int16)]).astype(np.float32) / 32768.0


def _joined(sounds: list[Sound], rng: np.random.Generator, low: float, high: float) -> Sound:
    """Sounds one after another, ``low`` to ``high`` s apart."""
    at, places = SAMPLE_RATE // 2, []
    for sound in sounds:
        places.append(at)
        at += max(1, len(sound) + int(rng.uniform(low, high) * SAMPLE_RATE))
    out = np.zeros(at + SAMPLE_RATE, dtype=np.float32)
    for sound, place in zip(sounds, places, strict=True):
        out[place : place + len(sound)] += sound
    return np.clip(out, -1, 1)


def _pieces(clips: Clips, rows: Sequence[int], rng: np.random.Generator) -> list[Sound]:
    pieces = []
    for _ in range(2 * len(rows)):
        sound = cut_word(clips, int(rows[int(rng.integers(len(rows)))]))
        size = int(len(sound) * rng.uniform(0.25, 0.6))
        since = int(rng.integers(0, max(1, len(sound) - size)))
        pieces.append(sound[since : since + size] * np.hanning(size).astype(np.float32) ** np.float32(0.25))
    return pieces


def stretched(sound: Sound, tempo: float, pitch: float) -> Sound:
    """Change tempo and pitch (formants with it), each by a factor, with ffmpeg's overlap and add of similar waves.

    Raises:
        TrainingError: ffmpeg is not there or fails.
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
