from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.training.makers import TONES, WORDS, clips, corpus, recording
from voicetrail.training.data.corpus import Corpus
from voicetrail.training.data.recordings import CLIP
from voicetrail.training.fit import compose
from voicetrail.training.fit.compose import Composer, Window
from voicetrail.training.fit.mix import Mix
from voicetrail.training.fit.surroundings import piece_around

QUIET = Mix(room=0.0, noisy=0.0, before=0.0, after=0.0, hum=0.0, clipped=0.0, companded=0.0, gsm=0.0, opus=0.0, blanked=0.0)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MIN_CLIPS", 4)


@pytest.fixture
def heard() -> Corpus:
    return made_once().corpus


@cache
def made_once() -> Composer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "MIN_CLIPS", 4)
        return Composer(replace(corpus(5), neighbors=clips(2, 3, ("cat",)), talk=recording(5, 7)), rooms=2)


def composer(heard: Corpus, mix: Mix | None = None) -> Composer:
    """A composer; the noise and the rooms, which take time to make, are shared."""
    if heard is not made_once().corpus:
        return Composer(heard, mix or Mix(), rooms=2)
    made = copy(made_once())
    made.mix = mix or Mix()
    made.surroundings = replace(made.surroundings, mix=made.mix)
    made._kinds, made._shares = made._make_shares()
    return made


def of_kind(composer: Composer, kind: str) -> None:
    """From now on, only windows of this kind."""
    composer._shares = np.array([float(each == kind) for each in composer._kinds])


