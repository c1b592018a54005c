from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.training.makers import TONES, corpus, recording
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.recordings import Recordings
from voicetrail.training.evaluate.conditions import conditions, faster, in_rooms, quiet, simulated_room
from voicetrail.training.evaluate.streams import LEVEL, Spoken, Stream, stretched

TARGETS = ("up", "left")
STEADY = {"clean", "20 dB", "10 dB", "5 dB", "0 dB", "telephone", "people talking, 10 dB", "quiet", "clipped", "hum"}


@pytest.fixture(scope="module")
def heard() -> Corpus:
    read = Recordings(recording(9).sound, np.array([0, 9 * SAMPLE_RATE]), ("books/6930-1-1",))
    return replace(corpus(8), readers=read, rooms={"Surrey_A_az60_ch0": np.array([1.0, 0.5], dtype=np.float32)})


@pytest.fixture(scope="module")
def streams(heard: Corpus) -> dict[str, Stream]:
    return {name: make() for name, make in conditions(heard, "judging", 20.0, 5, TARGETS)}


def test_each_condition_has_words_at_its_length_within_full_scale(streams: dict[str, Stream]) -> None:
    assert set(streams) >= STEADY | {"room, 0.5 s", "measured rooms", "rapid", "same word", "crowded", "opus, low rate"}
    assert "hall, 1 s" not in streams, "there is none in the recordings"
    for name, stream in streams.items():
        assert stream.spoken, name
        assert np.isfinite(stream.sound).all(), name
        assert np.abs(stream.sound).max() <= 1.0, name
        assert stream.sound.dtype == np.float32, name


def test_what_changes_the_sound_leaves_the_words_where_they_are(streams: dict[str, Stream]) -> None:
    clean = streams["clean"]
    for name in STEADY:
        assert streams[name].spoken == clean.spoken, name
        if name != "clean":
            assert not np.array_equal(streams[name].sound, clean.sound), name


def test_people_talk_behind_ten_decibels_below_the_words(streams: dict[str, Stream]) -> None:
    behind = streams["people talking, 10 dB"].sound - streams["clean"].sound
    assert float(np.sqrt(np.mean(behind**2))) == pytest.approx(LEVEL * 10**-0.5, rel=0.1)


def test_a_quiet_microphone_has_few_steps() -> None:
    sound = np.linspace(-0.5, 0.5, 1000, dtype=np.float32)
    steps = np.unique(quiet(sound))
    assert np.abs(steps).max() == pytest.approx(0.005, rel=0.05)
    np.testing.assert_allclose(steps * 32768, np.round(steps * 32768), atol=1e-3)


def test_a_room_answers_and_keeps_the_level() -> None:
    click = np.zeros(12 * SAMPLE_RATE, dtype=np.float32)
    click[[1000, 11 * SAMPLE_RATE]] = 0.5
    echo = np.zeros(500, dtype=np.float32)
    echo[[0, 400]] = 1.0, 0.5
    out = in_rooms(Stream("click", click), [echo, np.array([1.0], dtype=np.float32)], "room").sound
    assert out[1400] == pytest.approx(0.5 * out[1000], rel=1e-3)
    assert abs(out[11 * SAMPLE_RATE + 400]) < 1e-3, "the second room has no echo"
    assert float(np.mean(out**2)) == pytest.approx(float(np.mean(click**2)), rel=1e-3)


def test_simulated_rooms_of_the_evaluation_follow_from_the_seed() -> None:
    np.testing.assert_array_equal(simulated_room(5, 1), simulated_room(5, 1))
    assert not np.array_equal(simulated_room(5, 1)[:50], simulated_room(5, 2)[:50])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg changes tempo and pitch")
def test_tempo_moves_the_words_and_pitch_the_voice() -> None:
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    sound = (0.3 * np.sin(2 * np.pi * TONES["up"] * time) * ((time > 2) & (time < 3))).astype(np.float32)
    stream = faster(Stream("tone", sound, (Spoken("up", 2 * SAMPLE_RATE, 3 * SAMPLE_RATE),)), 1.25)
    assert stream.spoken == (Spoken("up", 25_600, 38_400),)
    loud = np.flatnonzero(np.abs(stream.sound) > 0.1)
    assert loud[0] == pytest.approx(25_600, abs=800)
    assert loud[-1] == pytest.approx(38_400, abs=800)
    high = stretched(sound, 1.0, 1.5)
    assert len(high) == len(sound)
    peak = int(np.abs(np.fft.rfft(high[int(2.2 * SAMPLE_RATE) : int(2.8 * SAMPLE_RATE)], SAMPLE_RATE)).argmax())
    assert peak == pytest.approx(600, rel=0.03)
