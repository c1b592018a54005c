from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from voicetrail.audio.devices import InputDevice
from voicetrail.audio.meters import InputMeters, OpenCapture
from voicetrail.audio.queue import Captured
from voicetrail.errors import AudioError

LOUD, BUSY, STRANGE = (
    InputDevice(index, name, index == 0, 16_000, 1) for index, name in enumerate(("Loud", "Busy", "Strange"))
)


class Tone:
    """A device that gives one loud block."""

    opened: list[Tone]

    def __init__(self, receive: Callable[[Captured], None]) -> None:
        self.closed = threading.Event()
        block = np.tile(np.array([16_384, -16_384], dtype=np.int16), 800)
        receive(Captured(block.tobytes(), 0.0))

    def close(self) -> None:
        self.closed.set()


def test_every_input_has_a_level_or_an_error() -> None:
    tones: list[Tone] = []

    def open_input(device: InputDevice, receive: Callable[[Captured], None]) -> OpenCapture:
        if device is BUSY:
            raise AudioError("another program has it")
        if device is STRANGE:
            raise ValueError("a driver's own idea\x1b[2J")
        tones.append(Tone(receive))
        return tones[-1]

    meters = InputMeters((LOUD, BUSY, STRANGE), open_input)
    end = time.monotonic() + 5
    while len(meters.levels) + len(meters.problems) < 3 and time.monotonic() < end:
        time.sleep(0.005)
    assert meters.levels[0].rms_db == pytest.approx(-6.02, abs=0.01)
    assert meters.problems == {1: "another program has it", 2: "a driver's own idea\N{REPLACEMENT CHARACTER}[2J"}
    assert not tones[0].closed.is_set()
    meters.close()
    assert meters.join(2.0)
    assert tones[0].closed.is_set()


def test_closing_stops_the_opening() -> None:
    going = threading.Event()
    opened: list[InputDevice] = []

    def open_input(device: InputDevice, receive: Callable[[Captured], None]) -> OpenCapture:
        opened.append(device)
        going.wait(5)
        return Tone(receive)

    meters = InputMeters((LOUD, BUSY), open_input)
    meters.close()
    going.set()
    assert meters.join(2.0)
    assert opened in ([], [LOUD])
