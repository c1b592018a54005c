"""Streams of speech and noise without any direction, for counting false moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import Sound, coded
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import KITCHEN, MUSIC, READERS, Half
from voicetrail.training.data.recordings import CLIP, Clips, Recordings
from voicetrail.training.evaluate.clips import noise_of
from voicetrail.training.evaluate.streams import LEVEL, Stream, cut_word, half, noise_of_unit_level
from voicetrail.vocabulary import DIRECTIONS

SPEECH = ("fluent", "phrases", "dialogue", "talk", "readers")
"""The streams of realistic speech. Of the other streams, ``words`` (a sequence of single words) and ``neighbors`` (similar words) are
harder than realistic speech, and the rest is not speech."""
NOBODY = ("kitchen", "music", "noise")
"""The streams without speech."""
PAUSES = (0.3, 1.5)
"""Range of the silence between two recordings of speech, in s, as in a conversation."""


def negative_streams(corpus: Corpus, which: Half, seed: int, words: Sequence[str] = DIRECTIONS) -> list[Stream]:
    """Make the streams of speech and noise without any of the words.

    ``words``: other validation words, with short gaps. ``phrases``: held-out wake phrases, and prompts in another language.
    ``dialogue``: English dialogue by actors. ``talk``: synthetic sentences by held-out voices. ``readers``: books read aloud by
    held-out readers; ``readers, coded``: the same through a codec. ``neighbors``: words similar to a direction, by synthetic
    voices. ``fluent``: pieces of other words, joined as in fluent speech. ``kitchen``, ``music`` and ``noise``: held-out kinds of
    sound, as recorded, without speech.

    The sentences of ``talk``, ``dialogue`` and ``readers`` contain no direction, but may contain other words of a larger
    vocabulary or words that sound like them (*know*, *to*); with a larger vocabulary, these streams are omitted.
    """
    clips = half(corpus.clips, which)
    rng = np.random.default_rng((seed, 2))
    rest = [row for row, word in enumerate(clips.words) if word not in words]
    rng.shuffle(rest)
    near = corpus.neighbors
    near_rows = [row for row, word in enumerate(near.words) if row % 2 == (which == "judging") and word not in words]
    streams = [
        Stream("words", joined([cut_word(clips, row) for row in rest], rng, 0.05, 0.6)),
        Stream("neighbors", joined([cut_word(near, row) for row in near_rows], rng, 0.1, 0.6)),
        Stream("fluent", joined(pieces(clips, rest, rng), rng, -0.01, 0.05)),
        Stream("phrases", _every_other(corpus.phrases, which, (seed, 4, 0))),
    ]
    if set(words) <= set(DIRECTIONS):
        streams.append(Stream("dialogue", _every_other(corpus.dialogue, which, (seed, 4, 1))))
        streams.append(Stream("talk", _every_other(corpus.talk, which, (seed, 4, 2))))
        readers = reading(corpus.readers, which, seed)
        streams.append(Stream("readers", readers))
        if which == "judging" and len(readers):
            streams.append(Stream("readers, coded", coded(np.clip(readers, -1, 1), "opus")))
    noise = noise_of(corpus.noise, which)
    kinds = [_kind(name) for name in noise.names]
    for kind in NOBODY:
        part = noise.pick(row for row, each in enumerate(kinds) if each == kind)
        streams.append(Stream(kind, part.sound.astype(np.float32) / 32768.0))
    return [stream for stream in streams if len(stream.sound) > CLIP]


def noise_stream(corpus: Corpus, which: Half, snr_db: float, seconds: float, seed: int) -> Stream:
    """Noise without words, at the level that it has in a stream with words at this SNR."""
    noise = noise_of_unit_level(corpus, which, int(seconds * SAMPLE_RATE), np.random.default_rng((seed, 3)))
    return Stream(f"noise, {snr_db:g} dB", np.clip(noise * np.float32(LEVEL * 10 ** (-snr_db / 20)), -1, 1))


def _kind(name: str) -> str:
    return "kitchen" if name.startswith(KITCHEN) else "music" if name.startswith(MUSIC) else "noise"


def reading(readers: Recordings, which: Half, seed: int = 0) -> Sound:
    """The sentences of the readers of one half, with pauses between them."""
    rows = (row for row, name in enumerate(readers.names) if READERS.get(name.split("/")[-1].split("-")[0]) == which)
    return paused(readers.pick(rows), (seed, 4, 3))


def _every_other(recordings: Recordings, which: Half, seed: tuple[int, ...]) -> Sound:
    """Every second recording, so that each half has all kinds; half of a single recording."""
    if len(recordings.names) == 1:
        middle = len(recordings.sound) // 2
        sound = recordings.sound[:middle] if which == "choosing" else recordings.sound[middle:]
        return sound.astype(np.float32) / 32768.0
    return paused(recordings.pick(range(which == "judging", len(recordings.names), 2)), seed)


def paused(recordings: Recordings, seed: tuple[int, ...]) -> Sound:
    """Recordings with pauses between them."""
    rng, parts = np.random.default_rng(seed), [np.zeros(0, dtype=np.int16)]
    for row in range(len(recordings.names)):
        pause = int(rng.uniform(*PAUSES) * SAMPLE_RATE)
        parts.append(np.pad(recordings.sound[recordings.begins[row] : recordings.begins[row + 1]], (0, pause)))
    return np.concatenate(parts).astype(np.float32) / 32768.0


def joined(sounds: list[Sound], rng: np.random.Generator, low: float, high: float) -> Sound:
    """Concatenate sounds with gaps of ``low`` to ``high`` s."""
    at, places = SAMPLE_RATE // 2, []
    for sound in sounds:
        places.append(at)
        at += max(1, len(sound) + int(rng.uniform(low, high) * SAMPLE_RATE))
    out = np.zeros(at + SAMPLE_RATE, dtype=np.float32)
    for sound, place in zip(sounds, places, strict=True):
        out[place : place + len(sound)] += sound
    return np.clip(out, -1, 1)


def pieces(clips: Clips, rows: Sequence[int], rng: np.random.Generator) -> list[Sound]:
    """Random pieces of the words in these rows, two for each, with faded edges."""
    out = []
    for _ in range(2 * len(rows)):
        sound = cut_word(clips, int(rows[int(rng.integers(len(rows)))]))
        size = int(len(sound) * rng.uniform(0.25, 0.6))
        since = int(rng.integers(0, max(1, len(sound) - size)))
        out.append(sound[since : since + size] * np.hanning(size).astype(np.float32) ** np.float32(0.25))
    return out
