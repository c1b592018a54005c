"""Simulates acoustics and transmission: generated noise, rooms, telephone lines, codecs and mains hum.

All random numbers come from the generator that is passed in.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soundfile

from voicetrail.events import SAMPLE_RATE

Sound = npt.NDArray[np.float32]
Random = np.random.Generator


def colored(rng: Random, length: int) -> Sound:
    """Noise with a spectrum that falls by 0 to 6 dB per octave, sometimes with mains hum."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(0.0, 1.0)
    out = np.fft.irfft(spectrum, length)
    out /= np.abs(out).max() + 1e-9
    if rng.random() < 0.3:
        pitch = rng.choice((50.0, 60.0)) * rng.integers(1, 5)
        out += rng.uniform(0.1, 1.0) * np.sin(2 * np.pi * pitch * np.arange(length) / SAMPLE_RATE + rng.uniform(0, 6))
    return out.astype(np.float32)


def taps(rng: Random, length: int) -> Sound:
    """Clicks and knocks with faint background noise: keys, a mouse, a desk."""
    out = rng.standard_normal(length).astype(np.float32) * np.float32(0.002)
    for _ in range(int(rng.integers(1, 7))):
        size = int(rng.uniform(0.003, 0.06) * SAMPLE_RATE)
        knock = rng.standard_normal(size) * np.exp(-np.arange(size) / (size / 5))
        if rng.random() < 0.5:  # wood instead of plastic
            knock *= np.sin(2 * np.pi * rng.uniform(100, 1500) * np.arange(size) / SAMPLE_RATE)
        at = int(rng.integers(0, length))
        out[at : at + size] += knock[: length - at].astype(np.float32)
    return out


def hum(rng: Random, length: int) -> Sound:
    """Mains hum of unit level: a few harmonics of 50 or 60 Hz; the even ones (from rectifiers) and the low ones are louder."""
    base, time = rng.choice((50.0, 60.0)) * rng.uniform(0.998, 1.002), np.arange(length, dtype=np.float32) / SAMPLE_RATE
    out = np.zeros(length, dtype=np.float32)
    for order in (1, 2, 3, 4, 5, 6, 8, 10):
        level = rng.uniform(0.2, 1.0) / order ** rng.uniform(0.3, 1.2) * (1.0 if order % 2 == 0 else 0.7)
        out += np.float32(level) * np.sin(np.float32(2 * np.pi * base * order) * time + np.float32(rng.uniform(0, 6.3)))
    unit: Sound = out / np.float32(np.sqrt(np.mean(out**2)) + 1e-9)
    return unit


def impulse_response(
    rng: Random,
    decay_s: tuple[float, float] = (0.1, 1.2),
    distance_m: tuple[float, float] = (0.2, 4.0),
) -> Sound:
    """A room response by Polack's model: direct sound, then noise that decays by 60 dB within the reverberation time.

    J. D. Polack, "La transmission de l'énergie sonore dans les salles" (1988): late reverberation is Gaussian noise under an
    exponential envelope. Early reflections are a few single taps. The level of the direct sound falls with the distance, that of the
    reverberation does not. They are equal at 0.057 sqrt(V / T) m (Kuttruff, "Room "
    "Acoustics", section 5.1), with the volume V in m³ and
    the reverberation time T in s.

    Args:
        rng: the random generator.
        decay_s: range of the reverberation time.
        distance_m: range of the distance of the speaker.

    Returns:
        The response from the direct sound (with value 1) to where it has fallen by 40 dB.
    """
    decay = rng.uniform(*decay_s)
    volume = 200.0 * decay**1.5 * 2 ** rng.uniform(-1.0, 1.0)  # long reverberation usually means a large room
    ratio_db = 20 * np.log10(0.057 * np.sqrt(volume / decay) / rng.uniform(*distance_m))
    size = int(max(decay * 40 / 60, 0.04) * SAMPLE_RATE)
    time = np.arange(size) / SAMPLE_RATE
    tail = rng.standard_normal(size) * 10 ** (-3 * time / decay)
    tail[: int(rng.uniform(0.002, 0.012) * SAMPLE_RATE)] = 0.0
    tail *= np.sqrt(10 ** (-np.clip(ratio_db, -6.0, 15.0) / 10) / (np.sum(tail**2) + 1e-9))
    for _ in range(int(rng.integers(2, 7))):
        tail[int(rng.uniform(0.001, 0.03) * SAMPLE_RATE)] += rng.uniform(-0.5, 0.5)
    tail[0] = 1.0
    return tail.astype(np.float32)


