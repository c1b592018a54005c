from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.training.makers import TONES, WORDS, clips, corpus, recording
from voicetrail.training.fit import compose
from voicetrail.training.fit.compose import Composer, Mix, colored, impulse_response, taps
from voicetrail.training.data.dataset import CLIP, Corpus

QUIET = Mix(room=0.0, noisy=0.0, before=0.0, after=0.0)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MIN_CLIPS", 4)


@pytest.fixture
def recording() -> Corpus:
    return made_once().corpus


@cache
def made_once() -> Composer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "MIN_CLIPS", 4)
        return Composer(replace(corpus(5), neighbours=clips(2, 3, ("cat",)), talk=recording(5, 7)), rooms=2)


def composer(recordings: Corpus, mix: Mix | None = None) -> Composer:
    """A composer; the noise and the rooms, which take time to make, are shared."""
    if recordings is not made_once().corpus:
        return Composer(recordings, mix or Mix(), rooms=2)
    made = copy(made_once())
    made.mix = mix or Mix()
    made._kinds, made._shares = made._make_shares()
    return made


def of_kind(composer: Composer, kind: str) -> None:
    """From now on, only windows of this kind."""
    composer._shares = np.array([float(each == kind) for each in composer._kinds])


def pitch(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    """The word whose tone is loudest."""
    power = np.abs(np.fft.rfft(sound, CLIP))
    return min(TONES, key=lambda word: abs(TONES[word] - int(power.argmax())))


def test_the_same_seed_makes_the_same_windows(recordings: Corpus) -> None:
    one, two = composer(recordings), Composer(recordings, rooms=2)
    for seed in range(25):
        sound, label = one.window(np.random.default_rng(seed), 15_872)
        again, same = two.window(np.random.default_rng(seed), 15_872)
        np.testing.assert_array_equal(sound, again)
        assert label == same


@pytest.mark.parametrize("length", [13_000, 15_872, 19_000])
def test_windows_have_their_length_and_stay_within_full_scale(recordings: Corpus, length: int) -> None:
    made = composer(recordings)
    for seed in range(30):
        sound, label = made.window(np.random.default_rng(seed), length)
        assert sound.shape == (length,)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() <= 1.0
        assert 0 <= label < len(made.classes)


def test_loudness_is_drawn_from_its_range(recordings: Corpus) -> None:
    made = composer(recordings, Mix(quietest_db=-20.0))
    peaks = [float(np.abs(made.window(np.random.default_rng(seed), CLIP)[0]).max()) for seed in range(100)]
    levels = 20 * np.log10([peak for peak in peaks if peak > 0])
    assert levels.min() >= -20.01
    assert levels.max() <= 0.0
    assert np.ptp(levels) > 12


def test_classes_are_the_words_with_clips_enough_then_unknown_then_noise(recordings: Corpus) -> None:
    assert composer(recordings).classes == (*sorted(WORDS), "_unknown_", "_background_noise_")
    scarce = replace(recordings, clips=clips(5).pick([*range(20), 20]))  # one clip of cat
    made = composer(scarce)
    assert "cat" not in made.classes
    of_kind(made, "+rare")
    assert made.classes[made.window(np.random.default_rng(0), CLIP)[1]] == "_unknown_"


@pytest.mark.parametrize("word", WORDS)
def test_a_windows_class_is_the_word_that_can_be_heard_in_it(recordings: Corpus, word: str) -> None:
    made = composer(recordings, QUIET)
    of_kind(made, word)
    for seed in range(8):
        sound, label = made.window(np.random.default_rng(seed), CLIP)
        assert made.classes[label] == word
        assert pitch(sound) == word


@pytest.mark.parametrize("kind", ["+part", "+pieces", "+talk", "+neighbour"])
def test_parts_pieces_and_talk_are_unknown(recordings: Corpus, kind: str) -> None:
    made = composer(recordings, QUIET)
    of_kind(made, kind)
    for seed in range(5):
        sound, label = made.window(np.random.default_rng(seed), CLIP)
        assert made.classes[label] == "_unknown_"
        assert sound.any()


def test_noise_is_noise(recordings: Corpus) -> None:
    made = composer(recordings)
    of_kind(made, "+noise")
    assert {made.classes[made.window(np.random.default_rng(seed), CLIP)[1]] for seed in range(20)} == {"_background_noise_"}


def test_of_a_part_less_than_half_the_word_is_seen(recordings: Corpus) -> None:
    made = composer(recordings, QUIET)
    of_kind(made, "+part")
    for seed in range(20):
        sound, _ = made.window(np.random.default_rng(seed), CLIP)
        loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
        assert loud[-1] - loud[0] < 0.5 * 5_000
        assert loud[0] == 0 or loud[-1] > CLIP - 100 or loud[0] < 100


def test_without_plain_clips_a_word_is_whole_in_the_window_but_for_its_very_end(recordings: Corpus) -> None:
    made = composer(recordings, replace(QUIET, plain=0.0))
    of_kind(made, "up")
    for seed in range(20):
        sound, _ = made.window(np.random.default_rng(seed), CLIP)
        loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
        assert loud[-1] - loud[0] > 5_000 - 0.02 * CLIP - 320


def test_directions_alone_without_noise_and_talk_are_enough(recordings: Corpus) -> None:
    bare = corpus(5, words=("up", "down", "left", "right"))
    made = composer(replace(bare, noise=recording(0), phrases=recording(0)))
    made.mix = Mix(noisy=1.0)
    for seed in range(60):
        assert made.window(np.random.default_rng(seed), CLIP)[0].shape == (CLIP,)


def test_made_sounds_follow_from_the_seed_and_are_finite() -> None:
    for make in (lambda rng: colored(rng, 4_000), lambda rng: taps(rng, 4_000), impulse_response):
        one, two = make(np.random.default_rng(3)), make(np.random.default_rng(3))
        np.testing.assert_array_equal(one, two)
        assert np.isfinite(one).all()
        assert one.any()
        assert not np.array_equal(make(np.random.default_rng(4))[:100], one[:100])
    assert impulse_response(np.random.default_rng(0))[0] == 1.0


def test_talk_is_drawn_around_the_hard_places(recordings: Corpus) -> None:
    talk = recordings.talk.sound.copy()
    talk[:] = 100
    talk[3 * CLIP : 4 * CLIP] = 10_000
    made = composer(replace(recordings, talk=replace(recordings.talk, sound=talk)), Mix(hard=1.0))
    made.hard = np.array([3 * CLIP])
    for seed in range(20):
        sound = made._hard_talk(np.random.default_rng(seed), 15_872)
        assert (sound > 0.2).mean() > 0.9
    # At the recordings's very end a window of slow speech still has its length.
    made.hard = np.array([len(talk) - CLIP])
    assert len(made._hard_talk(np.random.default_rng(0), 19_000)) == 19_000


def test_a_recording_cut_close_to_its_word_has_silence_around_it(recordings: Corpus) -> None:
    def silent(cut: float) -> float:
        made = composer(recordings, replace(QUIET, cut=cut, plain=0.0))
        of_kind(made, "up")
        windows = [made.window(np.random.default_rng(seed), CLIP)[0] for seed in range(40)]
        return float(np.mean([(window == 0).mean() for window in windows]))

    assert silent(1.0) > silent(0.0) + 0.2
