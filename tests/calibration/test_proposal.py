from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calibration.scene import SHIPPED, WORDS, heard, scene
from voicetrail.calibration import Plan, Proposal, SpeechCurve, propose
from voicetrail.calibration.proposal import ALLOWED, FURTHEST, HIGHEST, LOWEST

PLAN = Plan.for_words(WORDS)
FLAT = dict.fromkeys(WORDS, SpeechCurve(((0.1, 0.0), (0.9, 0.0))))
"""Speech that never makes a false move, at any threshold."""


def threshold(proposal: Proposal, word: str) -> float:
    return next(each.proposed for each in proposal.words if each.word == word)


def test_a_word_that_falls_short_gets_a_lower_threshold() -> None:
    scores = {"up": 0.95, "down": 0.95, "left": 0.55, "right": 0.95}
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: scores[word])), SHIPPED, "auto", FLAT)
    left = next(each for each in proposal.words if each.word == "left")
    assert left.proposed < 0.5
    assert left.heard_now is not None
    assert left.heard_then is not None
    assert left.heard_then > left.heard_now + 0.2
    assert "you reached 0.55, 0.55, 0.55" in left.reason
    assert "lower hears about" in left.reason
    assert proposal.changes


def test_words_that_are_heard_stay_as_they_are() -> None:
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.998)), SHIPPED, "auto")
    assert proposal.thresholds == {}
    assert not proposal.changes
    assert all("right as it is" in each.reason for each in proposal.words)


def test_a_room_that_sounds_like_a_word_raises_its_threshold() -> None:
    session = heard(PLAN, scene(PLAN, lambda word, time: 0.97, room=lambda rng: 0.2 + 0.15 * rng.random()))
    proposal = propose(session, replace(SHIPPED, threshold=0.5), "auto", FLAT)
    assert min(threshold(proposal, word) for word in WORDS) > 0.6
    assert proposal.room_moves <= ALLOWED
    louder = heard(
        PLAN, scene(PLAN, lambda word, time: 0.97, room=lambda rng: 0.9 * rng.random()), replace(SHIPPED, threshold=0.5)
    )
    assert "false moves an hour" in propose(louder, SHIPPED, "auto", FLAT).words[0].reason


def test_speech_is_never_taken_for_words_more_often_than_with_what_ships() -> None:
    """Weights that are no better than ten false moves an hour are not made worse, and not made deaf either."""
    curves = dict.fromkeys(WORDS, SpeechCurve(((0.2, 6.0), (0.7, 2.5), (0.95, 0.0))))
    scores = {"up": 0.99, "down": 0.99, "left": 0.5, "right": 0.99}
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: scores[word])), SHIPPED, "auto", curves)
    assert 7.0 < proposal.speech_moves <= 10.0
    assert threshold(proposal, "left") < 0.7 < threshold(proposal, "up")


def test_the_allowance_is_shared_where_it_hears_most() -> None:
    """Speech is often taken for "up", and the player says it clearly: it gives its share to "left", which is hard to hear."""
    curves = {
        "up": SpeechCurve(((0.2, 8.0), (0.7, 0.9), (0.85, 0.1), (0.95, 0.0))),
        "left": SpeechCurve(((0.2, 2.0), (0.5, 0.7), (0.7, 0.1), (0.95, 0.0))),
    }
    plan = Plan(("up", "left"), repeats=3)
    proposal = propose(heard(plan, scene(plan, lambda word, time: 0.99 if word == "up" else 0.6)), SHIPPED, "auto", curves)
    assert threshold(proposal, "up") > 0.7
    assert threshold(proposal, "left") < 0.6
    assert proposal.speech_moves <= ALLOWED


@settings(max_examples=30, deadline=None)
@given(
    st.fixed_dictionaries({word: st.lists(st.floats(0, 1), min_size=3, max_size=3) for word in WORDS}),
    st.floats(0, 0.9),
    st.floats(0.2, 0.95),
    st.sampled_from([-70.0, -45.0, -25.0, -3.0]),
)
def test_whatever_is_heard_the_proposal_keeps_to_its_bounds(
    scores: dict[str, list[float]], room: float, shipped: float, speech_db: float
) -> None:
    detector = replace(SHIPPED, threshold=shipped)
    session = heard(
        PLAN,
        scene(PLAN, lambda word, time: scores[word][time], room=lambda rng: room * rng.random(), speech_db=speech_db),
        detector,
    )
    proposal = propose(session, detector, 0.0)
    for each in proposal.words:
        assert each.proposed == each.now or max(LOWEST, shipped - FURTHEST) - 1e-9 <= each.proposed <= HIGHEST
        assert each.reason
    highest = all(each.proposed >= HIGHEST - 0.011 for each in proposal.words)
    assert highest or (proposal.room_moves <= ALLOWED and proposal.speech_moves <= ALLOWED)
    assert isinstance(proposal.gain.proposed, float)
    assert -20 <= proposal.gain.proposed <= 40


@pytest.mark.parametrize(
    ("speech_db", "room_db", "gain", "proposed", "says"),
    [
        (-45.0, -80.0, 0.0, 25.0, "too quiet"),
        (-5.0, -60.0, 0.0, -15.0, "too loud"),
        (-23.0, -60.0, 4.0, 4.0, "that is right"),
        (-45.0, -49.0, 0.0, 0.0, "that is right"),
        (-45.0, -80.0, "auto", "auto", "by itself"),
        (-70.0, -95.0, 0.0, 40.0, "too quiet"),
    ],
)
def test_the_gain(speech_db: float, room_db: float, gain: float | str, proposed: float | str, says: str) -> None:
    session = heard(PLAN, scene(PLAN, lambda word, time: 0.9, speech_db=speech_db, room_db=room_db))
    told = propose(session, SHIPPED, gain).gain
    assert told.proposed == proposed
    assert says in told.reason


def test_what_is_wrong_with_the_sound_is_said() -> None:
    quiet = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.1, speech_db=-62, room_db=-66)), SHIPPED, "auto")
    assert any("too quiet" in warning for warning in quiet.warnings)
    assert sum("was not heard at all" in warning for warning in quiet.warnings) == 4
    near = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.9, speech_db=-30, room_db=-33)), SHIPPED, "auto")
    assert any("only 3 dB above the room" in warning for warning in near.warnings)
    loud = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.9, speech_db=-2, clipped=range(1, 13))), SHIPPED, 0.0)
    assert any("12 of 12 words were clipped" in warning for warning in loud.warnings)
    assert "turn it down" in loud.gain.reason
    assert loud.thresholds == {}
    mixed = propose(
        heard(PLAN, scene(PLAN, lambda word, time: 0.9, said_as=lambda word: "down" if word == "up" else word)), SHIPPED, "auto"
    )
    assert any(warning.startswith("'up' was not heard at all; it was taken for down") for warning in mixed.warnings)
    once = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.05 if (word, time) == ("up", 1) else 0.9)), SHIPPED, "auto")
    assert "'up' was not heard 1 of 3 times" in once.warnings
