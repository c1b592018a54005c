"""Streams of the training speakers, and speech and noise of the training, in changing surroundings: what a score filter is fitted to.

The network knows the words of its own training hardly better than those of others (``weights/EXPERIMENTS.md``), so its scores on them
show how scores rise and fall. Nothing that is held out (``training.data.heldout``) is in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import Random, Sound, coded, hum, impulse_response, telephone, through_rooms
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import Half
from voicetrail.training.data.recordings import CLIP, Clips, Samples
from voicetrail.training.evaluate.conditions import faster
from voicetrail.training.evaluate.negatives import joined, paused, pieces
from voicetrail.training.evaluate.streams import (
    LEVEL,
    Stream,
    close_stream,
    crowded_stream,
    cut_word,
    rapid_stream,
    same_word_stream,
    word_stream,
)
from voicetrail.vocabulary import DIRECTIONS

SEGMENT = 20 * SAMPLE_RATE
"""Samples after which the surroundings change."""
LONGEST_S = 600.0
"""Length of the longest stream, in s."""
SHORT_S = 400.0
"""Length of a stream of words in quick succession, in s."""
TEMPOS, SEMITONES = (0.75, 1.35), (-3.0, 4.0)
"""Ranges of the tempo, and of the pitch in semitones, of half of the streams."""
NOISE_DB, TALK_DB, HUM_DB = (-1.0, 25.0), (3.0, 20.0), (-4.0, 15.0)
"""Ranges of the level of words above noise, people talking and mains hum, in dB."""
SINGLE_WORDS = 4000
"""Other words in a stream of single words."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How often a segment has each kind of surroundings, from 0 to 1."""

    room: float = 0.3
    measured: float = 0.6
    """Part of the rooms that are measured."""
    noise: float = 0.4
    talk: float = 0.25
    """Segments with people talking instead of noise."""
    talk_in_room: float = 0.4
    hum: float = 0.06
    telephone: float = 0.05
    gsm: float = 0.03
    opus: float = 0.02
    clipped: float = 0.07
    quiet: float = 0.1


class Segments:
    """Puts the segments of a stream into random surroundings, without moving its words.

    Args:
        corpus: the training split.
        shares: how often each kind occurs.
        rng: the random generator.
    """

    def __init__(self, corpus: Corpus, shares: Shares, rng: Random) -> None:
        self._corpus, self._shares, self._rng = corpus, shares, rng
        self._rooms = list(corpus.rooms.values())

    def changed(self, stream: Stream) -> Stream:
        """The stream with other surroundings in each segment."""
        parts = [self._changed(stream.sound[at : at + SEGMENT]) for at in range(0, len(stream.sound), SEGMENT)]
        return replace(stream, sound=np.concatenate(parts))

    def _changed(self, sound: Sound) -> Sound:
        rng, shares = self._rng, self._shares
        if rng.random() < shares.room:
            sound = self._in_room(sound, shares.measured)
        kind = rng.random()
        if kind < shares.noise:
            sound = sound + self._noise(len(sound)) * _below(rng, NOISE_DB)
        elif kind < shares.noise + shares.talk:
            sound = sound + self._talk(len(sound)) * _below(rng, TALK_DB)
        if rng.random() < shares.hum:
            sound = sound + hum(rng, len(sound)) * _below(rng, HUM_DB)
        return np.clip(self._through_microphone(sound), -1, 1).astype(np.float32)

    def _in_room(self, sound: Sound, measured: float) -> Sound:
        rng = self._rng
        if self._rooms and rng.random() < measured:
            response = self._rooms[int(rng.integers(len(self._rooms)))]
        else:
            response = impulse_response(rng)
        return through_rooms(sound, [response], len(sound))

    def _noise(self, length: int) -> Sound:
        """Noise of unit level, another recording every five seconds."""
        noise, step = self._corpus.noise.sound, 5 * SAMPLE_RATE
        pieces = [_unit(_piece(self._rng, noise, step)) for _ in range(0, length, step)]
        return np.concatenate(pieces)[:length]

    def _talk(self, length: int) -> Sound:
        """One to three people talking, at unit level together, at times in a room of their own."""
        rng = self._rng
        sources = [each.sound for each in (self._corpus.behind, self._corpus.talk) if len(each.sound) > length]
        out = np.zeros(length, dtype=np.float32)
        for _ in range(int(rng.integers(1, 4)) if sources else 0):
            out += _piece(rng, sources[int(rng.integers(len(sources)))], length)
        if rng.random() < self._shares.talk_in_room:
            out = self._in_room(out, 0.0)
        return _unit(out)

    def _through_microphone(self, sound: Sound) -> Sound:
        rng, shares = self._rng, self._shares
        choices: Sequence[tuple[float, Callable[[Sound], Sound]]] = (
            (shares.telephone, telephone),
            (shares.gsm, lambda x: coded(np.clip(x, -1, 1), "gsm")),
            (shares.opus, lambda x: coded(np.clip(x, -1, 1), "opus")),
            (shares.clipped, lambda x: x * np.float32(10 ** (rng.uniform(10, 25) / 20))),
            (shares.quiet, lambda x: (np.round(x * 10 ** (rng.uniform(-40, -20) / 20) * 32767) / 32768).astype(np.float32)),
        )
        choice = rng.random()
        for share, change in choices:
            if choice < share:
                return change(sound)
            choice -= share
        return sound


