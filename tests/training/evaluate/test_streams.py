from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.makers import TONES, clips, corpus, recording
from voicetrail.events import SAMPLE_RATE
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.evaluate.streams import (
    CROWDED_SHARE,
    LEVEL,
    RAPID_GAPS,
    SAME_WORD_S,
    TAIL,
    close_stream,
    crowded_stream,
    half,
    rapid_stream,
    same_word_stream,
    word_stream,
)

TARGETS = ("up", "left")


@pytest.fixture(scope="module")
def heard() -> Corpus:
    return replace(corpus(8), neighbors=clips(8, 4, ("cat",)), talk=recording(5, 7))


def speakers(paths: tuple[str, ...]) -> set[str]:
    return {Path(path).name.split("_")[0] for path in paths}


def test_the_halves_share_no_speaker_and_leave_none_out(heard: Corpus) -> None:
    choosing, judging = half(heard.clips, "choosing"), half(heard.clips, "judging")
    assert not speakers(choosing.paths) & speakers(judging.paths)
    assert {*choosing.paths, *judging.paths} == {*heard.clips.paths}
    assert len(choosing)
    assert len(judging)


@pytest.mark.parametrize("snr", [None, 10.0])
def test_truths_lie_where_the_words_are(heard: Corpus, snr: float | None) -> None:
    stream = word_stream(heard, "judging", snr, 30, 5, TARGETS)
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


def test_other_words_are_said_that_do_not_count(heard: Corpus) -> None:
    stream = word_stream(heard, "judging", None, 30, 5, TARGETS)
    counted = sum(truth.end - truth.begin for truth in stream.spoken)
    loud = int((np.abs(stream.sound) > 0.01).sum())
    assert loud > 1.4 * counted


def test_the_words_are_the_same_whatever_the_noise_and_words_are_level(heard: Corpus) -> None:
    clean, noisy, other = (word_stream(heard, "judging", snr, 20, seed) for snr, seed in ((None, 5), (5.0, 5), (None, 6)))
    assert clean.spoken == noisy.spoken
    assert clean.spoken != other.spoken
    hiss = noisy.sound - clean.sound
    assert float(np.sqrt(np.mean(hiss**2))) == pytest.approx(LEVEL * 10 ** (-5 / 20), rel=0.15)
    truth = clean.spoken[0]
    assert float(np.sqrt(np.mean(clean.sound[truth.begin + 500 : truth.end - 500] ** 2))) == pytest.approx(LEVEL, rel=0.2)


def test_without_noise_held_out_it_is_made(heard: Corpus) -> None:
    for seconds in (0.0, 2.0):
        bare = replace(heard, noise=recording(seconds))
        stream = word_stream(bare, "judging", 5.0, 5, 1, TARGETS)
        assert float(np.sqrt(np.mean(stream.sound[:SAMPLE_RATE] ** 2))) > LEVEL / 10


def test_without_the_words_others_are_said_and_without_clips_nothing(heard: Corpus) -> None:
    others = word_stream(heard, "judging", None, 10, 1, ("parrot",))
    assert others.spoken == ()
    assert others.sound.any()
    nobody = word_stream(replace(heard, clips=heard.clips.pick([])), "judging", None, 5, 1, TARGETS)
    assert nobody.spoken == ()
    assert not nobody.sound.any()


def test_a_word_keeps_what_is_faint_around_it_unless_it_is_cut_close(heard: Corpus) -> None:
    wide = word_stream(heard, "choosing", None, 60.0, 3, TARGETS)
    tight = close_stream(heard, "choosing", 60.0, 3, TARGETS)
    assert wide.spoken == tight.spoken
    ends = np.array([spoken.end + TAIL for spoken in tight.spoken])
    after = ends[:, None] + np.arange(SAMPLE_RATE // 20)
    assert not tight.sound[after].any()
    assert wide.sound[after].any()


def test_in_a_crowd_few_words_are_for_the_game(heard: Corpus) -> None:
    crowded = crowded_stream(heard, "choosing", 120.0, 3, TARGETS)
    plain = word_stream(heard, "choosing", None, 120.0, 3, TARGETS)
    assert 0 < len(crowded.spoken) < len(plain.spoken)
    said = 120 / (len(crowded.spoken) / CROWDED_SHARE)
    assert said < 1.3, "a word follows the other"


def test_rapid_words_are_for_the_game_and_hardly_apart(heard: Corpus) -> None:
    rapid = rapid_stream(heard, "judging", 60.0, 3, TARGETS)
    gaps = [
        (later.begin - before.end - TAIL) / SAMPLE_RATE for before, later in zip(rapid.spoken, rapid.spoken[1:], strict=False)
    ]
    assert RAPID_GAPS[0] - 0.001 <= min(gaps) < max(gaps) <= RAPID_GAPS[1]
    assert len({truth.word for truth in rapid.spoken}) == 2


def test_the_same_word_is_said_four_times_by_one_speaker(heard: Corpus) -> None:
    stream = same_word_stream(heard, "judging", 60.0, 3, TARGETS)
    words = [truth.word for truth in stream.spoken]
    assert all(len(set(words[at : at + 4])) == 1 for at in range(0, len(words) - 3, 4))
    assert {*words} == {*TARGETS}
    starts = np.diff([truth.begin for truth in stream.spoken]) / SAMPLE_RATE
    within = np.delete(starts, np.arange(3, len(starts), 4))
    assert SAME_WORD_S[0] - 0.001 <= within.min() < within.max() <= SAME_WORD_S[1]
    assert np.abs(stream.sound[: stream.spoken[0].begin - 800]).max() == 0
