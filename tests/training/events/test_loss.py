from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicetrail.events import SAMPLE_RATE
from voicetrail.training.evaluate.streams import Spoken
from voicetrail.training.events.loss import Events, find_events

HOP = 640
WORDS = ("up", "down")
COUNT = 150
"""Hops: six seconds."""


def spoken(word: str, begin_s: float, end_s: float) -> Spoken:
    return Spoken(word, round(begin_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))


def low() -> torch.Tensor:
    return torch.full((len(WORDS), COUNT), -10.0)


def loss_with_peak(events: Events, word: int, at_s: float) -> float:
    """The loss of a low score with one high hop, which ends at this time."""
    scores = low()
    scores[word, round(at_s * SAMPLE_RATE / HOP) - 1] = 10.0
    return float(events.loss(scores))


@pytest.fixture
def events() -> Events:
    return find_events([spoken("up", 2.0, 2.4)], WORDS, HOP, COUNT)


@pytest.mark.parametrize("at_s", [2.2, 2.4, 2.6])
def test_a_word_needs_one_high_score_anywhere_until_shortly_after_it(events: Events, at_s: float) -> None:
    assert loss_with_peak(events, 0, at_s) < 0.1


@pytest.mark.parametrize("at_s", [2.76, 3.0])
def test_a_late_score_is_neither_right_nor_wrong(events: Events, at_s: float) -> None:
    assert loss_with_peak(events, 0, at_s) == pytest.approx(float(events.loss(low())), abs=0.01)


@pytest.mark.parametrize(("word", "at_s"), [(0, 1.0), (0, 4.0), (1, 2.4)])
def test_a_score_at_another_time_or_of_another_word_is_wrong(events: Events, word: int, at_s: float) -> None:
    assert loss_with_peak(events, word, at_s) > float(events.loss(low())) + 5


def test_of_a_piece_of_other_sound_only_the_highest_score_counts() -> None:
    events = find_events([], WORDS, HOP, COUNT)
    one, all_of_it = low(), low()
    one[0, 0] = all_of_it[0, :12] = 3.0
    assert float(events.loss(one)) == pytest.approx(float(events.loss(all_of_it)))


@given(st.lists(st.tuples(st.sampled_from(["up", "down", "cat"]), st.floats(0, 6), st.floats(0.05, 1.0))))
def test_events_of_any_words_lie_within_the_stream(said: list[tuple[str, float, float]]) -> None:
    events = find_events([spoken(word, at, at + length) for word, at, length in said], WORDS, HOP, COUNT)
    assert events.others.shape == (len(WORDS), COUNT)
    assert len(events.spoken) <= sum(word in WORDS for word, _, _ in said)
    assert bool(((events.spoken >= 0) & (events.spoken < len(WORDS) * COUNT)).all())
    # No hop is both the word's own and other sound.
    assert not bool(events.others.reshape(-1)[events.spoken.reshape(-1)].any())
    assert torch.isfinite(events.loss(low()))
