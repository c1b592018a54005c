"""Adds surroundings to training windows: rooms, noise, background speech, microphone and channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.acoustics import Random, Sound, coded, colored, companded, hum, impulse_response, taps
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.recordings import CLIP, Recordings
from voicetrail.training.fit.mix import Mix

ROOM_FFT = 1 << 15
"""Length of the transform for convolving a window with a room. It fits the longest window; the tail of the response wraps around, like
the reverberation of earlier speech."""
LONGEST_RESPONSE = 3 * SAMPLE_RATE // 4
"""Most samples of a measured response; the rest is below the noise."""
MEASURED = 0.5
"""Part of the rooms that are measured, if there are any."""

Positions = npt.NDArray[np.int64]


def piece(rng: Random, recordings: Recordings, length: int) -> Sound:
    """A random piece of the recordings."""
    since = int(rng.integers(0, max(1, len(recordings.sound) - length)))
    return recordings.sound[since : since + length].astype(np.float32) / 32768.0


def piece_around(rng: Random, recordings: Recordings, places: Positions, length: int) -> Sound:
    """A window that was mistaken for a word, or one close to it."""
    sound, place = recordings.sound, int(places[int(rng.integers(len(places)))])
    since = place + (CLIP - length) // 2 + int(rng.uniform(-0.08, 0.08) * SAMPLE_RATE)
    since = min(max(since, 0), len(sound) - length)
    return sound[since : since + length].astype(np.float32) / 32768.0


@dataclass
class Surroundings:
    """Puts sound into rooms and noise.

    Args:
        corpus: the noise, speech and rooms.
        mix: the proportions.
        rooms: number of simulated rooms.
        seed: of the rooms and the made noise.
    """

    corpus: Corpus
    mix: Mix
    rooms: int
    seed: int

    def __post_init__(self) -> None:
        # Spectra and generated noise are computed in advance: transforms of odd lengths would cost more than the network.
        responses = (impulse_response(np.random.default_rng((self.seed, number))) for number in range(self.rooms))
        self._simulated = [_spectrum(response) for response in responses]
        rooms = {name: _spectrum(response) for name, response in self.corpus.rooms.items()}
        # One room was measured at many angles; every room has the same weight.
        kinds = [name.split("_az")[0].split("_ch")[0] for name in rooms]
        self._measured = list(rooms.values())
        self._room_shares = _shares([1.0 / kinds.count(kind) ** 0.5 for kind in kinds])
        made_noise = [colored(np.random.default_rng((self.seed, 1, number)), 1 << 16) for number in range(40)]
        self._colored = np.concatenate(made_noise)
        self.hard: Positions = np.zeros(0, dtype=np.int64)
        """Starts of windows in the noise that were mistaken for a word."""
        noise = self.corpus.noise
        folders = [name.split("/")[0] for name in noise.names]
        lengths = np.diff(noise.begins).astype(float)
        totals = {
            folder: sum(length for name, length in zip(folders, lengths, strict=True) if name == folder) for folder in folders
        }
        # A folder is weighted by the root of its length, so that a long recording of one kind does not dominate.
        self._noise_shares = _shares(
            [length / max(totals[folder], 1.0) ** 0.5 for folder, length in zip(folders, lengths, strict=True)]
        )

    def talk_or_none(self) -> bool:
        """Whether there is background speech."""
        return len(self.corpus.talk.sound) > 2 * CLIP

    def in_room(self, rng: Random, sound: Sound) -> Sound:
        """Convolve the sound with a random room."""
        if self._measured and rng.random() < MEASURED:
            response = self._measured[int(rng.choice(len(self._measured), p=self._room_shares))]
        else:
            response = self._simulated[int(rng.integers(len(self._simulated)))]
        wet = torch.fft.irfft(torch.fft.rfft(torch.from_numpy(sound), ROOM_FFT) * response, ROOM_FFT)
        out: Sound = wet[: len(sound)].numpy()
        return out

    def noise(self, rng: Random, length: int, hard: float = 0.0) -> Sound:
        """Noise without speech; ``hard``: the part drawn around places that were mistaken for a word."""
        if len(self.hard) and rng.random() < hard:
            out = piece_around(rng, self.corpus.noise, self.hard, length)
            return out + self._one_noise(rng, length) * np.float32(rng.uniform(0.0, 0.3)) if rng.random() < 0.15 else out
        out = self._one_noise(rng, length)
        if rng.random() < self.mix.two_noises:
            other = self._one_noise(rng, length)
            level = np.sqrt((np.mean(out**2) + 1e-10) / (np.mean(other**2) + 1e-10))
            out = out + other * np.float32(level * 10 ** (-rng.uniform(0, 20) / 20))
        return out

    def _one_noise(self, rng: Random, length: int) -> Sound:
        choice = rng.random()
        if choice < 0.8 and len(self.corpus.noise.sound) > 2 * CLIP:
            noise = self.corpus.noise
            row = int(rng.choice(len(noise.names), p=self._noise_shares))
            since = int(
                rng.integers(
                    int(noise.begins[row]) - length // 2,
                    max(int(noise.begins[row]) + 1, int(noise.begins[row + 1]) - length // 2),
                )
            )
            since = min(max(since, 0), len(noise.sound) - length)
            return noise.sound[since : since + length].astype(np.float32) / 32768.0
        if choice < 0.93:
            since = int(rng.integers(0, len(self._colored) - length))
            return self._colored[since : since + length].copy()
        if choice < 0.96:
            return np.zeros(length, dtype=np.float32)
        return taps(rng, length)

    def with_noise(self, rng: Random, sound: Sound) -> Sound:
        """Add noise, background speech or hum, at random levels."""
        if rng.random() < self.mix.noisy:
            if rng.random() < self.mix.talk_behind and self.talk_or_none():
                sound = mixed(rng, sound, self._behind(rng, len(sound)), self.mix.talk_snr_db)
                if rng.random() < 0.3:
                    sound = mixed(rng, sound, self.noise(rng, len(sound)), self.mix.talk_snr_db)
            else:
                sound = mixed(rng, sound, self.noise(rng, len(sound)), self.mix.snr_db)
        if rng.random() < self.mix.hum:
            sound = mixed(rng, sound, hum(rng, len(sound)), self.mix.hum_snr_db)
        return sound

    def _behind(self, rng: Random, length: int) -> Sound:
        speech = self.corpus.behind if len(self.corpus.behind.sound) > 2 * CLIP and rng.random() < 0.7 else self.corpus.talk
        out = piece(rng, speech, length)
        for _ in range(int(rng.integers(0, 3))):
            out = out + piece(rng, speech, length) * np.float32(rng.uniform(0.3, 1.0))
        return self.in_room(rng, out) if rng.random() < 0.5 else out

    def through_microphone(self, rng: Random, sound: Sound) -> Sound:
        """Scale the sound to a random level, sometimes with clipping, and send it through a random channel."""
        peak = float(np.abs(sound).max())
        if peak <= 0.0:
            return sound
        target = 10 ** (rng.uniform(self.mix.quietest_db, 0.0) / 20)
        if rng.random() < self.mix.clipped:
            target = 10 ** (rng.uniform(1.0, 20.0) / 20)
        out: Sound = np.clip(sound * np.float32(target / peak), -1.0, 1.0)
        choice = rng.random()
        for codec, chance in (("opus", self.mix.opus), ("gsm", self.mix.gsm), ("", self.mix.companded)):
            if choice < chance:
                return np.clip(coded(out, codec) if codec else companded(out), -1.0, 1.0)
            choice -= chance
        return out


def mixed(rng: Random, sound: Sound, noise: Sound, snr_db: tuple[float, float]) -> Sound:
    """Add noise, with a random level of the loudest 0.3 s of the sound above it, from the range ``snr_db``."""
    loud = np.sort(np.mean(sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2, axis=1))[-30:].mean()
    power = float(np.mean(noise**2))
    if power <= 0.0 or loud <= 0.0:
        return sound
    return sound + noise * np.float32(np.sqrt(loud / power * 10 ** (-rng.uniform(*snr_db) / 10)))


def _spectrum(response: Sound) -> torch.Tensor:
    spectrum: torch.Tensor = torch.fft.rfft(torch.from_numpy(np.ascontiguousarray(response[:LONGEST_RESPONSE])), ROOM_FFT)
    return spectrum


def _shares(weights: list[float]) -> npt.NDArray[np.float64]:
    values = np.array(weights, dtype=np.float64)
    shares: npt.NDArray[np.float64] = values / max(values.sum(), 1e-12)
    return shares
