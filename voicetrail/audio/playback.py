"""Plays a short sound through the system's output, so that the player can listen to a take."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from voicetrail.audio.microphone import LATENCY_S, LOCK, OPEN, end_stream, portaudio
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE
from voicetrail.text import printable

Sound = npt.NDArray[np.float32]

SILENCE_S = 0.15
"""Silence before and after the sound, in s: many devices lose the start and the end of a stream."""
LOUDEST = 0.7
"""Peak to which a quiet take is amplified."""
GAIN_MAX = 30.0
OVER_S = 1.5
"""A sound counts as finished this many seconds after its length, whatever the driver reports."""


def playback_problem(env: Mapping[str, str] | None = None) -> str | None:
    """Explain on one line why no sound can be played here; ``None`` if it can.

    Args:
        env: the environment; ``None`` for the process's own.
    """
    env = os.environ if env is None else env
    if env.get("SSH_CONNECTION") or env.get("SSH_TTY"):
        return "takes cannot be played over SSH: the sound would come from the other machine"
    try:
        with LOCK:
            library = portaudio()
            try:
                library.query_devices(kind="output")
            except (library.PortAudioError, ValueError):
                return "takes cannot be played: this machine has no sound output"
    except AudioError as error:
        return f"takes cannot be played: {error}"
    return None


class Playback:
    """Plays one sound once, starting immediately.

    Args:
        sound: ``[samples]`` at 16 kHz.

    Raises:
        AudioError: there is no output, or it cannot be opened.
    """

    def __init__(self, sound: Sound) -> None:
        peak = float(np.abs(sound).max(initial=0.0))
        gain = min(GAIN_MAX, LOUDEST / peak) if peak else 1.0
        quiet = np.zeros(round(SILENCE_S * SAMPLE_RATE), dtype=np.float32)
        self._left = np.concatenate((quiet, np.clip(sound * np.float32(gain), -1, 1), quiet)).astype(np.float32)
        self._until = time.monotonic() + len(self._left) / SAMPLE_RATE + OVER_S
        self._finished = False
        self._rate = SAMPLE_RATE
        with LOCK:
            self._stream: Any = None
            self._open(portaudio())
            OPEN.add(self)

    def _open(self, library: Any) -> None:
        problem: Exception | None = None
        try:
            own = round(library.query_devices(kind="output")["default_samplerate"])
        except (library.PortAudioError, ValueError):
            raise AudioError("takes cannot be played: this machine has no sound output") from None
        # Most devices, or the system, resample; a device that does not is opened at its own rate.
        for rate in dict.fromkeys((SAMPLE_RATE, own)):
            if rate != SAMPLE_RATE:
                at = np.arange(round(len(self._left) * rate / SAMPLE_RATE)) * SAMPLE_RATE / rate
                self._left = np.interp(at, np.arange(len(self._left)), self._left).astype(np.float32)
            try:
                self._stream = library.OutputStream(
                    samplerate=rate,
                    channels=1,
                    dtype="float32",
                    latency=LATENCY_S,
                    callback=self._fill,
                    finished_callback=self._on_finished,
                )
                self._stop = library.CallbackStop
                self._stream.start()
                return
            except (library.PortAudioError, ValueError) as error:
                problem = error
                self._end()
        raise AudioError(f"takes cannot be played: the sound output cannot be opened ({printable(problem, 100)})")

    def running(self) -> bool:
        """Whether the sound is still playing."""
        return not self._finished and self._stream is not None and time.monotonic() < self._until

    def close(self) -> None:
        """Stop, and release the device; safe to call twice."""
        with LOCK:
            OPEN.discard(self)
            self._end()

    def _end(self) -> None:
        stream, self._stream = self._stream, None
        end_stream(stream)

    def _fill(self, out: Any, frames: int, moment: Any, status: Any) -> None:
        piece, self._left = self._left[:frames], self._left[frames:]
        out[: len(piece), 0] = piece
        out[len(piece) :, 0] = 0.0
        if not len(self._left) and not len(piece):
            raise self._stop

    def _on_finished(self) -> None:
        self._finished = True
