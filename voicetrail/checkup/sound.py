"""Checks the sound: the audio library, the inputs, and the level of the chosen input."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from voicetrail.audio.file import FileSource, demo_path
from voicetrail.audio.level import FLOOR_DB, Loudness, loudness
from voicetrail.audio.microphone import Microphone, inputs, microphone_problem, portaudio_version
from voicetrail.audio.microphone_problem import only_zeros
from voicetrail.checkup.finding import Finding, Verdict
from voicetrail.errors import AudioError
from voicetrail.events import AudioBlock, SourceLost, seconds
from voicetrail.install import HERE
from voicetrail.text import counted

LISTEN = 1.0
"""How long the level is measured, in s."""
PATIENCE = 4.0
"""Longest wait for the first sound of a microphone, in s."""


def check_sound(device: str | None) -> Iterator[Finding]:
    """Check the sound.

    Args:
        device: the input that the settings name; ``None`` for the system's default.
    """
    yield _demo()
    try:
        yield Finding("sound", "ok", portaudio_version())
    except AudioError as error:
        yield problem(str(error))
        return
    found = inputs()
    if not found:
        yield problem(microphone_problem() or "no microphone: plug one in")
        return
    default = next((each.name for each in found if each.default), None)
    yield Finding(
        "sound", "ok", f"{counted(len(found), 'input')}, the default is {default or 'not set'} (see `voicetrail devices`)"
    )
    try:
        name, heard = _listen(device)
    except AudioError as error:
        yield Finding("sound", "fail", str(error))
        return
    yield judge(name, heard)


def problem(message: str, verdict: Verdict = "fail") -> Finding:
    """Turn a message of the form "what: why; what to do" into a finding."""
    text, _, advice = message.partition("; ")
    return Finding("sound", verdict, text, advice)


def judge(name: str, heard: Loudness | None) -> Finding:
    """Judge the level of an input.

    Args:
        name: name of the input.
        heard: the measured level; ``None`` if no sound arrived.
    """
    if heard is None:
        return Finding("sound", "fail", f"{name} delivers no sound", "plug it in again, or choose another with `--device`")
    text = f"{name}: {heard.rms_db:.0f} dB, peak {heard.peak_db:.0f} dB"
    if heard.peak_db <= FLOOR_DB:
        return problem(only_zeros(name), "warn")
    if heard.clipped:
        return Finding("sound", "warn", f"{text}: it clips", "turn the input's volume down in the system's sound settings")
    return Finding("sound", "ok", text)


def _listen(device: str | None) -> tuple[str, Loudness | None]:
    parts: list[AudioBlock] = []
    with Microphone(device) as microphone:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and sum(seconds(len(part.samples)) for part in parts) < LISTEN:
            item = microphone.read(0.1)
            if isinstance(item, AudioBlock):
                parts.append(item)
            elif isinstance(item, SourceLost) and parts:
                break
        heard = loudness(np.concatenate([part.samples for part in parts])) if parts else None
        return microphone.name, heard


def _demo() -> Finding:
    try:
        with FileSource(demo_path()) as voice:
            return Finding("sound", "ok", f"the bundled voice can be read ({voice.duration:.0f} s)")
    except AudioError as error:
        return Finding("sound", "fail", f"the bundled voice: {error}", f"install voicetrail again: {HERE}")
