"""A take is heard again: it is played through the sound output, and the microphone beside it hears it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.e2e.lab import VirtualMicrophone, wait_until
from tests.teaching.tones import take
from voicetrail.audio.microphone import OPEN, Microphone
from voicetrail.audio.playback import Playback, playback_problem
from voicetrail.events import AudioBlock
from voicetrail.ui.teaching.takes.player import TakePlayer


def test_a_take_is_heard_again(virtual_mic: VirtualMicrophone, home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    virtual_mic._pactl("set-default-sink", "vt_speaker")
    virtual_mic.activate(monkeypatch)
    assert playback_problem() is None
    heard: list[float] = []
    with Microphone() as microphone:
        virtual_mic.wait_for_listener()
        time.sleep(0.5)
        playback = Playback(take("links").sound)
        end = time.monotonic() + 6
        while time.monotonic() < end and (playback.running() or len(heard) < 100):
            if isinstance(block := microphone.read(0.2), AudioBlock):
                heard.append(float(np.abs(block.samples).max()))
        wait_until(lambda: not playback.running(), 5)
        playback.close()
    assert max(heard) > 0.2, "what was played came back"
    assert playback not in OPEN


def test_over_ssh_it_says_why_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    player = TakePlayer()
    assert "over SSH" in player.play(take("links"))
    assert not player.playing
