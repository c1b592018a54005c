"""Takes are found in sound by themselves, whole, and what is wrong with one is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.teaching.tones import recording, silence, spoken
from voicetrail.events import SAMPLE_RATE
from voicetrail.teaching.takes import MARGIN, Take, TakeFinder, TakeProblem, find_takes, is_clipped


def test_each_word_of_a_recording_is_one_take_with_its_bounds() -> None:
    sound = recording(["links", "rechts", "hoch", "links"])
    found = list(find_takes(sound))
    assert len(found) == 4
    for one in found:
        assert one.seconds == pytest.approx(0.4, abs=0.06)
        assert one.problems == ()
        assert 0 <= one.begin < one.end <= len(one.sound) <= one.end - one.begin + 2 * MARGIN


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_takes_do_not_depend_on_how_the_stream_is_cut_into_blocks(sizes: list[int]) -> None:
    sound = recording(["links", "rechts"])
    whole, pieces = TakeFinder(), TakeFinder()
    at, found = 0, []
    for size in [*sizes, len(sound)]:
        found += pieces.feed(sound[at : at + size])
        at += size
    assert found == whole.feed(sound)


def test_a_pause_inside_a_word_does_not_cut_it() -> None:
    word = np.concatenate((spoken("links", seconds=0.25), silence(0.12), spoken("links", 1, seconds=0.2)))
    found = list(find_takes(np.concatenate((silence(1), word, silence(1)))))
    assert len(found) == 1
    assert found[0].seconds == pytest.approx(0.57, abs=0.08)


def test_silence_and_clicks_are_no_takes() -> None:
    sound = silence(3.0)
    sound[SAMPLE_RATE : SAMPLE_RATE + 160] += 0.5
    assert list(find_takes(sound)) == []
    assert list(find_takes(np.zeros(SAMPLE_RATE, dtype=np.float32))) == []
    assert list(find_takes(np.zeros(0, dtype=np.float32))) == []


def test_a_take_at_the_end_of_a_recording_is_cut_off() -> None:
    sound = np.concatenate((silence(1), spoken("links")[: SAMPLE_RATE // 5]))
    (found,) = find_takes(sound)
    assert TakeProblem.CUT_OFF in found.problems


def test_a_take_at_the_beginning_of_a_recording_is_cut_off() -> None:
    for behind in (0.1, 1.0):
        sound = np.concatenate((spoken("links")[SAMPLE_RATE // 10 :], silence(behind)))
        (found,) = find_takes(sound)
        assert TakeProblem.CUT_OFF in found.problems


def test_noise_behind_a_word_at_the_end_of_a_recording_does_not_prolong_it() -> None:
    floor = silence(1.0, -75)
    for seed in range(20):
        (found,) = find_takes(np.concatenate((floor, spoken("links", seed), silence(0.24, -68.6, seed))))
        assert found.seconds == pytest.approx(0.4, abs=0.06)


def test_a_word_is_found_in_a_loud_steady_noise_though_it_stands_little_above_it() -> None:
    word, noise = spoken("links", peak=0.14), silence(5.0, level_db=-30)
    noise[3 * SAMPLE_RATE :][: len(word)] += word
    (found,) = find_takes(noise)
    assert found.begin < found.end
    assert found.seconds == pytest.approx(0.4, abs=0.1)
    assert list(find_takes(silence(10.0, level_db=-30, seed=4))) == []


def test_a_noise_that_goes_on_becomes_the_floor() -> None:
    hum = silence(6.0, level_db=-30)
    sound = np.concatenate((silence(1), hum[: 4 * SAMPLE_RATE], spoken("links", peak=0.9) + hum[: len(spoken("links"))], hum))
    last = list(find_takes(sound))[-1]
    assert last.seconds == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize(
    ("peak", "problem"), [(0.003, TakeProblem.QUIET), (8.0, TakeProblem.CLIPPED)], ids=["too quiet", "clipped"]
)
def test_what_is_wrong_with_a_take_is_said(peak: float, problem: TakeProblem) -> None:
    word = np.clip(spoken("links", peak=peak), -1, 1)
    quiet = silence(1, level_db=-90)
    take = Take(np.concatenate((quiet, word, quiet)), len(quiet), len(quiet) + len(word), -75.0)
    assert problem in take.problems


def test_a_loud_take_is_not_called_clipped() -> None:
    assert not is_clipped(spoken("links", peak=0.98))
    assert is_clipped(np.clip(spoken("links", peak=1.5), -1, 1))
    assert is_clipped(np.clip(spoken("links", peak=1.5), -0.7, 0.7))  # clipped before a gain


def test_a_take_in_noise_and_a_long_one_are_pointed_out() -> None:
    noisy = Take(silence(1, -20), 4000, 12000, -22.0)
    assert noisy.problems == (TakeProblem.NOISY,)
    assert TakeProblem.TOO_LONG in Take(spoken("links", seconds=2.0), 0, 2 * SAMPLE_RATE).problems
    assert Take(np.zeros(8000, dtype=np.float32), 0, 8000).problems == (TakeProblem.EMPTY,)


@settings(max_examples=40, deadline=None)
@given(
    quieter_db=st.floats(0, 60),
    noise_db=st.floats(-75, -38),
    around_s=st.floats(0.5, 1.2),
    seed=st.integers(0, 99),
)
# Noise just below the level at which a take ends: some of its frames rise above it.
@example(quieter_db=7, noise_db=-68.75, around_s=0.5, seed=2)
@example(quieter_db=6.1, noise_db=-64.14, around_s=0.5, seed=58)
def test_noise_behind_the_words_that_is_louder_than_the_pauses_joins_no_takes(
    quieter_db: float, noise_db: float, around_s: float, seed: int
) -> None:
    """A noise gate that opens for each word, or clips with hiss of their own between silences."""
    said = ["links", "rechts", "hoch"]
    pause_db = noise_db - quieter_db
    parts = [silence(1.0, pause_db, seed)]
    for number, word in enumerate(said):
        noise = silence(2 * around_s + 0.4, noise_db, seed + number)
        begin = round(around_s * SAMPLE_RATE)
        clip = spoken(word, seed + number)
        noise[begin : begin + len(clip)] += clip
        parts += [noise, silence(0.5, pause_db, seed + 50 + number)]
    found = list(find_takes(np.concatenate(parts)))
    assert len(found) == len(said)
    for one in found:
        assert one.seconds == pytest.approx(0.4, abs=0.12)


@pytest.mark.parametrize("noise_db", [-70, -60, -50, -40, -35])
def test_a_noise_that_begins_before_the_words_and_stays_joins_no_takes(noise_db: float) -> None:
    words = recording(["links", "rechts", "hoch", "links"], pause=0.5)
    noise = silence(len(words) / SAMPLE_RATE, noise_db, 7)
    noise[:8000] = 0
    found = [one for one in find_takes(words + noise) if one.seconds < 1.5]
    assert [round(one.seconds, 1) for one in found] == [0.4] * 4


def test_a_whistle_is_a_take_however_steady_it_is() -> None:
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    whistle = (0.3 * np.sin(2 * np.pi * 1500 * time)).astype(np.float32)
    (found,) = find_takes(np.concatenate((silence(1), whistle, silence(1))))
    assert found.seconds == pytest.approx(0.5, abs=0.05)
