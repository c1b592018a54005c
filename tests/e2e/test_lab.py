"""The laboratory itself: what the other end-to-end tests stand on."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from tests.e2e.conftest import OpenTerminal
from tests.e2e.lab import Speech, VirtualMicrophone, wait_until


def test_terminal_shows_what_runs_in_it(terminal: OpenTerminal) -> None:
    screen = terminal(["cat"], width=60, height=20)
    screen.send_keys("hello", literal=True)
    screen.wait_for("hello")
    screen.resize(70, 25)
    screen.send_keys("C-d", "C-d")
    assert screen.wait_for_exit() == 0


def test_terminal_gives_the_exit_status(terminal: OpenTerminal) -> None:
    assert terminal("exit 7").wait_for_exit() == 7
    screen = terminal(["sleep", "60"])
    subprocess.run(["kill", "-TERM", str(screen.pid)], check=True)
    assert screen.wait_for_exit() == 128 + 15


def test_terminal_has_its_size(terminal: OpenTerminal) -> None:
    screen = terminal("stty size; exec sleep 60", width=73, height=21)
    screen.wait_for("21 73")


def test_microphone_hears_what_is_played(virtual_mic: VirtualMicrophone) -> None:
    record = (
        "import sys, sounddevice as sd\n"
        "sound = sd.rec(16000 * 2, samplerate=16000, channels=1, dtype='float32', blocking=True)\n"
        "print(float(abs(sound).max()))"
    )
    with subprocess.Popen([sys.executable, "-c", record], env=virtual_mic.env, stdout=subprocess.PIPE, text=True) as recorder:
        virtual_mic.wait_for_listener()
        virtual_mic.play_samples(np.full(8000, 0.5, dtype=np.float32))
        out, _ = recorder.communicate(timeout=20)
    assert abs(float(out) - 0.5) < 0.01


def test_server_can_die_and_come_again(virtual_mic: VirtualMicrophone) -> None:
    virtual_mic.kill_server()
    time.sleep(0.1)
    virtual_mic.start(plugged=False)
    virtual_mic.plug()
    wait_until(lambda: virtual_mic.listeners() == 0)


def test_clips_are_those_of_validation_speakers(speech: Speech) -> None:
    first, again = speech.clips("left", 5, seed=1), speech.clips("left", 5, seed=1)
    assert first == again
    assert all(path.parent.name == "left" and path.exists() for path in first)
    assert len(speech.joined(["up", "left"], seed=3)) > 2 * 0.7 * 16_000
