"""Makes the bundled voice, ``voicetrail/audio/demo.flac``: half a minute of a player who draws a castle.

    python tools/demo_voice.py [OUT.flac]

The words are spoken by flite (https://github.com/festvox/flite) with its voice ``awb``. flite and the CMU ARCTIC voices are free to
use, copy, modify and distribute, and so is the speech they make (the permissive license of Carnegie Mellon University, in flite's
COPYING). Debian and Ubuntu: ``sudo apt install flite``.

The game does not know this text: the recording goes through the recognizer like any other sound.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

TEXT = """
up up up
right down right up right down right up right
down down down
left left up left down left left
"""
"""A wall, three battlements, a wall, and the ground with a gate in it. The pen ends where it started."""
RATE = 16_000
VOICE = "awb"
SEED = 1
PITCH = (105.0, 150.0)
"""Range of the mean pitch of a word in Hz."""
STRETCH = (0.88, 1.05)
"""Range of the length of a word, relative to the voice's normal speed."""
PAUSE = (0.6, 1.1)
"""Range of the silence between two words in s."""
BREATH = 0.5
"""Added to the pause at the end of each line of the text, in s."""
SPEECH_DB = (-25.0, -18.0)
"""Range of the loudness of a word (its root mean square), in dB below full scale."""
ROOM_DB = -66.0
"""Level of the room's noise, in dB."""
REFLECTIONS = ((0.011, 0.22), (0.019, -0.16), (0.031, 0.12), (0.047, -0.07))
"""Delay in s and strength of the first reflections of a small room."""
EDGE = 1.0
"""Silence before the first word and after the last, in s."""

Sound = npt.NDArray[np.float64]


def speak(word: str, pitch: float, stretch: float) -> Sound:
    """Synthesize a word with flite, and cut off the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        settings = {"int_f0_target_mean": pitch, "duration_stretch": stretch}
        flags = [part for name, value in settings.items() for part in ("--setf", f"{name}={value:.3f}")]
        subprocess.run(["flite", "-voice", VOICE, *flags, "-t", word, "-o", str(path)], check=True)
        sound, rate = soundfile.read(path)
    assert rate == RATE
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.max(np.abs(sound)))
    return np.asarray(sound[loud[0] : loud[-1] + 1], dtype=np.float64)


def make(text: str = TEXT, seed: int = SEED) -> Sound:
    """Make the whole recording: words of one voice with varied pitch and speed, in a small room."""
    chance = np.random.default_rng(seed)
    parts = [np.zeros(round(EDGE * RATE))]
    for line in text.split("\n"):
        for word in line.split():
            sound = speak(word, chance.uniform(*PITCH), chance.uniform(*STRETCH))
            loudness = 10 ** (chance.uniform(*SPEECH_DB) / 20)
            parts += [sound * loudness / np.sqrt(np.mean(sound**2)), np.zeros(round(chance.uniform(*PAUSE) * RATE))]
        parts.append(np.zeros(round(BREATH * RATE) if line.split() else 0))
    dry = np.concatenate([*parts, np.zeros(round(EDGE * RATE))])
    wet = dry.copy()
    for delay, strength in REFLECTIONS:
        late = round(delay * RATE)
        wet[late:] += strength * dry[:-late]
    return np.clip(wet + room(len(wet), chance), -0.98, 0.98)


def room(length: int, chance: np.random.Generator) -> Sound:
    """Noise of a quiet room: white noise that falls by 3 dB per octave."""
    spectrum = np.fft.rfft(chance.normal(size=length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[: round(40 * length / RATE)] = 0
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise * 10 ** (ROOM_DB / 20) / np.sqrt(np.mean(noise**2)), dtype=np.float64)


def main() -> None:
    """Write the recording."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "voicetrail" / "audio" / "demo.flac"
    sound = make()
    soundfile.write(out, sound, RATE, format="FLAC", subtype="PCM_16")
    print(f"{out}: {len(sound) / RATE:.1f} s, {len(TEXT.split())} words, {out.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
