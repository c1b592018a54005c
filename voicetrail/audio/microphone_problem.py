"""Explains on one line what is wrong with the microphone and how to fix it, by looking only at the system's files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE

ZEROS_S = 4.0
"""An input counts as muted after this many seconds of exact zeros; even in the quietest room, a microphone has noise."""
ADVICE_MUTED = (
    "it is muted or not allowed: check the system's sound settings, or choose another input (in the game with the key d; "
    "`voicetrail devices` lists them)"
)
"""What to do about an input that delivers only zeros."""


def only_zeros(name: str) -> str:
    """The message about an open input that delivers only zeros."""
    return f"there is no sound at all from {name}; {ADVICE_MUTED}"


class ZeroCheck:
    """Detects when a stream has contained only zeros for some seconds, and when that ends."""

    def __init__(self) -> None:
        self._zeros = 0
        """Number of zeros since the last other sample."""
        self.is_dead = False
        """Whether the stream contains only zeros at the moment."""

    def changed(self, samples: npt.NDArray[np.float32]) -> bool:
        """Process a block; return whether ``is_dead`` has changed."""
        self._zeros = 0 if samples.any() else self._zeros + len(samples)
        was_dead = self.is_dead
        self.is_dead = self._zeros >= ZEROS_S * SAMPLE_RATE
        return self.is_dead != was_dead


def no_portaudio() -> str:
    """The message for a missing PortAudio library."""
    if sys.platform == "darwin":
        return "no microphone: the PortAudio library is missing; run `brew install portaudio`"
    return "no microphone: the PortAudio library is missing; run `sudo apt install libportaudio2`"


def no_input(env: dict[str, str] | None = None, root: Path = Path("/")) -> str:
    """The message for when PortAudio finds no input.

    Args:
        env: the environment; by default, the process's own.
        root: the root of the file system.
    """
    env = dict(os.environ) if env is None else env
    if sys.platform == "darwin":
        return "no microphone: plug one in, and allow the terminal to use it in System Settings, Privacy, Microphone"
    if "SSH_CONNECTION" in env:
        return "no microphone on this machine: to use the one on your desk, run `voicetrail ssh HOST` there"
    runtime = Path(env.get("XDG_RUNTIME_DIR", "/nonexistent"))
    if (runtime / "pipewire-0").exists() and not (runtime / "pulse" / "native").exists():
        return "no microphone: PipeWire runs, but ALSA cannot reach it; run `sudo apt install pipewire-alsa`"
    if "PULSE_SERVER" in env or (runtime / "pulse" / "native").exists():
        if not any((root / "usr" / "lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
            return "no microphone: a sound server runs, but ALSA cannot reach it; run `sudo apt install libasound2-plugins`"
        return "no microphone: the sound server has no input; plug one in and check with `pactl list short sources`"
    sound = root / "dev" / "snd"
    captures = sorted(sound.glob("pcm*c")) if sound.is_dir() else []
    if captures and not any(os.access(each, os.R_OK | os.W_OK) for each in captures):
        return "no microphone: this user may not use it; run `sudo usermod -aG audio $USER` and log in again"
    return "no microphone: the system has no sound input; plug one in and run `voicetrail devices`"