def pitch(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    """The word whose tone is loudest."""
    power = np.abs(np.fft.rfft(sound, CLIP))
    return min(TONES, key=lambda word: abs(TONES[word] - int(power.argmax())))


def test_the_same_seed_makes_the_same_windows(heard: Corpus) -> None:
    one, two = composer(heard), Composer(heard, rooms=2)
    for seed in range(25):
        window, same = one.window(np.random.default_rng(seed), 15_872), two.window(np.random.default_rng(seed), 15_872)
        np.testing.assert_array_equal(window.sound, same.sound)
        assert (window.label, window.blank) == (same.label, same.blank)


@pytest.mark.parametrize("length", [13_000, 15_872, 19_000])
def test_windows_have_their_length_and_stay_within_full_scale(heard: Corpus, length: int) -> None:
    made = composer(heard)
    for seed in range(30):
        window = made.window(np.random.default_rng(seed), length)
        sound, label = window.sound, window.label
        assert sound.shape == (length,)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() <= 1.0
        assert 0 <= label < len(made.classes)
        assert 0 <= window.blank <= length


def test_loudness_is_drawn_from_its_range(heard: Corpus) -> None:
    made = composer(heard, Mix(quietest_db=-20.0, clipped=0.0))
    peaks = [float(np.abs(made.window(np.random.default_rng(seed), CLIP).sound).max()) for seed in range(100)]
    levels = 20 * np.log10([peak for peak in peaks if peak > 0])
    assert levels.min() >= -20.01
    assert levels.max() <= 0.0
    assert np.ptp(levels) > 12


def test_classes_are_the_words_with_clips_enough_then_unknown_then_noise(heard: Corpus) -> None:
    assert composer(heard).classes == (*sorted(WORDS), "_unknown_", "_background_noise_")
    scarce = replace(heard, clips=clips(5).pick([*range(20), 20]))  # one clip of cat
    made = composer(scarce)
    assert "cat" not in made.classes
    of_kind(made, "+rare")
    assert made.classes[made.window(np.random.default_rng(0), CLIP).label] == "_unknown_"


@pytest.mark.parametrize("word", WORDS)
def test_a_windows_class_is_the_word_that_can_be_heard_in_it(heard: Corpus, word: str) -> None:
    made = composer(heard, QUIET)
    of_kind(made, word)
    for seed in range(8):
        window = made.window(np.random.default_rng(seed), CLIP)
        sound, label = window.sound, window.label
        assert made.classes[label] == word
        assert pitch(sound) == word


@pytest.mark.parametrize("kind", ["+part", "+pieces", "+talk", "+neighbor"])
def test_parts_pieces_and_talk_are_unknown(heard: Corpus, kind: str) -> None:
    made = composer(heard, QUIET)
    of_kind(made, kind)
    for seed in range(5):
        window = made.window(np.random.default_rng(seed), CLIP)
        sound, label = window.sound, window.label
        assert made.classes[label] == "_unknown_"
        assert sound.any()


def test_noise_is_noise(heard: Corpus) -> None:
    made = composer(heard)
    of_kind(made, "+noise")
    assert {made.classes[made.window(np.random.default_rng(seed), CLIP).label] for seed in range(20)} == {"_background_noise_"}


def left_of(window: Window) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What blanking leaves of a window."""
    sound = window.sound.copy()
    sound[: window.blank] = 0.0
    return sound


def test_of_a_part_less_than_half_the_word_is_left(heard: Corpus) -> None:
    made = composer(heard, QUIET)
    of_kind(made, "+part")
    blanked = 0
    for seed in range(60):
        window = made.window(np.random.default_rng(seed), CLIP)
        blanked += window.blank > 0
        loud = np.flatnonzero(np.abs(left_of(window)) > 0.1 * np.abs(window.sound).max())
        assert not len(loud) or loud[-1] - loud[0] < 0.5 * 5_000
    assert 10 < blanked < 40


def test_of_a_word_whose_past_is_blanked_the_whole_is_left_and_hardly_more(heard: Corpus) -> None:
    made = composer(heard, replace(QUIET, blanked=1.0))
    of_kind(made, "up")
    for seed in range(20):
        window = made.window(np.random.default_rng(seed), CLIP)
        assert made.classes[window.label] == "up"
        loud = np.flatnonzero(np.abs(left_of(window)) > 0.1 * np.abs(window.sound).max())
        assert 5_000 - 0.02 * CLIP - 320 < loud[-1] - loud[0] < 5_400 + 0.15 * CLIP
        assert pitch(left_of(window)) == "up"


def test_the_same_word_is_said_twice_in_some_windows(heard: Corpus) -> None:
    made = composer(heard, replace(QUIET, before=1.0, again=1.0, plain=0.0))
    of_kind(made, "up")
    loud = [
        float((np.abs(window.sound) > 0.1 * np.abs(window.sound).max()).mean())
        for window in (made.window(np.random.default_rng(seed), CLIP) for seed in range(30))
    ]
    assert max(loud) > 1.4 * min(loud)


def test_without_plain_clips_a_word_is_whole_in_the_window_but_for_its_very_end(heard: Corpus) -> None:
    made = composer(heard, replace(QUIET, plain=0.0))
    of_kind(made, "up")
    for seed in range(20):
        sound = made.window(np.random.default_rng(seed), CLIP).sound
        loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
        assert loud[-1] - loud[0] > 5_000 - 0.02 * CLIP - 320


def test_directions_alone_without_noise_and_talk_are_enough(heard: Corpus) -> None:
    bare = corpus(5, words=("up", "down", "left", "right"))
    made = composer(replace(bare, noise=recording(0), phrases=recording(0)))
    made.mix = Mix(noisy=1.0)
    for seed in range(60):
        assert made.window(np.random.default_rng(seed), CLIP).sound.shape == (CLIP,)


def test_talk_and_noise_are_drawn_around_the_hard_places(heard: Corpus) -> None:
    talk = heard.talk.sound.copy()
    talk[:] = 100
    talk[3 * CLIP : 4 * CLIP] = 10_000
    loud = replace(heard.talk, sound=talk)
    for seed in range(20):
        sound = piece_around(np.random.default_rng(seed), loud, np.array([3 * CLIP]), 15_872)
        assert (sound > 0.2).mean() > 0.9
    # At the very end of the recordings a window of slow speech still has its length.
    assert len(piece_around(np.random.default_rng(0), loud, np.array([len(talk) - CLIP]), 19_000)) == 19_000
    made = composer(replace(heard, talk=loud, noise=loud), replace(QUIET, hard=1.0, hard_noise=1.0, blanked_other=0.0))
    made.hard_talk = made.surroundings.hard = np.array([3 * CLIP])
    for kind in ("+talk", "+noise"):
        of_kind(made, kind)
        parts = [made.window(np.random.default_rng(seed), CLIP).sound for seed in range(10)]
        assert np.mean([(part > 0.5 * part.max()).mean() for part in parts]) > 0.7, kind


def test_a_recording_cut_close_to_its_word_has_silence_around_it(heard: Corpus) -> None:
    def silent(cut: float) -> float:
        made = composer(heard, replace(QUIET, cut=cut, plain=0.0))
        of_kind(made, "up")
        windows = [made.window(np.random.default_rng(seed), CLIP).sound for seed in range(40)]
        return float(np.mean([(window == 0).mean() for window in windows]))

    assert silent(1.0) > silent(0.0) + 0.2
