"""Live levels of several inputs, beside a microphone that is being listened to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.lab import VirtualMicrophone, wait_until
from voicetrail.audio.devices import InputDevice
from voicetrail.audio.meters import InputMeters
from voicetrail.audio.microphone import Microphone, inputs
from voicetrail.events import AudioBlock


def test_levels_of_all_inputs_at_once(virtual_mic: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual_mic.activate(monkeypatch)
    there = inputs()
    gone = InputDevice(99, "gone", False, 48_000, 1)
    meters = InputMeters([*there, gone])
    with Microphone() as microphone:
        assert isinstance(microphone.read(3.0), AudioBlock)
        wait_until(lambda: len(meters.levels) == len(there) == 2, 5.0, what="a level of each input")
        virtual_mic.play_samples(0.5 * np.sin(np.arange(32_000) / 10).astype(np.float32), wait=False)

        def all_hear_it() -> bool:
            levels = meters.levels
            return len(levels) == 2 and all(-8 < level.peak_db < -5 for level in levels.values())

        wait_until(all_hear_it, 3.0, what="the tone in each level")
        assert set(meters.problems) == {gone.index}
        # Looking for new devices must not end what is running.
        inputs(refresh=True)
        assert isinstance(microphone.read(1.0), AudioBlock)
        virtual_mic.unplug()
        wait_until(lambda: not meters.levels, 3.0, what="no level of an input that has gone")
    meters.close()
    assert meters.join(2.0)
