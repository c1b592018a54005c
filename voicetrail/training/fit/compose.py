"""Composes training windows that look like windows of a stream.

A clip of a data set has one word in the middle of a second. Windows of a stream are mostly different: a word at the edge, half a word,
the end of the previous word, speech, noise, silence. Every training window is therefore composed of a word (or a part of one, or
speech, or noise), other speech before and after it, a room, noise, a level and a channel.

The class of a window is the last word that is almost complete in it; ``_unknown_`` if there are only parts of words, and
``_background_noise_`` if there is no speech. All random numbers come from the generator that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import Random, Sound
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.recordings import CLIP, Clips
from voicetrail.training.fit.mix import Mix
from voicetrail.training.fit.surroundings import Positions, Surroundings, piece, piece_around
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN, VOCABULARIES

MIN_CLIPS = 100
"""A word with fewer clips (real and synthetic) is not a class, but part of ``_unknown_``."""
LONGEST = 3 * SAMPLE_RATE // 4
"""Most samples of a word."""
RUN_INTO = (0.03, 0.45)
"""Range of the gap between two words in quick succession, in s."""
SAME_WORD_S = (0.55, 1.0)
"""Range of the time between the starts of two repetitions of a word, in s."""
FADE = np.linspace(0.0, 1.0, 80, dtype=np.float32)
"""Fade of 5 ms, to avoid clicks at cuts."""


@dataclass(frozen=True, slots=True)
class Window:
    """One training window."""

    sound: Sound
    """``[length]`` between -1 and 1"""
    label: int
    """Index of its class."""
    blank: int = 0
    """Samples at its start to blank, as the detector does."""


@dataclass
class Composer:
    """Makes windows from a corpus.

    Args:
        corpus: the recordings.
        mix: the shares of the kinds of windows.
        rooms: number of simulated rooms.
        seed: of the rooms.
    """

    corpus: Corpus
    mix: Mix = field(default_factory=Mix)
    rooms: int = 150
    seed: int = 0

    def __post_init__(self) -> None:
        real, made = _rows_by_word(self.corpus.clips), _rows_by_word(self.corpus.synthetic)
        names = sorted(set(real) | set(made))
        counts = {word: len(real.get(word, ())) + len(made.get(word, ())) for word in names}
        self.words = tuple(word for word in names if counts[word] >= MIN_CLIPS)
        self.rare = [row for word in names if counts[word] < MIN_CLIPS for row in real.get(word, ())]
        self.classes = (*self.words, UNKNOWN, NOISE)
        """The classes of the network, in order."""
        self._index = {name: index for index, name in enumerate(self.classes)}
        self._real, self._made = real, made
        self._other_rows = np.array([i for i, word in enumerate(self.corpus.clips.words) if word not in DIRECTIONS])
        self.surroundings = Surroundings(self.corpus, self.mix, self.rooms, self.seed)
        self.hard_talk: Positions = np.zeros(0, dtype=np.int64)
        """Starts of windows in the talk that were mistaken for a word."""
        self._directions = np.array([i for i, word in enumerate(self.corpus.clips.words) if word in DIRECTIONS])
        self._kinds, self._shares = self._make_shares()

    def _make_shares(self) -> tuple[list[str], npt.NDArray[np.float64]]:
        mix, shares = self.mix, {}
        for word in self.words:
            if word in DIRECTIONS:
                shares[word] = mix.direction
            elif word in ("on", "off"):
                shares[word] = mix.near_word
            else:
                shares[word] = mix.word if word in VOCABULARIES["18w"] else mix.other_word
        shares["+part"] = mix.part
        if len(self._other_rows):
            shares["+pieces"] = mix.pieces
        if self.rare:
            shares["+rare"] = mix.other_word
        if len(self.corpus.neighbors):
            shares["+neighbor"] = mix.neighbor
        if self.surroundings.talk_or_none():
            shares["+talk"] = mix.talk
        shares["+noise"] = mix.noise
        values = np.array(list(shares.values()))
        return list(shares), values / values.sum()

    def window(self, rng: Random, length: int) -> Window:
        """Compose one window.

        Args:
            rng: the random generator.
            length: samples of the window; not one second if the tempo is changed afterwards.
        """
        kind, blank = self._kinds[int(rng.choice(len(self._kinds), p=self._shares))], 0
        if kind == "+noise":
            sound = self.surroundings.noise(rng, length, self.mix.hard_noise)
        elif kind == "+talk":
            sound = self._talk(rng, length)
        elif kind == "+pieces":
            sound = self._pieces(rng, length)
        elif kind == "+part":
            sound, blank = self._part(rng, length)
        else:
            sound, blank = self._word(rng, kind, length)
        if kind in ("+noise", "+talk", "+pieces") and rng.random() < self.mix.blanked_other:
            blank = int(rng.uniform(0.1, 0.85) * length)
        # Recordings of noise already contain a room and noise.
        if kind != "+noise" or rng.random() < 0.2:
            if rng.random() < self.mix.room:
                sound = self.surroundings.in_room(rng, sound)
            if kind != "+noise":
                sound = self.surroundings.with_noise(rng, sound)
        label = NOISE if kind == "+noise" else kind
        return Window(self.surroundings.through_microphone(rng, sound), self._index.get(label, self._index[UNKNOWN]), blank)

    def _pick(self, rng: Random, kind: str) -> tuple[Clips, int]:
        clips = self.corpus.clips
        if kind == "+neighbor":
            return self.corpus.neighbors, int(rng.integers(len(self.corpus.neighbors)))
        if kind == "+rare":
            return clips, self.rare[int(rng.integers(len(self.rare)))]
        real, made = self._real.get(kind, ()), self._made.get(kind, ())
        share = self.mix.synthetic_scarce if len(real) < 200 else self.mix.synthetic
        if len(made) and (not len(real) or rng.random() < share):
            return self.corpus.synthetic, int(rng.choice(made))
        return clips, int(rng.choice(real))

    def _word(self, rng: Random, kind: str, length: int) -> tuple[Sound, int]:
        """A window with a complete word, and how many samples before it are blanked."""
        clips, row = self._pick(rng, kind)
        begin, end = int(clips.begin[row]), int(clips.end[row])
        blanked = rng.random() < self.mix.blanked
        out = np.zeros(length, dtype=np.float32)
        if not blanked and rng.random() < self.mix.plain:
            _add(out, clips.sound[row], (length - CLIP) // 2 + int(rng.uniform(-0.1, 0.1) * SAMPLE_RATE))
            return out, 0
        slack = length - (end - begin)
        # The end of the word is often at the end of the window, when a player waits for the pen; otherwise anywhere in it.
        behind = rng.uniform(-0.02, 0.25) * SAMPLE_RATE if rng.random() < 0.5 else rng.uniform(0.0, 1.0) * max(slack, 1)
        at = length - int(min(behind, max(slack, 0))) - (end - begin)
        if rng.random() < self.mix.cut:
            since = max(0, begin - int(rng.uniform(0.0, 0.1) * SAMPLE_RATE))
            until = min(CLIP, end + int(rng.uniform(0.0, 0.1) * SAMPLE_RATE))
            _add(out, _faded(clips.sound[row, since:until]), at - (begin - since))
        else:
            _add(out, clips.sound[row], at - begin)
        if blanked or rng.random() < self.mix.before:
            if rng.random() < (0.6 if blanked else self.mix.again):
                self._say_again(rng, out, at, kind, (clips, row))
            else:
                self._say_before(rng, out, at, self.mix.breath)
        if rng.random() < self.mix.after:
            self._say_after(rng, out, at + end - begin + int(rng.uniform(0.05, 0.5) * SAMPLE_RATE))
        return out, max(0, at - int(rng.uniform(0.0, 0.15) * SAMPLE_RATE)) if blanked else 0

    def _other(self, rng: Random) -> Sound:
        """The samples of a random word, cut at its bounds; every third one is a direction."""
        clips = self.corpus.clips
        direction = len(self._directions) and rng.random() < 0.33
        row = int(rng.choice(self._directions) if direction else rng.integers(len(clips)))
        return _faded(clips.sound[row, clips.begin[row] : clips.end[row]])

    def _say_again(self, rng: Random, out: Sound, at: int, kind: str, said: tuple[Clips, int]) -> None:
        """Add an earlier repetition of the word that starts at ``at``, from the same recording or another."""
        clips, row = said if rng.random() < 0.5 else self._pick(rng, kind)
        sound = _faded(clips.sound[row, clips.begin[row] : clips.end[row]])
        since = at - max(int(rng.uniform(*SAME_WORD_S) * SAMPLE_RATE), len(sound) + SAMPLE_RATE // 30)
        _add(out, sound * np.float32(rng.uniform(0.6, 1.4)), since)

    def _say_before(self, rng: Random, out: Sound, at: int, breath: tuple[float, float], talk_share: float = 0.4) -> None:
        """Add speech that ends before ``at``: talk, with a gap from ``breath`` (in s), or another word."""
        talk = rng.random() < talk_share and self.surroundings.talk_or_none()
        until = at - int(rng.uniform(*(breath if talk else RUN_INTO)) * SAMPLE_RATE)
        if until <= 0:
            return
        sound = _faded(piece(rng, self.corpus.talk, until)) if talk else self._other(rng)
        _add(out, sound * np.float32(rng.uniform(0.4, 1.2)), until - len(sound))

    def _say_after(self, rng: Random, out: Sound, since: int) -> None:
        """Add the start of the next word, less than half of it."""
        sound = self._other(rng)
        visible = len(out) - since
        if 0 < visible < 0.45 * len(sound):
            _add(out, sound * np.float32(rng.uniform(0.4, 1.2)), since)

    def _part(self, rng: Random, length: int) -> tuple[Sound, int]:
        """The first half of a word at the end of the window, or the last part of a word at its start or after blanking."""
        word = str(rng.choice(DIRECTIONS)) if rng.random() < 0.75 else self.words[int(rng.integers(len(self.words)))]
        for _ in range(10):
            clips, row = self._pick(rng, word if word in self._index else self.words[0])
            begin, end = int(clips.begin[row]), int(clips.end[row])
            if end - begin <= LONGEST:  # otherwise its bounds are unreliable, and half of it could contain the whole word
                break
        size = min(end - begin, LONGEST)
        out = np.zeros(length, dtype=np.float32)
        which = rng.random()
        if which < 0.45:
            at = length - int(size * rng.uniform(0.15, 0.45))
            _add(out, clips.sound[row], at - begin)
            if rng.random() < self.mix.before and self.surroundings.talk_or_none():
                # Not a word, because with two words the first would be the class of the window.
                self._say_before(rng, out, at, RUN_INTO, talk_share=1.0)
            return out, max(0, at - int(rng.uniform(0.0, 0.15) * SAMPLE_RATE)) if rng.random() < 0.3 else 0
        if which < 0.7:
            _add(out, clips.sound[row], int(size * rng.uniform(0.15, 0.45)) - end)
            return out, 0
        stop = int(rng.uniform(min(0.3 * SAMPLE_RATE, length / 2), length))
        _add(out, clips.sound[row], stop - end)
        return out, max(0, stop - int(size * rng.uniform(-0.3, 0.35)))

    def _pieces(self, rng: Random, length: int) -> Sound:
        """Speech joined from pieces of other words, similar to fluent speech."""
        clips, out = self.corpus.clips, np.zeros(length, dtype=np.float32)
        at = -int(rng.integers(0, SAMPLE_RATE // 4))
        while at < length:
            row = int(rng.choice(self._other_rows))
            begin, end = int(clips.begin[row]), int(clips.end[row])
            size = max(int((end - begin) * rng.uniform(0.25, 0.65)), 800)
            since = begin + int(rng.integers(0, max(1, end - begin - size)))
            part = _faded(clips.sound[row, since : since + size])
            _add(out, part * np.float32(rng.uniform(0.5, 1.2)), at)
            at += len(part) - 80 + int(max(0.0, rng.normal(0, 0.06)) * SAMPLE_RATE)
        return out

    def _talk(self, rng: Random, length: int) -> Sound:
        if len(self.hard_talk) and rng.random() < self.mix.hard:
            out = piece_around(rng, self.corpus.talk, self.hard_talk, length)
        else:
            out = piece(rng, self.corpus.talk, length)
        if rng.random() < 0.2:  # two at once
            out = out + piece(rng, self.corpus.talk, length) * np.float32(rng.uniform(0.2, 1.0))
        return out


def _rows_by_word(clips: Clips) -> dict[str, npt.NDArray[np.int64]]:
    words = np.array(clips.words)
    return {str(word): np.flatnonzero(words == word) for word in np.unique(words)} if len(words) else {}


def _add(out: Sound, sound: npt.NDArray[np.int16] | Sound, at: int) -> None:
    """Add the part of a sound that is inside the window; it starts at ``at``, which may be negative."""
    since, until = max(at, 0), min(at + len(sound), len(out))
    if since >= until:
        return
    part = sound[since - at : until - at]
    out[since:until] += part.astype(np.float32) / 32768.0 if part.dtype == np.int16 else part


def _faded(sound: npt.NDArray[np.int16] | Sound) -> Sound:
    out = sound.astype(np.float32) / 32768.0 if sound.dtype == np.int16 else sound.astype(np.float32)
    size = min(len(FADE), len(out))
    if size:
        out[:size] *= FADE[:size]
        out[-size:] *= FADE[:size][::-1]
    return out
