"""The real ``Microphone`` on the virtual microphone: what it hears, and what it does when the device goes and comes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.e2e.lab import VirtualMicrophone, wait_until
from voicetrail.audio.microphone import Microphone, inputs, microphone_problem
from voicetrail.audio.microphone_problem import ZEROS_S
from voicetrail.errors import AudioError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceBack, SourceDelayed, SourceEvent, SourceLost

Sound = npt.NDArray[np.float32]


@pytest.fixture
def server(virtual_mic: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> VirtualMicrophone:
    """The virtual microphone, for the test's own process."""
    virtual_mic.activate(monkeypatch)
    return virtual_mic


def chirps(seconds: float = 2.0) -> Sound:
    """A sound in which every stretch differs from every other."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.4 * np.sin(2 * np.pi * (200 * at + 300 * at**2))).astype(np.float32)


class Ear:
    """Collects what a microphone gives."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self.blocks: list[AudioBlock] = []
        self.events: list[tuple[float, SourceEvent]] = []

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take(0.05)

    def take(self, timeout: float) -> None:
        item = self.microphone.read(timeout)
        if isinstance(item, AudioBlock):
            self.blocks.append(item)
        elif item is not None:
            self.events.append((time.monotonic(), item))

    def wait_for(self, kind: type[SourceEvent], timeout: float = 30.0) -> None:
        """Read until there is such an event."""
        began, known = time.monotonic(), len(self.events)
        while not any(isinstance(event, kind) for _, event in self.events[known:]):
            assert time.monotonic() - began < timeout, f"no {kind.__name__} within {timeout} s; there was {self.events}"
            self.take(0.05)

    @property
    def sound(self) -> Sound:
        return np.concatenate([block.samples for block in self.blocks] or [np.zeros(0, dtype=np.float32)])


def likeness(heard: Sound, played: Sound) -> float:
    """The highest correlation of the played sound with any stretch of the heard one; 1 where it is in there unchanged."""
    size = len(heard) + len(played)
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)
    at = int(np.argmax(product[: len(heard)]))
    piece = heard[at : at + len(played)]
    return float(np.dot(piece, played[: len(piece)]) / (np.linalg.norm(piece) * np.linalg.norm(played) + 1e-9))


def test_hears_every_sample_in_order(server: VirtualMicrophone) -> None:
    played = chirps()
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.listen(0.5)
        player = server.play_samples(played, wait=False)
        ear.listen(3.0)
        assert player.wait(5) == 0
    assert ear.events == []
    assert sum(block.lost for block in ear.blocks) == 0
    assert likeness(ear.sound, played) > 0.999
    assert abs(len(ear.sound) / SAMPLE_RATE - 3.5) < 0.6
    last = ear.blocks[-1]
    assert last.captured is not None
    assert time.monotonic() - last.captured < 5


def test_unplugged_and_plugged_in_again(server: VirtualMicrophone) -> None:
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.listen(0.6)
        assert ear.blocks
        server.unplug()
        ear.wait_for(SourceLost)
        ear.listen(1.5)
        server.plug()
        ear.wait_for(SourceBack)
        ear.blocks.clear()
        played = chirps(1.0)
        server.play_samples(played, wait=False)
        ear.listen(2.0)
        assert likeness(ear.sound, played) > 0.999
    assert [type(event) for _, event in ear.events] == [SourceLost, SourceBack]


def test_the_sound_server_dies_and_comes_again(server: VirtualMicrophone) -> None:
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.listen(0.6)
        server.kill_server()
        ear.wait_for(SourceLost)
        ear.listen(1.0)
        server.start()
        ear.wait_for(SourceBack)
        ear.blocks.clear()
        ear.listen(0.5)
        assert ear.blocks


