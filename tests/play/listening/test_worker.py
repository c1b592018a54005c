"""Listening without a screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.sources import Items
from tests.ui.tones import ToneRecognizer, tone_file
from voicetrail.audio.file import FileSource
from voicetrail.errors import WeightsError
from voicetrail.events import AudioBlock, Ready, SourceEnded, SourceLost, WordHeard, WordRejected
from voicetrail.listening import NamedRecognizer
from voicetrail.play.listening import worker
from voicetrail.play.listening.updates import Problem, SourceOpened, SourceRequest, Update
from voicetrail.play.listening.worker import ListeningWorker


class Updates:
    """Keeps what the worker sends, and runs it in a thread."""

    def __init__(
        self, request: SourceRequest, load: Callable[[], NamedRecognizer] = ToneRecognizer, *, weights_required: bool = False
    ) -> None:
        self.items: list[Update] = []
        self.worker = ListeningWorker(
            request, load, lambda shipped: shipped, self.items.extend, weights_required=weights_required
        )
        self.thread = threading.Thread(target=self.worker.run)
        self.thread.start()

    def wait(self, kind: type[Update], seconds: float = 30.0) -> Update:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for item in list(self.items):
                if isinstance(item, kind):
                    return item
            time.sleep(0.01)
        pytest.fail(f"no {kind.__name__} came")

    def end(self) -> float:
        begun = time.monotonic()
        self.worker.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        return time.monotonic() - begun


def test_it_listens_and_applies_settings_and_mute(tmp_path: Path) -> None:
    sent = Updates(SourceRequest(str(tone_file(tmp_path / "a.wav", ["up"] * 10))))
    thresholds = {"up": 0.7, "down": 0.7, "left": 0.6, "right": 0.7}
    assert sent.wait(Ready) == Ready(ToneRecognizer.labels, "a.wav", "tones", "0" * 64, thresholds)
    assert isinstance(sent.wait(WordHeard), WordHeard)
    sent.worker.muted = True
    rejected = sent.wait(WordRejected)
    assert isinstance(rejected, WordRejected)
    assert rejected.reason == "muted"
    assert sent.end() < 4


def test_another_source_without_loading_again(tmp_path: Path) -> None:
    loads: list[int] = []

    def load() -> NamedRecognizer:
        loads.append(1)
        return ToneRecognizer()

    sent = Updates(SourceRequest(str(tone_file(tmp_path / "a.wav", ["up"] * 10))), load)
    sent.wait(SourceOpened)
    sent.items.clear()
    sent.worker.listen_to(SourceRequest(str(tone_file(tmp_path / "b.wav", []))))
    opened = sent.wait(SourceOpened)
    assert isinstance(opened, SourceOpened)
    assert opened.name == "b.wav"
    sent.wait(SourceEnded)
    sent.items.clear()
    sent.worker.listen_to(SourceRequest(str(tmp_path / "a.wav")))
    sent.wait(SourceOpened)
    assert loads == [1]
    assert sent.end() < 4


def test_a_changed_device_is_what_the_recognizer_listens_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each device has a file of its own here, in place of a microphone."""
    files = {"Desk": tone_file(tmp_path / "desk.wav", []), "USB Mic #2": tone_file(tmp_path / "usb.wav", ["up"] * 10)}

    def open_file(spec: str, *, device: str | None, **_: object) -> FileSource:
        assert spec == "mic"
        return FileSource(files[device or ""])

    monkeypatch.setattr(worker, "open_source", open_file)
    sent = Updates(SourceRequest("mic", "Desk", fallback=False))
    sent.wait(SourceEnded)
    assert not any(isinstance(item, WordHeard) for item in sent.items)
    sent.worker.listen_to(SourceRequest("mic", "USB Mic #2", fallback=False))
    assert isinstance(sent.wait(WordHeard), WordHeard)
    assert sent.end() < 4


def test_it_ends_at_once_while_the_recognizer_is_loaded(tmp_path: Path) -> None:
    entered, gate = threading.Event(), threading.Event()

    def load() -> NamedRecognizer:
        entered.set()
        gate.wait(10)
        return ToneRecognizer()

    sent = Updates(SourceRequest("demo"), load)
    assert entered.wait(10)
    assert sent.worker.loading
    assert sent.end() < 4
    gate.set()


