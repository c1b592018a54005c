from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.makers import TONES, clips, corpus, recording
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.heldout import Half
from voicetrail.training.data.recordings import Recordings
from voicetrail.training.evaluate.negatives import PAUSES, negative_streams

TARGETS = ("up", "left")
HALVES: tuple[Half, ...] = ("choosing", "judging")


@pytest.fixture(scope="module")
def heard() -> Corpus:
    return replace(corpus(8), neighbors=clips(8, 4, ("cat",)), talk=recording(5, 7))


def test_streams_without_words_hold_none_of_them(heard: Corpus) -> None:
    streams = {stream.name: stream for stream in negative_streams(heard, "choosing", 3, TARGETS)}
    assert set(streams) == {"words", "neighbors", "fluent", "talk", "noise"}
    for name in ("words", "fluent", "neighbors"):
        assert streams[name].spoken == ()
        power = np.abs(np.fft.rfft(streams[name].sound)) ** 2
        hertz = np.arange(len(power)) / len(streams[name].sound) * SAMPLE_RATE
        word, rest = (
            max(float(power[np.abs(hertz - TONES[w]) < 0.04 * TONES[w]].sum()) for w in of)
            for of in (TARGETS, {*TONES} - {*TARGETS})
        )
        assert word < 0.05 * rest, name


def test_the_halves_hear_different_noise_talk_and_neighbors(heard: Corpus) -> None:
    one, two = (
        {stream.name: stream.sound for stream in negative_streams(heard, which, 3, TARGETS)}
        for which in ("choosing", "judging")
    )
    for name in ("noise", "talk"):
        np.testing.assert_array_equal(np.concatenate((one[name], two[name])) * 32768, getattr(heard, name).sound)
    assert not np.array_equal(one["neighbors"], two["neighbors"])


def test_sentences_are_speech_without_a_word_only_where_the_words_are_directions(heard: Corpus) -> None:
    spoken = replace(heard, dialogue=recording(6, 8), phrases=recording(4, 9))
    kinds = [{stream.name for stream in negative_streams(spoken, "choosing", 3, words)} for words in (TARGETS, ("up", "no"))]
    assert {"phrases", "dialogue"} <= kinds[0]
    assert kinds[1] & {"phrases", "dialogue", "talk"} == {"phrases"}


def test_of_several_recordings_either_half_hears_every_other(heard: Corpus) -> None:
    sizes = [SAMPLE_RATE * seconds for seconds in (1, 2, 3, 4, 5)]
    sound = np.concatenate([np.full(size, number + 1, dtype=np.int16) for number, size in enumerate(sizes)])
    several = Recordings(sound, np.cumsum([0, *sizes], dtype=np.int64), tuple("abcde"))
    mixed = replace(heard, noise=several)
    expected: dict[Half, set[int]] = {"choosing": {1, 3, 5}, "judging": {2, 4}}
    for which, numbers in expected.items():
        streams = {stream.name: stream.sound for stream in negative_streams(mixed, which, 3, TARGETS)}
        assert {*np.round(streams["noise"] * 32768).astype(int).tolist()} == numbers


def test_there_is_a_pause_between_two_recordings_of_speech(heard: Corpus) -> None:
    said = np.full(4 * SAMPLE_RATE, 1000, dtype=np.int16)
    lines = Recordings(said, np.arange(5, dtype=np.int64) * SAMPLE_RATE, tuple("abcd"))
    streams = {stream.name: stream for stream in negative_streams(replace(heard, dialogue=lines), "choosing", 3, TARGETS)}
    sound = streams["dialogue"].sound
    ends = np.flatnonzero(np.diff((sound != 0).astype(int), append=1))
    first, second = (np.diff(ends)[::2] / SAMPLE_RATE).tolist()
    assert PAUSES[0] <= min(first, second) < max(first, second) <= PAUSES[1]
    assert int((sound != 0).sum()) == 2 * SAMPLE_RATE


def heard_of(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> set[int]:
    """The recordings in a stream whose recordings are steady, each at a level of its own."""
    return {*np.round(sound * 32768).astype(int).tolist()} - {0}


def test_kinds_of_noise_and_readers_that_are_listed_are_heard_by_their_half(heard: Corpus) -> None:
    names = ("kitchen20/drawer_1", "kitchen20/juicer_1", "music_digabi/maddirtmonkey_x", "blanket/train")
    readers = ("books/121-1-1", "books/6930-1-1")
    begins = np.arange(5, dtype=np.int64) * 2 * SAMPLE_RATE
    noise = Recordings(np.repeat(np.arange(1, 5), 2 * SAMPLE_RATE).astype(np.int16), begins, names)
    read = Recordings(np.repeat(np.arange(1, 3), 2 * SAMPLE_RATE).astype(np.int16), begins[:3], readers)
    mixed = replace(heard, noise=noise, readers=read)
    found = {
        which: {
            stream.name: {*np.round(stream.sound * 32768).astype(int).tolist()} - {0}
            for stream in negative_streams(mixed, which, 3, TARGETS)
        }
        for which in ("choosing", "judging")
    }
    assert found["choosing"]["kitchen"] == {2}
    assert found["judging"]["kitchen"] == {1}
    assert found["judging"]["music"] == {3}
    assert found["choosing"]["noise"] == {4}
    assert "music" not in found["choosing"]
    assert (found["choosing"]["readers"], found["judging"]["readers"]) == ({1}, {2})
    assert "readers, coded" in found["judging"]
