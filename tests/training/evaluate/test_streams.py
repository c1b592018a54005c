from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.makers import TONES, clips, corpus, recording
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.dataset import Corpus, Recordings
from voicetrail.training.evaluate.streams import (
    CROWDED_SHARE,
    LEVEL,
    PAUSES,
    TAIL,
    Half,
    close_stream,
    crowded_stream,
    half,
    negative_streams,
    word_stream,
)

TARGETS = ("up", "left")


@pytest.fixture(scope="module")
def recording() -> Corpus:
    return replace(corpus(8), neighbours=clips(8, 4, ("cat",)), talk=recording(5, 7))


def speakers(paths: tuple[str, ...]) -> set[str]:
    return {Path(path).name.split("_")[0] for path in paths}


def test_the_halves_share_no_speaker_and_leave_none_out(recordings: Corpus) -> None:
    choosing, judging = half(recordings.clips, "choosing"), half(recordings.clips, "judging")
    assert not speakers(choosing.paths) & speakers(judging.paths)
    assert {*choosing.paths, *judging.paths} == {*recordings.clips.paths}
    assert len(choosing)
    assert len(judging)


@pytest.mark.parametrize("snr", [None, 10.0])
def test_truths_lie_where_the_words_are(recordings: Corpus, snr: float | None) -> None:
    stream = word_stream(recordings, "judging", snr, 30, 5, TARGETS)
    assert len(stream.sound) == 30 * SAMPLE_RATE
    assert np.abs(stream.sound).max() <= 1.0
    assert {truth.word for truth in stream.spoken} == {*TARGETS}
    for truth in stream.spoken:
        word = stream.sound[truth.begin : truth.end]
        power = np.abs(np.fft.rfft(word, SAMPLE_RATE))
        assert abs(int(power.argmax()) - TONES[truth.word]) < 0.05 * TONES[truth.word]
        # What word_bounds adds behind a word does not count in a latency.
        assert truth.end - truth.begin == 5_000 - TAIL
    ends = [truth.end for truth in stream.spoken]
    assert all(later.begin > end for later, end in zip(stream.spoken[1:], ends, strict=False))


def test_other_words_are_said_that_do_not_count(recordings: Corpus) -> None:
    stream = word_stream(recordings, "judging", None, 30, 5, TARGETS)
    counted = sum(truth.end - truth.begin for truth in stream.spoken)
    loud = int((np.abs(stream.sound) > 0.01).sum())
    assert loud > 1.4 * counted


def test_the_words_are_the_same_whatever_the_noise_and_words_are_level(recordings: Corpus) -> None:
    clean, noisy, other = (word_stream(recordings, "judging", snr, 20, seed) for snr, seed in ((None, 5), (5.0, 5), (None, 6)))
    assert clean.spoken == noisy.spoken
    assert clean.spoken != other.spoken
    hiss = noisy.sound - clean.sound
    assert float(np.sqrt(np.mean(hiss**2))) == pytest.approx(LEVEL * 10 ** (-5 / 20), rel=0.15)
    truth = clean.spoken[0]
    assert float(np.sqrt(np.mean(clean.sound[truth.begin + 500 : truth.end - 500] ** 2))) == pytest.approx(LEVEL, rel=0.2)


def test_without_noise_held_out_it_is_made(recordings: Corpus) -> None:
    for seconds in (0.0, 2.0):
        bare = replace(recordings, noise=recording(seconds))
        stream = word_stream(bare, "judging", 5.0, 5, 1, TARGETS)
        assert float(np.sqrt(np.mean(stream.sound[:SAMPLE_RATE] ** 2))) > LEVEL / 10


def test_without_the_words_others_are_said_and_without_clips_nothing(recordings: Corpus) -> None:
    others = word_stream(recordings, "judging", None, 10, 1, ("parrot",))
    assert others.spoken == ()
    assert others.sound.any()
    nobody = word_stream(replace(recordings, clips=recordings.clips.pick([])), "judging", None, 5, 1, TARGETS)
    assert nobody.spoken == ()
    assert not nobody.sound.any()


