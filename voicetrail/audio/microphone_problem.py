"""Why there is no microphone, on one line with the command that would fix it. Looks only at the system's files."""

from __future__ import annotations

import os
import sys
from pathlib import Path


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
        return "no microphone on this machine: play with the one on your desk by running there `voicetrail ssh HOST`"
    runtime = Path(env.get("XDG_RUNTIME_DIR", "/nonexistent"))
    if (runtime / "pipewire-0").exists() and not (runtime / "pulse" / "native").exists():
        return "no microphone: PipeWire runs, but ALSA cannot reach it; run `sudo apt install pipewire-alsa`"
    if "PULSE_SERVER" in env or (runtime / "pulse" / "native").exists():
        if not any((root / "usr" / "lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
            return "no microphone: a sound server runs, but ALSA cannot reach it; run `sudo apt install libasound2-plugins`"
        return "no microphone: the sound server has no input; plug one in and look with `pactl list short sources`"
    sound = root / "dev" / "snd"
    captures = sorted(sound.glob("pcm*c")) if sound.is_dir() else []
    if captures and not any(os.access(each, os.R_OK | os.W_OK) for each in captures):
        return "no microphone: this user may not use it; run `sudo usermod -aG audio $USER` and log in again"
    return "no microphone: the system has no sound input; plug one in and run `voicetrail devices`"
