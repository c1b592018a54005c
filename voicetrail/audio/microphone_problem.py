"""What is wrong with the microphone, on one line with what would fix it. Looks only at the system's files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicetrail.events import SAMPLE_RATE

ZEROS_S = 4.0
"""Seconds of samples of exactly zero after which an input counts as muted; a microphone in the quietest room has noise."""
ADVICE_MUTED = "it is muted or not allowed: check the system's sound settings, or choose another with `voicetrail devices`"
"""What to do where an input gives nothing but zeros."""


def only_zeros(name: str) -> str:
    """What to say of an input that is open and gives no sound at all."""
    return f"{name} gives nothing but zeros; {ADVICE_MUTED}"


class ZeroCheck:
    """Notices a stream that gives nothing but zeros for some seconds, and when that ends."""

    def __init__(self) -> None:
        self._zeros = 0
        """Samples of exactly zero since the last other one."""
        self.is_dead = False
        """Nothing but zeros comes."""

    def changed(self, samples: npt.NDArray[np.float32]) -> bool:
        """Take a block; return whether ``is_dead`` has changed with it."""
        self._zeros = 0 if samples.any() else self._zeros + len(samples)
        was_dead = self.is_dead
        self.is_dead = self._zeros >= ZEROS_S * SAMPLE_RATE
        return self.is_dead != was_dead


def no_portaudio() -> str:
    """What to do where the PortAudio library is missing."""
    if sys.platform == "darwin":
        return "no microphone: the PortAudio library is missing; run `brew install portaudio`"
    return "no microphone: the PortAudio library is missing; run `sudo apt install libportaudio2`"


def no_input(env: dict[str, str] | None = None, root: Path = Path("/")) -> str:
    """What to do where PortAudio finds no input.

    Args:
        env: the environment; the process's own if left out.
        root: where the system's files are.
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
