"""Recorded sound recognized again: the same recognizer gives the same words, another one its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tests.clocks import Clock
from tests.replay.makers import HOP, LABELS, NOW, record_spoken, sketch
from tests.sources import Items
from voicetrail.errors import ReplayError
from voicetrail.events import AudioBlock, Ready, SourceEvent, SourceLost, WordHeard
from voicetrail.game import Sketch
from voicetrail.listening import Listener
from voicetrail.play.rounds.round import Round
from voicetrail.replay.analysis.recognize import recognize_again
from voicetrail.replay.file.reader import Replay, read
from voicetrail.replay.recorder import Recorder
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.detector import Detector, DetectorSettings

SETTINGS = DetectorSettings(threshold=0.6)


class Loudness:
    """A recognizer that knows words by loudness: each has a level of its own in the last quarter second."""

    labels: tuple[str, ...] = LABELS
    hop = HOP
    window_samples = 16_000
    score_filter = None

    def __init__(self, levels: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4)) -> None:
        self.levels = levels

    def score(self, window: npt.NDArray[np.float32], blanked: int = 0) -> tuple[float, ...]:
        loud = float(np.sqrt(np.mean(np.square(window[-4000:]))))
        fits = [max(0.0, 1 - abs(loud - level) * 25) for level in self.levels]
        return tuple(round(value, 3) for value in (*fits, 0.0, max(0.0, 1 - sum(fits))))


def tones(lost_at: int) -> list[AudioBlock | SourceEvent]:
    """Tones at four levels with silence between, and a gap in the middle."""
    time = np.arange(HOP * 20) / 16_000
    items: list[AudioBlock | SourceEvent] = []
    for number in range(16):
        tone = np.sin(2 * np.pi * 300 * time) * (0.1, 0.2, 0.3, 0.4)[number * 7 % 4] * 2**0.5
        items += map(AudioBlock, np.split(np.concatenate([tone, np.zeros(HOP * 20)]).astype(np.float32), 40))
    items.insert(lost_at, SourceLost(0, "gone"))
    return items


def recorded(path: Path, *, stall_ms: int = 0) -> Replay:
    """A session with sound; with a stall, the sound falls behind the clock and silence is filled in."""
    clock, game = Clock(), Sketch()
    session = Round(game, clock)
    session.recorder = recorder = Recorder(game)
    recorder.start(0, NOW, path=path, sound=True)
    listener = Listener(Items(tones(300), name="tones"), Loudness(), Detector(LABELS, SETTINGS))
    recorder.attach(listener, Ready(LABELS, "tones", "loudness", "0" * 64))
    for event in listener.events():
        late = stall_ms if listener.time > HOP * 130 else 0
        clock.now = 100.0 + (listener.time / 16 + 200 + late) / 1000
        recorder.hear(event, session.now_ms)
        if isinstance(event, WordHeard):
            session.hear(event)
    recorder.stop(session.now_ms)
    return read(path)


@pytest.fixture(scope="module")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return recorded(tmp_path_factory.mktemp("smooth") / "a.trail")


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return recorded(tmp_path_factory.mktemp("stalled") / "a.trail", stall_ms=1700)


@pytest.mark.parametrize("name", ["smooth", "stalled"])
def test_the_same_recognizer_gives_the_same_words(name: str, request: pytest.FixtureRequest) -> None:
    recording: Replay = request.getfixturevalue(name)
    outcome = recognize_again(recording, Loudness(), SETTINGS)
    assert sum(isinstance(entry.item, WordHeard) for entry in recording.entries) >= 15
    assert outcome.same
    assert Timeline(outcome.after).final.checksum() == Timeline(recording).final.checksum()


def test_another_recognizer_gives_other_words(smooth: Replay) -> None:
    parts: list[float] = []
    outcome = recognize_again(smooth, Loudness((0.1, 0.2, 0.3, 0.9)), SETTINGS, progress=parts.append)
    assert {getattr(entry.item, "word", "") for entry in outcome.lost} == {"right"}
    assert outcome.gained == ()
    assert sketch(Timeline(outcome.after).final).tally.words == sketch(Timeline(smooth).final).tally.words - len(outcome.lost)
    assert 0.9 < parts[-1] <= 1.0


def test_sound_is_aligned_with_the_session_clock(stalled: Replay) -> None:
    """A tone in the sound file begins where the scores say that it was heard, also after a stall."""
    assert stalled.sound is not None
    samples, _ = soundfile.read(stalled.sound)
    for entry in stalled.entries:
        if isinstance(entry.item, WordHeard):
            at = entry.at_ms * 16
            assert np.sqrt(np.mean(samples[at - 3000 : at] ** 2)) > 0.05


def test_missing_sound_is_reported(tmp_path: Path) -> None:
    record_spoken(tmp_path / "a.trail", hops=20)
    with pytest.raises(ReplayError, match="record-audio"):
        recognize_again(read(tmp_path / "a.trail"), Loudness(), SETTINGS)
