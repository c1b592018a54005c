from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calibration.scene import SHIPPED, WORDS, heard, scene
from voicetrail.calibration import CalibrationProposal, Plan, SpeechCurve, propose
from voicetrail.calibration.choice import HIGHEST, LOWEST

PLAN = Plan.for_words(WORDS)
FLAT = dict.fromkeys(WORDS, SpeechCurve(((0.1, 0.0), (0.9, 0.0))))
"""Speech that never makes a false move, at any threshold."""


def threshold(proposal: CalibrationProposal, word: str) -> float:
    return next(each.proposed for each in proposal.words if each.word == word)


def test_a_word_below_its_threshold_gets_a_lower_one() -> None:
    scores = {"up": 0.95, "down": 0.95, "left": 0.55, "right": 0.95}
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: scores[word])), SHIPPED, "auto", FLAT)
    left = next(each for each in proposal.words if each.word == "left")
    assert left.proposed < 0.5
    assert left.heard_now is not None
    assert left.heard_then is not None
    assert left.heard_then > left.heard_now + 0.2
    assert "you reached 0.55, 0.55, 0.55" in left.reason
    assert "you are heard about 58 % instead of 33 %" in left.reason
    assert proposal.changes


def test_words_that_are_heard_stay_as_they_are() -> None:
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.998)), SHIPPED, "auto")
    assert proposal.thresholds == {}
    assert not proposal.changes
    assert all("the threshold is right" in each.reason for each in proposal.words)


def test_a_room_that_sounds_like_a_word_raises_its_threshold_alone() -> None:
    shipped = replace(SHIPPED, threshold=0.5)
    session = heard(PLAN, scene(PLAN, lambda word, time: 0.97, room=lambda rng: 0.3 + 0.12 * rng.random()), shipped)
    quiet = heard(PLAN, scene(PLAN, lambda word, time: 0.97), shipped)
    session.room.scores = {**quiet.room.scores, "up": session.room.scores["up"]}
    proposal = propose(session, shipped, "auto", FLAT)
    assert set(proposal.thresholds) == {"up"}
    assert threshold(proposal, "up") > 0.6
    assert proposal.room_moves < 3.0
    assert "at 0.50 this room would cause about" in proposal.words[0].reason


def test_a_noisy_room_does_not_suppress_every_word() -> None:
    session = heard(PLAN, scene(PLAN, lambda word, time: 0.7, room=lambda rng: 0.95 * rng.random()))
    for each in propose(session, SHIPPED, "auto", FLAT).words:
        assert each.heard_now is not None
        assert each.heard_then is not None
        assert each.heard_then >= each.heard_now / 2
        assert each.proposed > each.now


def test_a_word_that_cannot_be_improved_is_reported() -> None:
    """Talk would be taken for it too often."""
    steep = dict.fromkeys(WORDS, SpeechCurve(((0.69, 1000.0), (0.7, 0.0))))
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.6)), SHIPPED, "auto", steep)
    assert proposal.thresholds == {}
    assert all("would cause too many false moves" in each.reason for each in proposal.words)


def test_a_lowered_threshold_is_restored_when_it_is_not_needed() -> None:
    lowered = replace(SHIPPED, thresholds={"left": 0.3})
    steep = dict.fromkeys(WORDS, SpeechCurve(((0.3, 300.0), (0.7, 0.0))))
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.99), lowered), SHIPPED, "auto", steep)
    assert threshold(proposal, "left") > 0.6
    assert "would cause too many false moves" in next(each.reason for each in proposal.words if each.word == "left")


@settings(max_examples=15, deadline=None)
@given(
    st.fixed_dictionaries({word: st.lists(st.floats(0, 1), min_size=3, max_size=3) for word in WORDS}),
    st.floats(0, 0.9),
    st.floats(0.2, 0.95),
    st.sampled_from([-70.0, -45.0, -25.0, -3.0]),
)
def test_every_proposal_is_within_its_bounds(
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
        assert each.proposed == each.now or min(LOWEST, shipped) <= each.proposed <= HIGHEST
        assert each.reason
    assert isinstance(proposal.gain.proposed, float)
    assert -20 <= proposal.gain.proposed <= 40


@pytest.mark.parametrize(
    ("speech_db", "room_db", "gain", "proposed", "says"),
    [
        (-45.0, -80.0, 0.0, 25.0, "too quiet"),
        (-5.0, -60.0, 0.0, -15.0, "too loud"),
        (-23.0, -60.0, 4.0, 4.0, "which is right"),
        (-45.0, -49.0, 0.0, 0.0, "which is right"),
        (-45.0, -80.0, "auto", "auto", "adapts to your voice"),
        (-70.0, -95.0, 0.0, 40.0, "too quiet"),
    ],
)
def test_the_gain(speech_db: float, room_db: float, gain: float | str, proposed: float | str, says: str) -> None:
    session = heard(PLAN, scene(PLAN, lambda word, time: 0.9, speech_db=speech_db, room_db=room_db))
    suggested = propose(session, SHIPPED, gain).gain
    assert suggested.proposed == proposed
    assert says in suggested.reason


def test_problems_of_the_sound_are_reported() -> None:
    quiet = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.1, speech_db=-62, room_db=-66)), SHIPPED, "auto")
    assert any("too quiet" in warning for warning in quiet.warnings)
    assert len(quiet.warnings) == 1
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


@pytest.mark.parametrize(
    ("speech_db", "said_as", "says"),
    [(-99.0, "up", "too quiet"), (-25.0, "_unknown_", "no word was recognized"), (-25.0, "no word", "no word was recognized")],
)
def test_silence_and_other_sounds_give_one_warning(speech_db: float, said_as: str, says: str) -> None:
    score = 0.9 if said_as == "_unknown_" else 0.0
    as_heard = "_unknown_" if said_as == "no word" else said_as
    events = scene(PLAN, lambda word, time: score, speech_db=speech_db, room_db=-99, said_as=lambda word: as_heard)
    proposal = propose(heard(PLAN, events), SHIPPED, "auto")
    assert not proposal.changes
    assert proposal.summary == "no word was recognized, so nothing is changed"
    (warning,) = proposal.warnings
    assert says in warning


def test_a_proposal_without_changes_says_so() -> None:
    proposal = propose(heard(PLAN, scene(PLAN, lambda word, time: 0.998)), SHIPPED, "auto")
    assert proposal.summary == "nothing needs to change"
    assert propose(heard(PLAN, scene(PLAN, lambda word, time: 0.5)), SHIPPED, "auto", FLAT).summary == ""
