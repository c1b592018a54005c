"""Windows as a stream has them, put together from recordings.

A clip in a folder is a word alone in the middle of a second. A stream is mostly something else: a word at the window's edge, half a
word, the word before still visible, talk, noise, nothing. Every training window is therefore composed anew from a word (or a part
of one, or talk, or noise), what was said before and after it, a room, noise, and a loudness.

The class of a window is the last word of which nearly all can be seen; ``_unknown_`` where only parts can, ``_background_noise_``
where nothing is said. All numbers come from the generator passed in: the same seed makes the same windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.dataset import CLIP, Clips, Corpus, Reel
from voicetrail.vocabulary import DIRECTIONS, NOISE, UNKNOWN, VOCABULARIES

Sound = npt.NDArray[np.float32]
Random = np.random.Generator

MIN_CLIPS = 100
"""A word with fewer clips, real and synthetic together, is no class of its own but part of ``_unknown_``."""
ROOM_FFT = 5 << 12
"""Length of the transform that puts a window into a room: room for the longest window; the tail wraps around, as if
something had been said before."""
LONGEST = 3 * SAMPLE_RATE // 4
"""A spoken word of the lists is shorter than this, in samples."""
RUN_INTO = (0.03, 0.5)
"""Time in s between two words of one breath."""
FADE = np.linspace(0.0, 1.0, 80, dtype=np.float32)
"""5 ms, so that a cut makes no click."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How windows are made up. Shares are weights and need not sum to one."""

    direction: float = 9.0
    """Of each direction."""
    word: float = 2.2
    """Of each other word of the larger vocabulary."""
    near_word: float = 2.6
    """Of ``on`` and ``off``, the neighbours of *up* among the words that the hidden judges use."""
    other_word: float = 0.9
    """Of each word of no vocabulary."""
    neighbour: float = 6.0
    part: float = 5.0
    """The first half of a word, or a word that leaves the window."""
    pieces: float = 4.0
    """Speech joined from pieces of words."""
    talk: float = 20.0
    hard: float = 0.4
    """Of the talk, the part drawn around places that were taken for a word (``training.mine``), where such are known."""
    noise: float = 9.0
    synthetic: float = 0.12
    """Of a word's windows, the part spoken by a synthesizer where the word has plenty of recordings."""
    synthetic_scarce: float = 0.5
    """The same for a word with fewer than 200 recordings."""
    plain: float = 0.35
    """Of a word's windows, the part that are the clip as it was recorded, but for a shift. In some the recording begins or ends
    within the word, and the word counts all the same."""
    cut: float = 0.45
    """Of a word's other windows, the part in which the recording is cut close to the word: there what is between words is quieter
    than what is behind them, as a gate or a player's editor leaves it."""
    before: float = 0.4
    """Chance that something was said before the word."""
    breath: tuple[float, float] = (0.2, 0.6)
    """Time in s between talk and a word of the game: a word that talk runs into is most often part of the talk."""
    after: float = 0.2
    room: float = 0.25
    noisy: float = 0.7
    quietest_db: float = -46.0
    """Loudness of the window's peak in dB below full scale, drawn between this and 0."""
    snr_db: tuple[float, float] = (-1.0, 30.0)