def spoken_stream(
    corpus: Corpus, number: int, seed: int, words: Sequence[str] = DIRECTIONS, shares: Shares | None = None
) -> Stream:
    """A stream of target words among other words: at intervals, cut close, crowded, in quick succession, or repeated.

    Each stream has a random generator of its own, so that several processes can make them.

    Args:
        corpus: the training split.
        number: of the stream.
        seed: of all streams.
        words: the target words.
        shares: of the surroundings.
    """
    rng = np.random.default_rng((seed, 0, number))
    which: Half = "choosing" if number % 2 else "judging"  # here they are halves of the training speakers
    kind, its_seed = rng.random(), seed * 1000 + number
    if kind < 0.55:
        stream = word_stream(corpus, which, None, LONGEST_S, its_seed, words)
    elif kind < 0.67:
        stream = close_stream(corpus, which, LONGEST_S, its_seed, words)
    elif kind < 0.85:
        stream = crowded_stream(corpus, which, LONGEST_S, its_seed, words)
    elif kind < 0.95:
        stream = rapid_stream(corpus, which, SHORT_S, its_seed, words)
    else:
        stream = same_word_stream(corpus, which, SHORT_S, its_seed, words)
    if rng.random() < 0.5:
        tempo, pitch = float(rng.uniform(*TEMPOS)), float(2 ** (rng.uniform(*SEMITONES) / 12))
        stream = faster(stream, tempo, pitch)
    return Segments(corpus, shares or Shares(), rng).changed(stream)


class Kind(Enum):
    """A kind of streams without any direction."""

    TALK = "talk"
    """Speech as recorded."""
    CHANGED_TALK = "changed talk"
    """The same in random surroundings."""
    NOISE = "noise"
    WORDS = "words"
    """Other words, one by one."""
    FLUENT = "fluent"
    """Pieces of other words, joined as in fluent speech."""
    NEIGHBORS = "neighbors"
    """Words that sound like a direction."""


NO_WORDS = (Kind.TALK, Kind.CHANGED_TALK, Kind.NOISE)
"""Kinds without a word of any vocabulary."""


def other_streams(corpus: Corpus, kind: Kind, seed: int, shares: Shares | None = None) -> Iterator[Stream]:
    """The streams of one kind without any direction.

    Args:
        corpus: the training split.
        kind: which.
        seed: of all of them.
        shares: of the surroundings.
    """
    rng = np.random.default_rng((seed, 1, list(Kind).index(kind)))
    rest = np.array([row for row, word in enumerate(corpus.clips.words) if word not in DIRECTIONS], dtype=np.int64)
    match kind:
        case Kind.TALK:
            yield from _cut(Stream(kind.value, paused(corpus.talk, (seed, 2))))
        case Kind.CHANGED_TALK:
            segments = Segments(corpus, shares or Shares(), rng)
            yield from map(segments.changed, _cut(Stream(kind.value, paused(corpus.talk, (seed, 2)))))
        case Kind.NOISE:
            yield from _cut(Stream(kind.value, corpus.noise.sound.astype(np.float32) / 32768.0))
        case Kind.WORDS:
            for _ in range(2):
                yield Stream(kind.value, _single(corpus.clips, rng.permutation(rest)[:SINGLE_WORDS], rng, 0.05))
        case Kind.FLUENT:
            for _ in range(2):
                rows = rng.permutation(rest)[: SINGLE_WORDS // 6].tolist()
                yield Stream(kind.value, joined(pieces(corpus.clips, rows, rng), rng, -0.01, 0.05))
        case Kind.NEIGHBORS:
            near = corpus.neighbors
            rows = rng.permutation([row for row, word in enumerate(near.words) if word not in DIRECTIONS])
            if len(rows):
                yield Stream(kind.value, _single(near, rows, rng, 0.1))


def _single(clips: Clips, rows: npt.NDArray[np.int64], rng: Random, shortest: float) -> Sound:
    """Words one by one, ``shortest`` to 0.6 s apart."""
    return joined([cut_word(clips, int(row)) for row in rows], rng, shortest, 0.6)


def _cut(stream: Stream) -> Iterator[Stream]:
    length = round(LONGEST_S * SAMPLE_RATE)
    for at in range(0, len(stream.sound), length):
        if len(stream.sound) - at > CLIP:
            yield replace(stream, sound=stream.sound[at : at + length])


def _piece(rng: Random, sound: Samples, length: int) -> Sound:
    since = int(rng.integers(0, max(1, len(sound) - length)))
    return np.resize(sound[since : since + length], length).astype(np.float32) / np.float32(32768.0)


def _unit(sound: Sound) -> Sound:
    out: Sound = sound / np.float32(max(float(np.sqrt(np.mean(sound**2))), 1e-4))
    return out


def _below(rng: Random, range_db: tuple[float, float]) -> np.float32:
    """The level of unit sound that is so far below the words."""
    return np.float32(LEVEL * 10 ** (-rng.uniform(*range_db) / 20))
