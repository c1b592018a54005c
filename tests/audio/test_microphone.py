"""The microphone with a PortAudio of our own: what is opened, what is noticed, and how it is found again."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from voicetrail.audio import microphone, microphone_problem
from voicetrail.audio.microphone import Capture, Microphone, inputs
from voicetrail.audio.queue import Captured
from voicetrail.errors import AudioError
from voicetrail.events import AudioBlock, SourceBack, SourceDelayed, SourceEvent, SourceLost

Device = dict[str, Any]


class PortAudioError(Exception):
    pass


def device(name: str, index: int, *, rate: int = 48_000, channels: int = 1) -> Device:
    return {"name": name, "index": index, "default_samplerate": float(rate), "max_input_channels": channels}


class FakePortAudio(ModuleType):
    """As much of ``sounddevice`` as the microphone uses."""

    PortAudioError = PortAudioError

    def __init__(self, devices: list[Device], default: int = 0) -> None:
        super().__init__("sounddevice")
        self.devices, self.default = devices, default
        self.accepts: Callable[[int, int], bool] = lambda rate, channels: True
        self.streams: list[FakeStream] = []
        self.looks = 0

    def query_devices(self, kind: str | None = None) -> Any:
        if kind == "input":
            if not self.devices:
                raise PortAudioError("no default")
            return self.devices[self.default]
        return self.devices

    def _terminate(self) -> None:
        self.looks += 1

    def _initialize(self) -> None:
        pass

    def RawInputStream(self, **options: Any) -> FakeStream:
        if not self.accepts(options["samplerate"], options["channels"]):
            raise PortAudioError("Invalid sample rate")
        self.streams.append(FakeStream(**options))
        return self.streams[-1]


class FakeStream:
    def __init__(self, **options: Any) -> None:
        self.options = options
        self.closed = threading.Event()

    def start(self) -> None:
        pass

    def abort(self, ignore_errors: bool = True) -> None:
        pass

    def close(self, ignore_errors: bool = True) -> None:
        self.closed.set()

    def speak(self, samples: Any, *, overflow: bool = False, age: float = 0.01) -> None:
        """Call back with a block: ``[frames, channels]``."""
        block = np.asarray(samples, dtype="<i2")
        frames = len(block)
        moment = SimpleNamespace(currentTime=10.0, inputBufferAdcTime=10.0 - age - frames / self.options["samplerate"])
        self.options["callback"](block.tobytes(), frames, moment, SimpleNamespace(input_overflow=overflow))


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortAudio]:
    fake = FakePortAudio([device("Desk", 0), device("USB Mic", 1), device("USB Mic", 2)])
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(microphone, "DELAYS_S", (0.02,))
    monkeypatch.setattr(microphone, "WATCH_S", 0.01)
    monkeypatch.setattr(microphone, "SILENT_S", 0.15)
    yield fake
    microphone.OPEN.clear()


def stream_of(port: FakePortAudio, number: int = 0) -> FakeStream:
    end = time.monotonic() + 5
    while len(port.streams) <= number:
        assert time.monotonic() < end
        time.sleep(0.005)
    return port.streams[number]


def next_item(source: Microphone) -> AudioBlock | SourceEvent:
    item = source.read(5)
    assert item is not None
    return item


def test_lists_the_inputs_with_the_default(port: FakePortAudio) -> None:
    port.devices.append(device("Speakers", 3, channels=0))
    assert [(each.index, each.name, each.default) for each in inputs()] == [
        (0, "Desk", True),
        (1, "USB Mic", False),
        (2, "USB Mic", False),
    ]


def test_device_opens_at_16_khz_without_resampling(port: FakePortAudio) -> None:
    with Microphone() as source:
        stream = stream_of(port)
        assert (stream.options["samplerate"], stream.options["channels"], stream.options["device"]) == (16_000, 1, 0)
        stream.speak([[100], [-200]])
        block = next_item(source)
        assert isinstance(block, AudioBlock)
        assert (block.samples * 32768).tolist() == [100, -200]
        assert block.captured == pytest.approx(time.monotonic() - 0.01, abs=0.2)
        assert source.delay_s is None
    assert stream.closed.is_set()


@pytest.mark.parametrize(
    ("accepts", "asked"),
    [
        (lambda rate, channels: rate == 48_000, (48_000, 2)),
        (lambda rate, channels: channels == 1, (16_000, 1)),
        (lambda rate, channels: (rate, channels) == (48_000, 1), (48_000, 1)),
    ],
)
def test_unsupported_rate_falls_back_to_the_devices_own(
    port: FakePortAudio, accepts: Callable[[int, int], bool], asked: tuple[int, int]
) -> None:
    port.devices[0]["max_input_channels"] = 2
    port.accepts = accepts
    with Microphone() as source:
        stream = stream_of(port)
        assert (stream.options["samplerate"], stream.options["channels"]) == asked
        tone = np.repeat(np.round(8000 * np.sin(np.arange(4800) * 2 * np.pi * 440 / asked[0]))[:, None], asked[1], axis=1)
        samples = 0
        for _ in range(5):
            stream.speak(tone)
            block = next_item(source)
            assert isinstance(block, AudioBlock)
            samples += len(block.samples)
        assert samples == pytest.approx(5 * 4800 * 16_000 / asked[0], abs=600)


def test_device_that_cannot_be_opened_gives_the_reason(port: FakePortAudio) -> None:
    port.accepts = lambda rate, channels: False
    with pytest.raises(AudioError, match=r"cannot record from Desk: Invalid sample rate; see `voicetrail doctor`"):
        Capture(inputs()[0], lambda sound: None)


def test_inverted_channel_does_not_cancel_the_other_one(port: FakePortAudio) -> None:
    port.devices[0]["max_input_channels"] = 2
    with Microphone() as source:
        tone = np.round(8000 * np.sin(np.arange(320)))
        stream_of(port).speak(np.stack([tone, -tone], axis=1))
        block = next_item(source)
        assert isinstance(block, AudioBlock)
        np.testing.assert_allclose(block.samples * 32768, tone)


def test_an_overflow_is_counted(port: FakePortAudio) -> None:
    with Microphone() as source:
        stream = stream_of(port)
        stream.speak([[1]] * 320)
        stream.speak([[1]] * 320, overflow=True)
        blocks = [next_item(source), next_item(source)]
        assert [block.lost for block in blocks if isinstance(block, AudioBlock)] == [0, 320]


def test_stalled_stream_is_lost_and_reopened(port: FakePortAudio) -> None:
    with Microphone() as source:
        stream_of(port).speak([[1]] * 320)
        assert isinstance(next_item(source), AudioBlock)
        lost = next_item(source)
        assert isinstance(lost, SourceLost)
        assert lost.message == "there is no sound from Desk; trying again"
        stream_of(port, 1).speak([[2]] * 320)
        back, block = next_item(source), next_item(source)
        assert isinstance(back, SourceBack)
        assert isinstance(block, AudioBlock)
        assert port.streams[0].closed.is_set()
        assert port.looks > 0, "devices are looked for again: it may have been plugged in elsewhere"


def test_busy_machine_that_runs_no_thread_for_a_while_has_not_lost_the_microphone(port: FakePortAudio) -> None:
    class LateEvent(threading.Event):
        """Waits as long as a machine may that is busy with other programs."""

        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(0.25)

    with Microphone() as source:
        stream = stream_of(port)
        stream.speak([[1]] * 320)
        vars(source)["_closed"] = LateEvent()
        for _ in range(6):
            assert isinstance(next_item(source), AudioBlock)
            time.sleep(0.2)
            stream.speak([[1]] * 320)
        assert len(port.streams) == 1


def test_microphone_of_only_zeros_is_reported_as_muted(port: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "SILENT_S", 5.0)
    with Microphone() as source:
        stream = stream_of(port)
        events: list[SourceEvent] = []
        for _ in range(round(microphone_problem.ZEROS_S) + 1):
            stream.speak([[0]] * 16_000)
            while (item := source.read(0.01)) is not None:
                events += [item] if not isinstance(item, AudioBlock) else []
        (muted,) = events
        assert isinstance(muted, SourceDelayed)
        assert muted.message.startswith("there is no sound at all from Desk; it is muted or not allowed")
        stream.speak([[0], [1]] * 100)
        back, block = next_item(source), next_item(source)
        assert isinstance(back, SourceBack)
        assert isinstance(block, AudioBlock), "the first sound is not lost"


def test_a_quiet_room_is_not_muted(port: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "SILENT_S", 5.0)
    with Microphone() as source:
        stream = stream_of(port)
        for _ in range(6):
            stream.speak([[0]] * 15_999 + [[1]])
            assert isinstance(next_item(source), AudioBlock)


def test_second_input_of_the_same_name_is_found_under_a_new_index(port: FakePortAudio) -> None:
    with Microphone("2") as source:
        assert stream_of(port).options["device"] == 2
        port.streams[0].speak([[1]])
        assert isinstance(next_item(source), AudioBlock)
        port.devices[:] = [device("USB Mic", 0), device("Desk", 1), device("USB Mic", 2), device("HDMI", 3)]
        port.devices.insert(0, port.devices.pop(3) | {"index": 0})
        for index, each in enumerate(port.devices):
            each["index"] = index
        assert isinstance(next_item(source), SourceLost)
        assert stream_of(port, 1).options["device"] == 3


def test_missing_device_is_refused_or_awaited(port: FakePortAudio) -> None:
    with pytest.raises(AudioError, match="no input matches 'kitchen'"):
        Microphone("kitchen")
    with Microphone("kitchen", patient=True) as source:
        lost = next_item(source)
        assert isinstance(lost, SourceLost)
        port.devices.append(device("Kitchen", 3))
        stream_of(port).speak([[1]])
        assert isinstance(next_item(source), SourceBack)


def test_missing_inputs_are_awaited(port: FakePortAudio) -> None:
    taken, port.devices[:] = list(port.devices), []
    with Microphone() as source:
        assert isinstance(next_item(source), SourceLost)
        port.devices[:] = taken
        stream_of(port).speak([[1]])
        assert isinstance(next_item(source), SourceBack)


def test_missing_portaudio_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match="the PortAudio library is missing"):
        Microphone()


def test_close_ends_a_blocked_read_and_the_thread(port: FakePortAudio) -> None:
    source = Microphone()
    stream_of(port)
    threading.Timer(0.05, source.close).start()
    began = time.monotonic()
    assert source.read(5) is None
    assert time.monotonic() - began < 4
    source.close()
    assert source.read(1) is None


def test_the_length_of_a_block_counts_frames_at_16_khz() -> None:
    assert Captured(bytes(2 * 2 * 480), 0.0, 48_000, 0, 2).length == 160