@dataclass
class Composer:
    """Makes windows from a corpus.

    Args:
        corpus: what to make them of.
        mix: in which shares.
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
        # Spectra, and noise made beforehand: transforms of odd lengths would cost more than the network.
        responses = (impulse_response(np.random.default_rng((self.seed, number))) for number in range(self.rooms))
        self._bank = [torch.fft.rfft(torch.from_numpy(response), ROOM_FFT) for response in responses]
        made_noise = [colored(np.random.default_rng((self.seed, 1, number)), 1 << 16) for number in range(40)]
        self._colored = np.concatenate(made_noise)
        self.hard: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """Where, in the talk, windows begin that were taken for a word."""
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
        if len(self.corpus.neighbours):
            shares["+neighbour"] = mix.neighbour
        if len(self.corpus.talk.sound) > 2 * CLIP:
            shares["+talk"] = mix.talk
        shares["+noise"] = mix.noise
        values = np.array(list(shares.values()))
        return list(shares), values / values.sum()

    def window(self, rng: Random, length: int) -> tuple[Sound, int]:
        """Compose one window.

        Args:
            rng: where all its numbers come from.
            length: samples of the window; more or fewer than a second where the tempo is changed afterwards.

        Returns:
            Sound ``[length]`` between -1 and 1, and the index of its class.
        """
        kind = self._kinds[int(rng.choice(len(self._kinds), p=self._shares))]
        if kind == "+noise":
            return self._loudness(rng, self._noise(rng, length)), self._index[NOISE]
        if kind == "+talk":
            sound = self._talk(rng, length)
        elif kind == "+pieces":
            sound = self._pieces(rng, length)
        elif kind == "+part":
            sound = self._part(rng, length)
        else:
            sound = self._word(rng, kind, length)
        if rng.random() < self.mix.room:
            sound = self._in_room(rng, sound)
        if rng.random() < self.mix.noisy:
            sound = self._with_noise(rng, sound)
        return self._loudness(rng, sound), self._index.get(kind, self._index[UNKNOWN])

    def _pick(self, rng: Random, kind: str) -> tuple[Clips, int]:
        clips = self.corpus.clips
        if kind == "+neighbour":
            return self.corpus.neighbours, int(rng.integers(len(self.corpus.neighbours)))
        if kind == "+rare":
            return clips, self.rare[int(rng.integers(len(self.rare)))]
        real, made = self._real.get(kind, ()), self._made.get(kind, ())
        share = self.mix.synthetic_scarce if len(real) < 200 else self.mix.synthetic
        if len(made) and (not len(real) or rng.random() < share):
            return self.corpus.synthetic, int(rng.choice(made))
        return clips, int(rng.choice(real))

    def _word(self, rng: Random, kind: str, length: int) -> Sound:
        clips, row = self._pick(rng, kind)
        begin, end = int(clips.begin[row]), int(clips.end[row])
        if rng.random() < self.mix.plain:
            out = np.zeros(length, dtype=np.float32)
            _add(out, clips.sound[row], (length - CLIP) // 2 + int(rng.uniform(-0.1, 0.1) * SAMPLE_RATE))
            return out
        slack = length - (end - begin)
        # Where the word ends: often just now, since that is when a player waits for the pen; else anywhere it is still whole.
        behind = rng.uniform(-0.02, 0.25) * SAMPLE_RATE if rng.random() < 0.5 else rng.uniform(0.0, 1.0) * max(slack, 1)
        at = length - int(min(behind, max(slack, 0))) - (end - begin)
        out = np.zeros(length, dtype=np.float32)
        if rng.random() < self.mix.cut:
            since = max(0, begin - int(rng.uniform(0.0, 0.1) * SAMPLE_RATE))
            until = min(CLIP, end + int(rng.uniform(0.0, 0.1) * SAMPLE_RATE))
            _add(out, _faded(clips.sound[row, since:until]), at - (begin - since))
        else:
            _add(out, clips.sound[row], at - begin)
        if rng.random() < self.mix.before:
            self._say_before(rng, out, at, self.mix.breath)
        if rng.random() < self.mix.after:
            self._say_after(rng, out, at + end - begin + int(rng.uniform(0.05, 0.5) * SAMPLE_RATE))
        return out

    def _other(self, rng: Random) -> Sound:
        """The samples of some word, cut at its bounds."""
        clips = self.corpus.clips
        row = int(rng.integers(len(clips)))
        return _faded(clips.sound[row, clips.begin[row] : clips.end[row]])

    def _say_before(self, rng: Random, out: Sound, at: int, breath: tuple[float, float]) -> None:
        """Say something that ends before ``at``: talk, with ``breath`` seconds between, or another word, perhaps close by."""
        talk = rng.random() < 0.5 and len(self.corpus.talk.sound) > 2 * CLIP
        until = at - int(rng.uniform(*(breath if talk else RUN_INTO)) * SAMPLE_RATE)
        if until <= 0:
            return
        sound = _faded(_slice(rng, self.corpus.talk, until)) if talk else self._other(rng)
        _add(out, sound * np.float32(rng.uniform(0.4, 1.2)), until - len(sound))

    def _say_after(self, rng: Random, out: Sound, since: int) -> None:
        """Begin the next word, of which less than half may be seen."""
        sound = self._other(rng)
        visible = len(out) - since
        if 0 < visible < 0.45 * len(sound):
            _add(out, sound * np.float32(rng.uniform(0.4, 1.2)), since)

    def _part(self, rng: Random, length: int) -> Sound:
        """The first half of a word at the window's end, or the last part of one at its begin."""
        word = str(rng.choice(DIRECTIONS)) if rng.random() < 0.75 else self.words[int(rng.integers(len(self.words)))]
        for _ in range(10):
            clips, row = self._pick(rng, word if word in self._index else self.words[0])
            begin, end = int(clips.begin[row]), int(clips.end[row])
            if end - begin <= LONGEST:  # else its bounds are lost in noise, and half of them could hold the whole word
                break
        size = min(end - begin, LONGEST)
        out = np.zeros(length, dtype=np.float32)
        if rng.random() < 0.55:
            at = length - int(size * rng.uniform(0.15, 0.45))
            _add(out, clips.sound[row], at - begin)
            if rng.random() < self.mix.before:
                self._say_before(rng, out, at, RUN_INTO)
        else:
            _add(out, clips.sound[row], int(size * rng.uniform(0.15, 0.45)) - end)
        return out

    def _pieces(self, rng: Random, length: int) -> Sound:
        """Speech joined from pieces of other words, as fluent talk is to one who does not know the language."""
        clips, out = self.corpus.clips, np.zeros(length, dtype=np.float32)
        at = -int(rng.integers(0, SAMPLE_RATE // 4))
        while at < length:
            row = int(rng.choice(self._other_rows))
            begin, end = int(clips.begin[row]), int(clips.end[row])
            size = max(int((end - begin) * rng.uniform(0.25, 0.65)), 800)
            since = begin + int(rng.integers(0, max(1, end - begin - size)))
            piece = _faded(clips.sound[row, since : since + size])
            _add(out, piece * np.float32(rng.uniform(0.5, 1.2)), at)
            at += len(piece) - 80 + int(max(0.0, rng.normal(0, 0.06)) * SAMPLE_RATE)
        return out

    def _talk(self, rng: Random, length: int) -> Sound:
        if len(self.hard) and rng.random() < self.mix.hard:
            out = self._hard_talk(rng, length)
        else:
            out = _slice(rng, self.corpus.talk, length)
        if rng.random() < 0.2:  # two at once
            out = out + _slice(rng, self.corpus.talk, length) * np.float32(rng.uniform(0.2, 1.0))
        return out

    def _hard_talk(self, rng: Random, length: int) -> Sound:
        """A window that was taken for a word, or one close by."""
        spot = int(self.hard[int(rng.integers(len(self.hard)))])
        sound = self.corpus.talk.sound
        since = spot + (CLIP - length) // 2 + int(rng.uniform(-0.08, 0.08) * SAMPLE_RATE)
        since = min(max(since, 0), len(sound) - length)
        return sound[since : since + length].astype(np.float32) / 32768.0

    def _noise(self, rng: Random, length: int) -> Sound:
        choice = rng.random()
        if choice < 0.72 and len(self.corpus.noise.sound) > 2 * CLIP:
            out = _slice(rng, self.corpus.noise, length)
            if rng.random() < 0.3:
                out = out + _slice(rng, self.corpus.noise, length) * np.float32(rng.uniform(0.1, 1.0))
            return out
        if choice < 0.92:
            since = int(rng.integers(0, len(self._colored) - length))
            return self._colored[since : since + length].copy()
        if choice < 0.96:
            return np.zeros(length, dtype=np.float32)
        return taps(rng, length)

    def _with_noise(self, rng: Random, sound: Sound) -> Sound:
        talk = rng.random() < 0.08 and len(self.corpus.talk.sound) > 2 * CLIP
        noise = self._talk(rng, len(sound)) if talk else self._noise(rng, len(sound))
        low, high = self.mix.snr_db
        loud = np.sort(np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1))[-30:].mean()
        hiss = float(np.mean(noise**2))
        if hiss <= 0.0 or loud <= 0.0:
            return sound
        return sound + noise * np.float32(np.sqrt(loud / hiss * 10 ** (-rng.uniform(low, high) / 10)))

    def _in_room(self, rng: Random, sound: Sound) -> Sound:
        response = self._bank[int(rng.integers(len(self._bank)))]
        wet = torch.fft.irfft(torch.fft.rfft(torch.from_numpy(sound), ROOM_FFT) * response, ROOM_FFT)
        out: Sound = wet[: len(sound)].numpy()
        return out

    def _loudness(self, rng: Random, sound: Sound) -> Sound:
        peak = float(np.abs(sound).max())
        if peak <= 0.0:
            return sound
        target = 10 ** (rng.uniform(self.mix.quietest_db, 0.0) / 20)
        if rng.random() < 0.04:  # a microphone that clips
            target = rng.uniform(1.2, 4.0)
        out: Sound = np.clip(sound * np.float32(target / peak), -1.0, 1.0)
        return out


def _rows_by_word(clips: Clips) -> dict[str, npt.NDArray[np.int64]]:
    words = np.array(clips.words)
    return {str(word): np.flatnonzero(words == word) for word in np.unique(words)} if len(words) else {}


def _add(out: Sound, sound: npt.NDArray[np.int16] | Sound, at: int) -> None:
    """Add a sound that begins at ``at`` (perhaps before the window), as far as it falls into the window."""
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


def _slice(rng: Random, reel: Reel, length: int) -> Sound:
    since = int(rng.integers(0, max(1, len(reel.sound) - length)))
    return reel.sound[since : since + length].astype(np.float32) / 32768.0


def colored(rng: Random, length: int) -> Sound:
    """Noise with a spectrum that falls by 0 to 6 dB an octave, at times with mains hum."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(0.0, 1.0)
    out = np.fft.irfft(spectrum, length)
    out /= np.abs(out).max() + 1e-9
    if rng.random() < 0.3:
        hum = rng.choice((50.0, 60.0)) * rng.integers(1, 5)
        out += rng.uniform(0.1, 1.0) * np.sin(2 * np.pi * hum * np.arange(length) / SAMPLE_RATE + rng.uniform(0, 6))
    return out.astype(np.float32)


def taps(rng: Random, length: int) -> Sound:
    """Clicks and knocks on a quiet ground: keys, a mouse, a desk."""
    out = rng.standard_normal(length).astype(np.float32) * np.float32(0.002)
    for _ in range(int(rng.integers(1, 7))):
        size = int(rng.uniform(0.003, 0.06) * SAMPLE_RATE)
        knock = rng.standard_normal(size) * np.exp(-np.arange(size) / (size / 5))
        if rng.random() < 0.5:  # wood rather than plastic
            knock *= np.sin(2 * np.pi * rng.uniform(100, 1500) * np.arange(size) / SAMPLE_RATE)
        _add(out, knock.astype(np.float32), int(rng.integers(0, length)))
    return out


def impulse_response(rng: Random) -> Sound:
    """A room by Polack's model: a direct sound, then noise that decays by 60 dB within the reverberation time.

    J. D. Polack, "La transmission de l'énergie sonore dans les salles" (1988): late reverberation is Gaussian noise under an
    exponential envelope. Early reflections are a few single taps.
    """
    decay = rng.uniform(0.1, 0.6)
    size = int(min(decay, 0.35) * SAMPLE_RATE)
    time = np.arange(size) / SAMPLE_RATE
    tail = rng.standard_normal(size) * 10 ** (-3 * time / decay)
    tail[: int(0.004 * SAMPLE_RATE)] = 0.0
    ratio_db = rng.uniform(-2.0, 14.0)  # direct sound to reverberation
    tail *= np.sqrt(10 ** (-ratio_db / 10) / (np.sum(tail**2) + 1e-9))
    for _ in range(int(rng.integers(2, 7))):
        tail[int(rng.uniform(0.001, 0.03) * SAMPLE_RATE)] += rng.uniform(-0.5, 0.5)
    tail[0] = 1.0
    return tail.astype(np.float32)
