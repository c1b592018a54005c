from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.audio.gain import HIGHEST_DB, LOWEST_DB, NOISE_CEILING_DB, TARGET_DB, AutomaticGain, FixedGain, make_gain

HOP = 640
Sound = npt.NDArray[np.float32]


def noise(db: float, seconds: float, seed: int = 0) -> Sound:
    return np.random.default_rng(seed).normal(0, 10 ** (db / 20), int(seconds * 16_000)).astype(np.float32)


def speech(db: float, words: int, room_db: float = -75.0) -> Sound:
    """Bursts of 0.4 s, like words, with 0.6 s of room between them."""
    sound = noise(room_db, words * 1.0 + 1.0)
    for word in range(words):
        begin = 16_000 * word + 16_000
        sound[begin : begin + 6_400] += noise(db, 0.4, word)
    return np.clip(sound, -1, 1)


def run(gain: AutomaticGain | FixedGain, sound: Sound) -> tuple[Sound, list[float]]:
    out, gains = [], []
    for at in range(0, len(sound) - HOP + 1, HOP):
        out.append(gain.apply(sound[at : at + HOP]))
        gains.append(gain.gain_db)
    return np.concatenate(out), gains


def db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64))))


def test_quiet_speech_is_raised_towards_the_target() -> None:
    gain = AutomaticGain()
    out, _ = run(gain, speech(-43, 12))
    assert gain.gain_db == pytest.approx(20, abs=3)
    last_word = out[12 * 16_000 + 800 : 12 * 16_000 + 6_000]
    assert db(last_word) == pytest.approx(TARGET_DB, abs=4)


def test_loud_speech_is_lowered_within_bounds() -> None:
    gain = AutomaticGain()
    run(gain, speech(-8, 8))
    assert gain.gain_db == LOWEST_DB == -6.0


def test_very_quiet_speech_gets_at_most_the_maximum_gain() -> None:
    gain = AutomaticGain()
    run(gain, speech(-60, 20, room_db=-85))
    assert gain.gain_db == HIGHEST_DB == 24.0


def test_the_gain_is_frozen_in_silence() -> None:
    gain = AutomaticGain()
    run(gain, speech(-43, 6))
    before = gain.gain_db
    assert before > 10
    run(gain, noise(-75, 30))
    assert gain.gain_db == before
    run(gain, np.zeros(16_000 * 10, dtype=np.float32))
    assert gain.gain_db == before


@pytest.mark.parametrize("level", range(-90, -9, 10))
def test_steady_noise_is_never_amplified(level: int) -> None:
    _, gains = run(AutomaticGain(), noise(level, 20))
    assert max(gains) <= 0


@pytest.mark.parametrize("level", range(-80, -9, 10))
def test_gain_falls_again_when_noise_begins(level: int) -> None:
    """A fan that starts looks like speech at first; within seconds it is floor, and brought below the ceiling again."""
    gain = AutomaticGain()
    run(gain, noise(-90, 5))
    run(gain, noise(level, 25))
    assert gain.gain_db <= max(0.0, NOISE_CEILING_DB - level) + 0.5


def test_shout_after_whispers_is_not_clipped() -> None:
    gain = AutomaticGain()
    run(gain, speech(-45, 10))
    shout = (0.9 * np.sin(np.arange(HOP) / 5)).astype(np.float32)
    out = gain.apply(shout)
    assert np.max(np.abs(out)) <= 0.99
    assert np.corrcoef(out, shout)[0, 1] > 0.999


def knocks(seconds: int) -> Sound:
    """A knock at 0.7 of full scale each second, gone after 60 ms, between the words."""
    sound = np.zeros(seconds * 16_000, dtype=np.float32)
    shape = 0.7 * np.exp(-np.arange(1600) / 160) * np.sign(np.sin(np.arange(1600) / 3 + 1e-3))
    for second in range(seconds):
        sound[second * 16_000 + 12_000 :][:1600] += shape.astype(np.float32)
    return sound


def test_knocks_do_not_turn_the_gain_down() -> None:
    quiet, knocked = AutomaticGain(), AutomaticGain()
    sound = speech(-43, 30)
    run(quiet, sound)
    out, gains = run(knocked, np.clip(sound + knocks(31), -1, 1))
    assert knocked.gain_db == pytest.approx(quiet.gain_db, abs=2)
    assert min(gains[10 * 25 :]) > quiet.gain_db - 3, "not even for the word after a knock"
    assert np.max(np.abs(out)) <= 0.99, "and the knock itself is not clipped"


def test_gain_is_interpolated_between_hops() -> None:
    _, gains = run(AutomaticGain(), speech(-43, 6))
    assert np.max(np.abs(np.diff(gains))) < 1.0


def test_fixed_gain() -> None:
    sound = np.array([0.1, -0.1, 0.6], dtype=np.float32)
    np.testing.assert_allclose(FixedGain(6.0).apply(sound), [0.1995, -0.1995, 1.0], atol=1e-4)
    np.testing.assert_array_equal(FixedGain().apply(sound), sound)


def test_setting_selects_the_gain_stage() -> None:
    assert isinstance(make_gain("auto"), AutomaticGain)
    assert make_gain("-3").gain_db == make_gain(-3.0).gain_db == -3
    with pytest.raises(ValueError, match="loud"):
        make_gain("loud")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 10), st.integers(1, 900)), min_size=1, max_size=30), st.integers(0, 99))
def test_any_sound_stays_within_full_scale_and_the_gain_within_bounds(parts: list[tuple[float, int]], seed: int) -> None:
    gain = AutomaticGain()
    for level, length in parts:
        sound = np.clip(noise(level, 1, seed)[:length], -1, 1)
        out = gain.apply(sound)
        assert out.dtype == np.float32
        assert len(out) == len(sound)
        assert np.all(np.isfinite(out))
        assert np.max(np.abs(out)) <= 1.0
        assert LOWEST_DB <= gain.gain_db <= HIGHEST_DB