@pytest.mark.parametrize(
    ("error", "weights_required", "says", "ends"),
    [
        (
            WeightsError("the weights x are damaged"),
            False,
            "the weights x are damaged (you can play with the arrow keys)",
            False,
        ),
        (WeightsError("no weights x"), True, "no weights x", True),
        (OSError("libtorch\x1b[31m is missing"), True, "voicetrail doctor", False),
    ],
)
def test_a_recognizer_that_cannot_be_loaded_is_one_clear_line(
    error: Exception, weights_required: bool, says: str, ends: bool
) -> None:
    def load() -> NamedRecognizer:
        raise error

    sent = Updates(SourceRequest("demo"), load, weights_required=weights_required)
    problem = sent.wait(Problem)
    assert isinstance(problem, Problem)
    assert says in problem.message
    assert "\x1b" not in problem.message
    assert problem.fatal
    assert problem.ends is ends
    sent.end()


def test_a_source_that_cannot_be_opened_is_reported_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicetrail.play.listening.worker.RETRY_S", 0.1)
    path = tmp_path / "later.wav"
    sent = Updates(SourceRequest(str(path)))
    sent.wait(Problem)
    time.sleep(0.5)
    assert sum(isinstance(item, Problem) for item in sent.items) == 1
    tone_file(path, ["up"])
    sent.wait(SourceOpened)
    assert sent.end() < 4


def test_an_internal_error_in_the_thread_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(ToneRecognizer):
        def score(self, window: object, blanked: int = 0) -> tuple[float, ...]:
            raise ZeroDivisionError("no\x1b[31m way")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sent = Updates(SourceRequest(str(tone_file(tmp_path / "a.wav", ["up"]))), Broken)
    problem = sent.wait(Problem)
    assert isinstance(problem, Problem)
    assert problem.fatal
    assert "listening ended because of an internal error" in problem.message
    (log,) = tmp_path.glob("voicetrail-*.log")
    assert "ZeroDivisionError" in log.read_text()
    sent.end()


def test_what_is_taught_learns_where_sound_was_lost() -> None:
    """In order: between the hop before the gap and the hop after it."""
    said = np.ones(640, dtype=np.float32)
    blocks: list[AudioBlock | SourceLost] = [AudioBlock(0.1 * said), AudioBlock(0.2 * said), AudioBlock(0.3 * said, lost=320)]
    blocks.append(SourceLost(0, "unplugged"))
    got: list[float | str] = []
    listening = ListeningWorker(SourceRequest("items"), ToneRecognizer, lambda shipped: shipped, lambda updates: None)
    vars(listening)["_opened"] = Items([*blocks, AudioBlock(0.4 * said)])
    listening.sound_tap = lambda time, samples, _: got.append(round(float(samples[0]), 1))
    listening.on_gap = lambda: got.append("gap")
    thread = threading.Thread(target=listening.run)
    thread.start()
    end = time.monotonic() + 30
    while 0.4 not in got and time.monotonic() < end:
        time.sleep(0.01)
    listening.stop()
    thread.join(20)
    assert got == ["gap", 0.1, 0.2, "gap", 0.3, "gap", 0.4]


def test_other_weights_without_leaving_and_sound_for_what_is_taught(tmp_path: Path) -> None:
    class Other(ToneRecognizer):
        name = "other"

    loaded = iter((ToneRecognizer(), Other()))
    sent = Updates(SourceRequest(str(tone_file(tmp_path / "a.wav", ["up"] * 10))), lambda: next(loaded))
    hops: list[int] = []
    sent.wait(SourceOpened)
    sent.worker.sound_tap = lambda time, samples, listening: hops.append(len(samples))
    sent.wait(WordHeard)
    assert hops
    assert set(hops) == {ToneRecognizer.hop}
    sent.items.clear()
    assert sent.worker.reload()
    ready = sent.wait(Ready)
    assert isinstance(ready, Ready)
    assert ready.weights == "other"
    count = len(hops)
    sent.wait(WordHeard)
    assert len(hops) > count
    sent.items.clear()
    sent.worker.reload()  # nothing more can be loaded: what listens goes on
    problem = sent.wait(Problem)
    assert isinstance(problem, Problem)
    assert "other stays in use" in problem.message
    assert not problem.fatal
    sent.wait(WordHeard)
    assert sent.end() < 4