def test_streams_without_words_hold_none_of_them(recordings: Corpus) -> None:
    streams = {stream.name: stream for stream in negative_streams(recordings, "choosing", 3, TARGETS)}
    assert set(streams) == {"words", "neighbours", "fluent", "talk", "noise"}
    for name in ("words", "fluent", "neighbours"):
        assert streams[name].spoken == ()
        power = np.abs(np.fft.rfft(streams[name].sound)) ** 2
        hertz = np.arange(len(power)) / len(streams[name].sound) * SAMPLE_RATE
        word, rest = (
            max(float(power[np.abs(hertz - TONES[w]) < 0.04 * TONES[w]].sum()) for w in of)
            for of in (TARGETS, {*TONES} - {*TARGETS})
        )
        assert word < 0.05 * rest, name


def test_the_halves_hear_different_noise_talk_and_neighbours(recordings: Corpus) -> None:
    one, two = (
        {stream.name: stream.sound for stream in negative_streams(recordings, which, 3, TARGETS)}
        for which in ("choosing", "judging")
    )
    for name in ("noise", "talk"):
        np.testing.assert_array_equal(np.concatenate((one[name], two[name])) * 32768, getattr(recordings, name).sound)
    assert not np.array_equal(one["neighbours"], two["neighbours"])


def test_sentences_are_speech_without_a_word_only_where_the_words_are_directions(recordings: Corpus) -> None:
    spoken = replace(recordings, dialogue=recording(6, 8), phrases=recording(4, 9))
    kinds = [{stream.name for stream in negative_streams(spoken, "choosing", 3, words)} for words in (TARGETS, ("up", "no"))]
    assert {"phrases", "dialogue"} <= kinds[0]
    assert kinds[1] & {"phrases", "dialogue", "talk"} == {"phrases"}


def test_of_several_recordings_either_half_hears_every_other(recordings: Corpus) -> None:
    sizes = [SAMPLE_RATE * seconds for seconds in (1, 2, 3, 4, 5)]
    sound = np.concatenate([np.full(size, number + 1, dtype=np.int16) for number, size in enumerate(sizes)])
    several = Recordings(sound, np.cumsum([0, *sizes], dtype=np.int64), tuple("abcde"))
    mixed = replace(recordings, noise=several)
    expected: dict[Half, set[int]] = {"choosing": {1, 3, 5}, "judging": {2, 4}}
    for which, heard in expected.items():
        streams = {stream.name: stream.sound for stream in negative_streams(mixed, which, 3, TARGETS)}
        assert {*np.round(streams["noise"] * 32768).astype(int).tolist()} == heard


def test_there_is_a_pause_between_two_recordings_of_speech(recordings: Corpus) -> None:
    said = np.full(4 * SAMPLE_RATE, 1000, dtype=np.int16)
    lines = Recordings(said, np.arange(5, dtype=np.int64) * SAMPLE_RATE, tuple("abcd"))
    streams = {stream.name: stream for stream in negative_streams(replace(recordings, dialogue=lines), "choosing", 3, TARGETS)}
    sound = streams["dialogue"].sound
    ends = np.flatnonzero(np.diff((sound != 0).astype(int), append=1))
    first, second = (np.diff(ends)[::2] / SAMPLE_RATE).tolist()
    assert PAUSES[0] <= min(first, second) < max(first, second) <= PAUSES[1]
    assert int((sound != 0).sum()) == 2 * SAMPLE_RATE


def test_a_word_keeps_what_is_faint_around_it_unless_it_is_cut_close(recordings: Corpus) -> None:
    wide = word_stream(recordings, "choosing", None, 60.0, 3, TARGETS)
    tight = close_stream(recordings, "choosing", 60.0, 3, TARGETS)
    assert wide.spoken == tight.spoken
    ends = np.array([spoken.end + TAIL for spoken in tight.spoken])
    after = ends[:, None] + np.arange(SAMPLE_RATE // 20)
    assert not tight.sound[after].any()
    assert wide.sound[after].any()


def test_in_a_crowd_few_words_are_for_the_game(recordings: Corpus) -> None:
    crowded = crowded_stream(recordings, "choosing", 120.0, 3, TARGETS)
    plain = word_stream(recordings, "choosing", None, 120.0, 3, TARGETS)
    assert 0 < len(crowded.spoken) < len(plain.spoken)
    said = 120 / (len(crowded.spoken) / CROWDED_SHARE)
    assert said < 1.3, "a word follows the other"
