"""Live levels of several inputs, beside a microphone that is being listened to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.lab import VirtualMicrophone, wait_until
from voicetrail.audio.devices import Input
from voicetrail.audio.meter import LevelMeter
from voicetrail.audio.microphone import Microphone, inputs
from voicetrail.events import AudioBlock


def test_levels_of_all_inputs_at_once(virtual_mic: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual_mic.activate(monkeypatch)
    gone = Input(99, "gone", False, 48_000, 1)
    with Microphone() as microphone, LevelMeter([*inputs(), gone]) as meter:
        assert isinstance(microphone.read(3.0), AudioBlock)
        wait_until(lambda: all(meter.level(each) for each in inputs()), 5.0, what="a level of each input")
        tone = 0.5 * np.sin(np.arange(32_000) / 10).astype(np.float32)
        virtual_mic.play_samples(tone, wait=False)

        def all_hear_it() -> bool:
            levels = [meter.level(each) for each in inputs()]
            return all(level is not None and -8 < level.peak_db < -5 for level in levels)

        wait_until(all_hear_it, 3.0, what="the tone in each level")
        wait_until(lambda: meter.problem(gone) is not None, 3.0)
        assert meter.level(gone) is None
        assert all(meter.problem(each) is None for each in inputs())
        # Looking for new devices must not end what is running.
        inputs(refresh=True)
        assert isinstance(microphone.read(1.0), AudioBlock)
    wait_until(lambda: virtual_mic.listeners() == 0, 2.0)
