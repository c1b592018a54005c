"""How loud every input is, all at once, so that the player sees which one works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from voicetrail.audio.channels import ChannelMixer
from voicetrail.audio.decoding.pcm import decode_samples
from voicetrail.audio.devices import InputDevice
from voicetrail.audio.level import Loudness, loudness
from voicetrail.audio.queue import Captured
from voicetrail.errors import AudioError
from voicetrail.text import printable

BLOCK_S = 0.1
"""Seconds that a level is measured over."""
FRESH_S = 0.5
"""A level older than this many seconds is none: the input has gone."""


class OpenCapture(Protocol):
    """A device being recorded."""

    def close(self) -> None:
        """Release it."""
        ...


Open = Callable[[InputDevice, Callable[[Captured], None]], OpenCapture]


def open_capture(device: InputDevice, receive: Callable[[Captured], None]) -> OpenCapture:
    """Record from a device.

    Raises:
        AudioError: it cannot be opened.
    """
    from voicetrail.audio.microphone import Capture

    return Capture(device, receive, block_s=BLOCK_S)


class InputMeters:
    """Opens inputs side by side in a thread of its own, for a driver may take its time, and keeps the last level of each.

    Args:
        inputs: which.
        open_input: opens one.
    """

    def __init__(self, inputs: Sequence[InputDevice], open_input: Open = open_capture) -> None:
        self.inputs = tuple(inputs)
        self._open_input = open_input
        self._levels: dict[int, tuple[float, Loudness]] = {}
        self._problems: dict[int, str] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meters", daemon=True)
        self._thread.start()

    @property
    def levels(self) -> Mapping[int, Loudness]:
        """The level of each input that gives sound at the moment, by its index."""
        oldest = time.monotonic() - FRESH_S
        return {index: level for index, (at, level) in dict(self._levels).items() if at >= oldest}

    @property
    def problems(self) -> Mapping[int, str]:
        """Why an input cannot be measured, by its index: another program may have it to itself."""
        return dict(self._problems)

    def close(self) -> None:
        """Release every input, in the meters' own thread; returns at once."""
        self._closing.set()

    def join(self, timeout: float) -> bool:
        """Wait until every input is released; ``False`` when that took longer than ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        opened: list[OpenCapture] = []
        try:
            for device in self.inputs:
                if self._closing.is_set():
                    return
                try:
                    opened.append(self._open_input(device, self._receiver(device.index)))
                except AudioError as error:
                    self._problems[device.index] = str(error)
                except Exception as error:
                    # Whatever a driver comes up with, the other inputs have meters.
                    self._problems[device.index] = printable(error, 80)
            self._closing.wait()
        finally:
            for each in opened:
                each.close()

    def _receiver(self, index: int) -> Callable[[Captured], None]:
        mixer = ChannelMixer()

        def receive(sound: Captured) -> None:
            samples = mixer.mix(decode_samples(sound.data, "i16").reshape(-1, sound.channels))
            self._levels[index] = time.monotonic(), loudness(samples)

        return receive
