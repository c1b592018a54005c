"""A model of others in a whole session: it hears, its words mean what was said, and the replay knows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import voicetrail
from tests.clocks import Clock
from tests.link.test_words import over_the_wire
from tests.replay.makers import NOW
from tests.spotting.importing.makers import TONES, tone_model
from voicetrail.cli import main
from voicetrail.errors import UsageError
from voicetrail.events import Ready, WordHeard
from voicetrail.game import Move, Sketch
from voicetrail.link.words import decode_ready, encode_ready
from voicetrail.listening import Listener
from voicetrail.play.rounds.round import Round
from voicetrail.replay.analysis.recognize import recognize_again
from voicetrail.replay.analysis.whatif import Override, what_if
from voicetrail.replay.file.reader import Replay, read
from voicetrail.replay.recorder import Recorder
from voicetrail.sources import open_source
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import Recognizer, load_recognizer
from voicetrail.vocabulary import words_that_move

SPOKEN = ("links", "rechts", "rechts", "links")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the imported weights and a recording at 44.1 kHz in which its words are said."""
    made = tmp_path_factory.mktemp("imported")
    given = ["--map", "links=left,rechts=right", "--out", str(made / "m.safetensors")]
    assert main(["import-model", str(tone_model(made / "m")), *given]) == 0
    rng, rate = np.random.default_rng(3), 44_100
    time = np.arange(round(0.4 * rate)) / rate
    parts = [np.zeros(rate)]
    for word in SPOKEN:
        parts += [0.3 * np.sin(2 * np.pi * TONES[word] * time) * np.sin(np.pi * time / time[-1]), np.zeros(rate)]
    sound = np.concatenate(parts)
    soundfile.write(made / "said.wav", sound + rng.standard_normal(len(sound)) * 0.002, rate)
    return made


@pytest.fixture(scope="module")
def recognizer(folder: Path) -> Recognizer:
    return load_recognizer(folder / "m.safetensors")


@pytest.fixture(scope="module")
def recorded(folder: Path, recognizer: Recognizer) -> Replay:
    clock, game = Clock(), Sketch(101, 51)
    session = Round(game, clock)
    session.recorder = recorder = Recorder(game)
    recorder.start(0, NOW, path=folder / "a.trail", sound=True)
    listener = Listener(open_source(folder / "said.wav"), recognizer, Detector(recognizer.labels, recognizer.detector))
    ready = Ready(recognizer.labels, "said.wav", recognizer.name, recognizer.hash, meanings=recognizer.meanings)
    recorder.attach(listener, ready)
    session.hear(ready)
    for event in listener.events():
        clock.now = 100.0 + (listener.time / 16 + 200) / 1000
        recorder.hear(event, session.now_ms)
        if isinstance(event, WordHeard):
            session.hear(event)
    recorder.stop(session.now_ms)
    return read(folder / "a.trail")


def test_imported_weights_recognize_a_file_of_another_rate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listen", str(folder / "said.wav"), "--weights", str(folder / "m.safetensors"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert tuple(line["word"] for line in lines if line["type"] == "detection") == SPOKEN


def test_imported_words_move_the_pen_as_mapped(recorded: Replay, recognizer: Recognizer) -> None:
    words = [entry.item.word for entry in recorded.entries if isinstance(entry.item, WordHeard)]
    steps = [entry.item.direction for entry in recorded.entries if isinstance(entry.item, Move)]
    assert tuple(words) == SPOKEN
    assert steps == ["left", "right", "right", "left"]
    assert recorded.meanings == {"links": "left", "rechts": "right"}
    assert recognizer.hash in (folder := recorded.path).read_text("utf-8"), folder


def test_what_if_moves_by_the_same_words(recorded: Replay) -> None:
    assert what_if(recorded, Override()).same
    changed = what_if(recorded, lambda settings: replace(settings, refractory=30.0))
    assert [entry.item.word for entry in changed.lost if isinstance(entry.item, WordHeard)] == ["rechts", "links"]
    assert [entry.item.direction for entry in changed.after.entries if isinstance(entry.item, Move)] == ["left", "right"]


def test_the_sound_can_be_recognized_again(recorded: Replay, recognizer: Recognizer) -> None:
    again = recognize_again(recorded, recognizer, recognizer.detector)
    assert not again.gained
    assert not again.lost


def test_mapping_is_transmitted_to_another_machine(recognizer: Recognizer) -> None:
    ready = Ready(recognizer.labels, "desk", recognizer.name, recognizer.hash, meanings=recognizer.meanings)
    came, shipped = decode_ready(over_the_wire(encode_ready(ready, recognizer.detector)).data)
    assert replace(came, thresholds={}) == ready
    assert shipped == recognizer.detector


def test_calibration_asks_for_the_words_that_move(recognizer: Recognizer) -> None:
    assert words_that_move(recognizer.labels, recognizer.meanings) == ("links", "rechts")
    assert words_that_move(("up", "yes"), {"up": ""}) == ("up", "yes")  # none moves: all are asked for
    assert words_that_move(("up", "yes", "_unknown_"), {}) == ("up",)


def test_api_loads_imported_weights_by_path(folder: Path) -> None:
    made = voicetrail.create(weights=folder / "m.safetensors")
    assert made.word_labels == ("links", "rechts", "_background_noise_")
    sound = 0.3 * np.sin(2 * np.pi * TONES["rechts"] * np.arange(16_000) / 16_000)
    assert made.recognize(sound).word == "rechts"
    with pytest.raises(UsageError, match="do not know down, left, right, up"):
        voicetrail.create("directional4w", weights=folder / "m.safetensors")
