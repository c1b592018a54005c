"""Live levels of several inputs at once, for choosing one by eye."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from voicetrail.audio.devices import Input
from voicetrail.audio.level import Loudness, loudness
from voicetrail.audio.microphone import Capture
from voicetrail.audio.queue import Captured
from voicetrail.errors import AudioError

BLOCK_TIME = 0.1
"""Seconds of sound a reading."""
FRESH = 0.5
"""A reading older than this many seconds is none."""


class LevelMeter:
    """Opens inputs beside whatever else is recording, and keeps the loudness of the last tenth of a second of each.

    The devices are opened one after another in a thread of its own, for a driver may take its time.

    Args:
        inputs: those to follow.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.inputs = tuple(inputs)
        self._readings: dict[int, tuple[float, Loudness]] = {}
        self._problems: dict[int, str] = {}
        self._closed = threading.Event()
        self._opener = threading.Thread(target=self._open, name="levels", daemon=True)
        self._opener.start()

    def level(self, device: Input) -> Loudness | None:
        """How loud the input is at the moment; ``None`` while there is no reading."""
        reading = self._readings.get(device.index)
        return reading[1] if reading is not None and time.monotonic() - reading[0] < FRESH else None

    def problem(self, device: Input) -> str | None:
        """Why an input cannot be followed (another program may have it for itself); ``None`` where it can."""
        return self._problems.get(device.index)

    def close(self) -> None:
        """Release the devices; safe to call twice."""
        self._closed.set()
        self._opener.join(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> None:
        captures: list[Capture] = []
        try:
            for device in self.inputs:
                if self._closed.is_set():
                    break
                try:
                    captures.append(Capture(device, self._receiver(device), block_time=BLOCK_TIME))
                except AudioError as error:
                    self._problems[device.index] = str(error)
            self._closed.wait()
        finally:
            for capture in captures:
                capture.close()

    def _receiver(self, device: Input) -> Callable[[Captured], None]:
        def receive(sound: Captured) -> None:
            samples = np.frombuffer(sound.data, dtype=np.int16).astype(np.float32) / 32768.0
            self._readings[device.index] = time.monotonic(), loudness(samples)

        return receive
