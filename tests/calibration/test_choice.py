from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.calibration import RoomTail, SpeechCurve
from voicetrail.calibration.choice import FALSE_MOVES_ALLOWED, FURTHEST_BELOW, HIGHEST, LOWEST, WordEvidence, choose
from voicetrail.log_odds import log_odds

FREE = SpeechCurve(((0.1, 0.0), (0.9, 0.0)))
"""Talk that never makes a false move, at any threshold."""
STILL = RoomTail(-12.0, 0.3)
"""A room that never comes near a word."""


def known(
    word: str = "up",
    shipped: float = 0.7,
    peaks: Sequence[float] = (0.6, 0.6, 0.6),
    *,
    now: float | None = None,
    mistaken: Sequence[float] = (0.0,) * 9,
    room: RoomTail | None = STILL,
    room_near: bool = False,
    speech: SpeechCurve = FREE,
) -> WordEvidence:
    return WordEvidence(word, shipped if now is None else now, shipped, tuple(peaks), tuple(mistaken), room, room_near, speech)


def falling(at: float, per_hour: float, steep: float) -> SpeechCurve:
    """Talk that makes so many false moves at a threshold, and more below it."""
    grid = [number / 50 for number in range(1, 50)]
    return SpeechCurve(tuple((t, per_hour * math.exp(-steep * (log_odds(t) - log_odds(at)))) for t in grid))


words = st.builds(
    known,
    shipped=st.floats(0.3, 0.95),
    peaks=st.lists(st.floats(0.15, 1.0), max_size=3),
    mistaken=st.lists(st.floats(0, 1), min_size=9, max_size=9),
    room=st.builds(RoomTail, st.floats(-7, -2), st.floats(0.3, 1.0)),
    speech=st.builds(falling, st.floats(0.3, 0.9), st.floats(0, 40), st.floats(0.3, 4)),
)
vocabularies = st.lists(words, min_size=1, max_size=4).map(
    lambda given: [
        WordEvidence(f"w{i}", w.now, w.shipped, w.peaks, w.mistaken, w.room, w.room_near, w.speech) for i, w in enumerate(given)
    ]
)


@settings(max_examples=40, deadline=None)
@given(vocabularies)
def test_no_threshold_is_raised_without_evidence_and_few_false_moves_are_added(given: list[WordEvidence]) -> None:
    """Whatever weights ship, however they were chosen: lower within the bounds and the budget, or as it was."""
    chosen = choose(given)
    for word in given:
        furthest = 1 / (1 + math.exp(FURTHEST_BELOW - log_odds(word.shipped)))
        assert min(word.shipped, max(LOWEST, furthest)) <= chosen[word.word] <= word.shipped
        assert len(word.peaks) >= 2 or chosen[word.word] == word.shipped
    added = sum(word.false_moves(chosen[word.word]) - word.false_moves(word.shipped) for word in given)
    assert added <= FALSE_MOVES_ALLOWED + 1e-9


@settings(max_examples=30, deadline=None)
@given(vocabularies)
def test_no_word_that_changes_is_expected_to_be_heard_less(given: list[WordEvidence]) -> None:
    chosen = choose(given)
    for word in given:
        if word.enough:
            assert word.heard(chosen[word.word]) >= word.heard(word.shipped)
            assert word.benefit(chosen[word.word]) >= word.benefit(word.shipped)


@pytest.mark.parametrize("shipped", [0.4, 0.55, 0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("below", [0.2, 0.5, 1.0])
def test_a_player_below_the_threshold_gets_a_lower_one_from_any_shipped_value(shipped: float, below: float) -> None:
    peak = 1 / (1 + math.exp(below - log_odds(shipped)))
    poor = known(shipped=shipped, peaks=[peak] * 3)
    chosen = choose([poor])["up"]
    assert chosen < shipped - 0.03
    assert poor.heard(chosen) > poor.heard(shipped) + 0.1
    good = 1 / (1 + math.exp(-5.0 - log_odds(shipped)))
    assert choose([known(shipped=shipped, peaks=[good] * 3)])["up"] == shipped


def test_the_budget_goes_where_it_helps_most() -> None:
    """Both are dear to lower; "left" falls further short."""
    dear = falling(0.7, 20.0, 2.0)
    chosen = choose([known("up", peaks=[0.95] * 3, speech=dear), known("left", peaks=[0.6] * 3, speech=dear)])
    assert chosen["up"] == 0.7
    assert chosen["left"] < 0.65


def test_speech_and_the_room_limit_how_far_a_threshold_is_lowered() -> None:
    free, talk, noise = (
        choose([known(speech=FREE)])["up"],
        choose([known(speech=falling(0.7, 10.0, 3.0))])["up"],
        choose([known(room=RoomTail(-4.0, 0.5))])["up"],
    )
    assert free < talk < 0.7
    assert free < noise < 0.7


def test_a_threshold_is_not_lowered_below_the_scores_of_mistaken_words() -> None:
    assert choose([known(mistaken=[0.0] * 9)])["up"] < 0.6
    assert 0.62 < choose([known(mistaken=[0.62] * 3 + [0.0] * 6)])["up"] <= 0.7


def test_a_noisy_room_raises_the_threshold_of_its_word_until_it_is_quiet_and_of_no_other() -> None:
    room = RoomTail(-3.0, 0.6)
    assert room.per_hour(0.7) > 5
    loud = known("up", peaks=[0.99] * 3, room=room, room_near=True)
    chosen = choose([loud, known("left", peaks=[0.99] * 3)])
    assert 0.7 < chosen["up"] < HIGHEST
    assert room.per_hour(chosen["up"]) <= FALSE_MOVES_ALLOWED / 2
    assert chosen["left"] == 0.7
    helped = choose([loud, known("left", peaks=[0.6] * 3)])
    assert helped["left"] < 0.7, "its neighbor's room does not keep it from being heard"


def test_a_noisy_room_leaves_half_of_what_was_heard() -> None:
    word = known(peaks=[0.8] * 3, room=RoomTail(1.0, 1.0), room_near=True)
    chosen = choose([word])["up"]
    assert chosen > 0.7
    assert word.heard(chosen) >= word.heard(0.7) / 2
    assert choose([known(peaks=[], room=RoomTail(1.0, 1.0), room_near=True)])["up"] == HIGHEST


def test_a_changed_threshold_stays_if_nothing_is_gained() -> None:
    assert choose([known(peaks=[0.99] * 3, now=0.66)])["up"] == 0.66
    assert choose([known(peaks=[], now=0.4)])["up"] == 0.4
    assert choose([known(peaks=[0.99] * 3, now=0.9)])["up"] == 0.7, "higher than what ships only hears less"


def test_a_few_answers_give_no_certainty() -> None:
    """What one says next may come lower than all three: the fewer the answers, the more so."""
    assert known(peaks=[0.9] * 2).heard(0.7) < known(peaks=[0.9] * 3).heard(0.7) < 0.9