def test_no_device_at_the_start(virtual_mic: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual_mic.kill_server()
    virtual_mic.activate(monkeypatch)
    assert inputs() == []
    problem = microphone_problem()
    assert problem is not None
    assert problem.startswith("no microphone:")
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.wait_for(SourceLost)
        virtual_mic.start()
        ear.wait_for(SourceBack)
    assert [type(event) for _, event in ear.events] == [SourceLost, SourceBack]


def test_waiting_for_a_device_costs_little(virtual_mic: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual_mic.kill_server()
    virtual_mic.activate(monkeypatch)
    with Microphone() as microphone:
        Ear(microphone).listen(1.0)
        began = time.process_time()
        Ear(microphone).listen(2.5)
        assert (time.process_time() - began) / 2.5 < 0.1


def test_close_is_quick_and_releases_the_device(server: VirtualMicrophone) -> None:
    microphone = Microphone()
    Ear(microphone).listen(0.5)
    assert server.listeners() == 1
    began = time.monotonic()
    microphone.close()
    microphone.close()
    assert time.monotonic() - began < 5
    wait_until(lambda: server.listeners() == 0, 2.0)
    assert microphone.read(1.0) is None


def test_device_by_number_and_by_part_of_its_name(server: VirtualMicrophone) -> None:
    named = {each.name: each.index for each in inputs()}
    assert set(named) == {"default", "pulse"}
    for name in ("puls", str(named["pulse"]), "PULSE"):
        with Microphone(name) as microphone:
            assert microphone.name == "pulse"
            assert isinstance(microphone.read(3.0), AudioBlock)
    with pytest.raises(AudioError, match=r"several inputs.*pulse"):
        Microphone("u")
    with pytest.raises(AudioError, match=r"no input matches 'kitchen'; the inputs are .*default.*"):
        Microphone("kitchen")
    with pytest.raises(AudioError, match="no input matches '99'"):
        Microphone("99")


def test_a_remembered_device_is_waited_for(server: VirtualMicrophone) -> None:
    with Microphone("kitchen", patient=True) as microphone:
        ear = Ear(microphone)
        ear.wait_for(SourceLost)
        lost = ear.events[0][1]
        assert isinstance(lost, SourceLost)
        assert "kitchen" in lost.message


def test_a_device_that_refuses_16_khz_is_resampled(server: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    import sounddevice

    real, rates = sounddevice.RawInputStream, []

    def picky(*, samplerate: int, **rest: Any) -> Any:
        rates.append(samplerate)
        if samplerate == SAMPLE_RATE:
            raise sounddevice.PortAudioError("Invalid sample rate", -9997)
        return real(samplerate=samplerate, **rest)

    monkeypatch.setattr(sounddevice, "RawInputStream", picky)
    played = chirps(1.0)
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.listen(0.5)
        server.play_samples(played, wait=False)
        ear.listen(2.0)
    assert rates == [16_000, 16_000, 44_100], "with two channels, with one, and then at its own rate"
    assert likeness(ear.sound, played) > 0.99
    assert abs(len(ear.sound) / SAMPLE_RATE - 2.5) < 0.6


def test_a_slow_reader_loses_the_oldest_sound_and_is_reported(server: VirtualMicrophone) -> None:
    with Microphone() as microphone:
        Ear(microphone).listen(0.3)
        time.sleep(2.0)
        ear = Ear(microphone)
        ear.listen(0.1)
    assert 0.6 < sum(block.lost for block in ear.blocks) / SAMPLE_RATE < 5
    assert ear.blocks[0].lost > 0


def test_a_muted_microphone_is_reported_and_heard_again(server: VirtualMicrophone) -> None:
    """What a muted input gives is zeros, and no error."""
    with Microphone() as microphone:
        ear = Ear(microphone)
        ear.listen(ZEROS_S + 1.5)
        (muted,) = [event for _, event in ear.events if isinstance(event, SourceDelayed)]
        assert "it is muted or not allowed" in muted.message
        server.play_samples(chirps(1.0), wait=False)
        ear.listen(2.0)
        assert isinstance(ear.events[-1][1], SourceBack)
        assert likeness(ear.sound, chirps(1.0)) > 0.99