def through_rooms(sound: Sound, responses: Sequence[Sound], segment: int) -> Sound:
    """Put a sound into a sequence of rooms, at the same level.

    Args:
        sound: ``[samples]``
        responses: of the rooms.
        segment: samples after which the room changes.
    """
    longest = max(map(len, responses))
    out = np.zeros(len(sound) + longest, dtype=np.float32)
    size = 1 << (segment + longest - 1).bit_length()
    spectra = [np.fft.rfft(response, size) for response in responses]
    for number, at in enumerate(range(0, len(sound), segment)):
        part = sound[at : at + segment]
        wet = np.fft.irfft(np.fft.rfft(part, size) * spectra[number % len(spectra)], size)[: len(part) + longest]
        out[at : at + len(wet)] += wet[: len(out) - at].astype(np.float32)
    out = out[: len(sound)]
    out *= np.float32(np.sqrt(np.mean(sound**2) / (np.mean(out**2) + 1e-12)))
    return out


def companded(sound: Sound, mu: float = 255.0) -> Sound:
    """Quantize a sound to 8 bits with the mu-law (ITU-T G.711)."""
    small = np.sign(sound) * np.log1p(mu * np.abs(sound)) / np.float32(np.log1p(mu))
    steps = np.round(small * 127.0) / np.float32(127.0)
    out: Sound = (np.sign(steps) * np.expm1(np.abs(steps) * np.float32(np.log1p(mu))) / mu).astype(np.float32)
    return out


def telephone(sound: Sound, low_hz: float = 300.0, high_hz: float = 3400.0) -> Sound:
    """Simulate a telephone line, or Bluetooth's headset profile: 300 to 3400 Hz, and 8 bits by the mu-law at 8 kHz."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    gain = 1.0 / (1.0 + (low_hz / np.maximum(hertz, 1.0)) ** 8) / (1.0 + (hertz / high_hz) ** 24)
    narrow = np.fft.irfft(spectrum * gain, len(sound)).astype(np.float32)
    # Companding at 16 kHz equals companding at 8 kHz, except for images above 4 kHz, which the second filter removes.
    line = companded(narrow)
    out: Sound = np.fft.irfft(np.fft.rfft(line) * (hertz < 4000), len(sound)).astype(np.float32)
    return out


def coded(sound: Sound, codec: str) -> Sound:
    """Encode and decode a sound with a codec at a low rate.

    Args:
        sound: ``[samples]`` between -1 and 1.
        codec: ``opus`` (at libsndfile's lowest rate, about 6 kbit/s) or ``gsm`` (GSM 06.10, 13 kbit/s at 8 kHz).
    """
    file = io.BytesIO()
    if codec == "opus":
        soundfile.write(file, sound, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=1.0)
        back, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    else:
        soundfile.write(file, halved(sound), SAMPLE_RATE // 2, format="WAV", subtype="GSM610")
        half, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
        back = doubled(half)
    out = np.zeros(len(sound), dtype=np.float32)
    size = min(len(out), len(back))
    out[:size] = back[:size]
    return out


def halved(sound: Sound) -> Sound:
    """Halve the sample rate, with an anti-aliasing filter."""
    spectrum = np.fft.rfft(sound, len(sound) + len(sound) % 2)
    out: Sound = (np.fft.irfft(spectrum[: len(spectrum) // 2 + 1], (len(sound) + 1) // 2) / 2).astype(np.float32)
    return out


def doubled(sound: Sound) -> Sound:
    """Double the sample rate: the inverse of ``halved``."""
    out: Sound = (np.fft.irfft(np.fft.rfft(sound), 2 * len(sound)) * 2).astype(np.float32)
    return out
