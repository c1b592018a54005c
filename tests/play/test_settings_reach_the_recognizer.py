"""A setting that is changed while playing reaches what listens: the gain the recognizer, the device the microphone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.ui.stage import make_settings
from tests.ui.tones import ToneRecognizer, tone_file
from voicetrail.audio.file import FileSource
from voicetrail.audio.gain import make_gain
from voicetrail.play.context import SessionContext
from voicetrail.play.listening.updates import SourceRequest, Update
from voicetrail.play.listening.worker import ListeningWorker


class Loudest(ToneRecognizer):
    """Notes how loud the last hop of each window was."""

    heard: list[float]

    def score(self, window: npt.NDArray[np.float32], blanked: int = 0) -> tuple[float, ...]:
        self.heard.append(float(np.abs(window[-self.hop :]).max()))
        return super().score(window, blanked)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_changed_gain_reaches_the_recognizer_and_a_changed_device_the_source(tmp_path: Path) -> None:
    settings, recognizer = make_settings(tmp_path, gain="0"), Loudest()
    recognizer.heard = []
    requests: list[SourceRequest] = []
    sound = tone_file(tmp_path / "a.wav", ["up"] * 30)

    class Noted(ListeningWorker):
        def listen_to(self, request: SourceRequest) -> None:
            requests.append(request)

    def make_worker(context: SessionContext, send: Callable[[tuple[Update, ...]], None]) -> ListeningWorker:
        return Noted(
            SourceRequest(str(sound)),
            lambda: recognizer,
            settings.detector_settings,
            send,
            opened=FileSource(sound, paced=True),
            make_gain=lambda: make_gain(settings.values.gain),
        )

    context = SessionContext(settings, make_worker)
    context.start(lambda updates: None)
    try:
        until(lambda: len(recognizer.heard) > 20)
        before = max(recognizer.heard)
        settings.set("gain", -20.0)
        recognizer.heard = []
        until(lambda: len(recognizer.heard) > 40)
        assert max(recognizer.heard[5:]) < 0.2 * before
        settings.set("device", "headset")
        assert [request.device for request in requests] == ["headset"]
    finally:
        context.close()
