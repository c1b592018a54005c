"""A calibration without a screen: what the command and the game's screen show of it."""

from __future__ import annotations

from itertools import pairwise

from tests.calibration.scene import LABELS, SHIPPED, scene
from voicetrail.calibration import CalibrationProposal, Plan
from voicetrail.events import Level, SourceBack, SourceEnded, SourceLost
from voicetrail.play.tuning.calibration import Answered, Asked, Calibration, CalibrationStep

PLAN = Plan(("up", "left"), repeats=2, room=2.2, slot=1.5)


def begin(plan: Plan | None = PLAN) -> Calibration:
    return Calibration(LABELS, {}, {}, SHIPPED, SHIPPED, "auto", plan)


def test_each_word_is_asked_for_and_answered_in_turn_and_then_there_is_a_proposal() -> None:
    calibration, steps = begin(), list[CalibrationStep]()
    for event in scene(PLAN, lambda word, time: 0.9):
        steps += calibration.feed(event)
    asked = [step.word for step in steps if isinstance(step, Asked)]
    answers = [step for step in steps if isinstance(step, Answered)]
    assert tuple(asked) == PLAN.prompts
    assert [(step.number, step.verdict) for step in answers] == [(number, "heard") for number in (1, 2, 3, 4)]
    kinds = [type(step) for step in steps]
    assert kinds == [Asked, *[Answered, Asked] * 3, Answered, CalibrationProposal]
    assert steps[-1] is calibration.proposal
    assert calibration.ended
    assert not calibration.problem
    assert calibration.answered == answers


def test_after_its_end_nothing_changes_it() -> None:
    calibration = begin()
    for event in scene(PLAN, lambda word, time: 0.9):
        calibration.feed(event)
    before = calibration.proposal
    assert calibration.feed(SourceEnded(10**6)) == []
    assert (calibration.proposal, calibration.problem) == (before, "")


def test_the_time_stops_while_sound_is_lost() -> None:
    calibration = begin()
    events = list(scene(PLAN, lambda word, time: 0.9))
    for event in events[:60]:
        calibration.feed(event)
    before = calibration.stage
    calibration.feed(SourceLost(0, "unplugged"))
    assert (calibration.waiting, calibration.stage) == ("unplugged", before)
    calibration.feed(SourceBack(0, "mic"))
    for event in events[60:]:
        calibration.feed(event)
    assert (calibration.waiting, calibration.ended) == ("", True)


def test_a_file_may_end_with_the_last_word_but_not_earlier() -> None:
    for seconds, problem in ((3.0, True), (PLAN.total - 1.0, True), (PLAN.total - 0.2, False), (PLAN.total + 0.1, False)):
        calibration, steps = begin(), list[CalibrationStep]()
        for event in scene(PLAN, lambda word, time: 0.9, seconds=seconds):
            steps += calibration.feed(event)
        steps += calibration.feed(SourceEnded(0))
        assert bool(calibration.problem) is problem, seconds
        assert (calibration.proposal is None) is problem
        answered = [step.number for step in steps if isinstance(step, Answered)]
        assert all(after == before + 1 for before, after in pairwise(answered))
        assert (len(answered) == len(PLAN.prompts)) is not problem


def test_it_asks_for_the_words_that_move_the_pen() -> None:
    calibration = begin(None)
    assert {*calibration.run.prompts} == {"up", "down", "left", "right"}
    assert calibration.feed(Level(640, -60.0, -50.0, False)) == []
