from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calibration.scene import LABELS, SHIPPED, WORDS, heard, scene
from voicetrail.calibration import CalibrationRun, Plan
from voicetrail.events import Level, Scores, SourceEnded, SourceLost
from voicetrail.vocabulary import VOCABULARIES


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 24), st.integers(0, 100))
def test_a_plan_requests_every_word_equally_often_in_under_a_minute(count: int, seed: int) -> None:
    words = tuple(f"w{number}" for number in range(count))
    plan = Plan.for_words(words, seed=seed)
    prompts = plan.prompts
    assert {word: prompts.count(word) for word in words} == dict.fromkeys(words, plan.repeats)
    assert count == 1 or all(first != second for first, second in itertools.pairwise(prompts))
    assert plan.total < 60 or plan.repeats == 1
    assert prompts == plan.prompts


def test_the_words_of_the_game_are_asked_for_three_times() -> None:
    assert Plan.for_words(VOCABULARIES["directional4w"]).repeats == 3
    assert Plan.for_words(VOCABULARIES["directional4w"]).total < 40


def test_stages_follow_the_stream() -> None:
    plan = Plan(("up", "left"), repeats=1, room=2.0, slot=2.0)
    session = CalibrationRun(LABELS, plan, SHIPPED)
    seen: list[tuple[str, str]] = []
    for event in scene(plan, lambda word, time: 0.9):
        session.feed(event)
        stage = session.stage
        if not seen or seen[-1] != (stage.kind, stage.word):
            seen.append((stage.kind, stage.word))
            assert stage.kind == "done" or 1.9 <= stage.left <= 2.0
    assert seen == [("room", ""), *(("word", word) for word in plan.prompts), ("done", "")]
    assert session.done


@pytest.mark.parametrize("start", [0, 1_000_000])
def test_each_answer_holds_the_score_and_level_of_its_own_word(start: int) -> None:
    plan = Plan.for_words(WORDS)
    session = CalibrationRun(LABELS, plan, SHIPPED)
    for event in scene(plan, lambda word, time: 0.3 + 0.1 * WORDS.index(word) + 0.05 * time):
        session.feed(replace(event, time=event.time + start))
    for word in WORDS:
        peaks = [answer.peak for answer in session.answers if answer.word == word]
        assert peaks == pytest.approx([0.3 + 0.1 * WORDS.index(word) + 0.05 * time for time in range(3)])
    assert {answer.level_db for answer in session.answers} == {-25.0}
    assert session.room.level_db == -60.0
    assert len(session.room.scores["up"]) == pytest.approx(7.0 / 0.04, abs=3)


def test_a_word_without_a_margin_to_its_rival_does_not_count() -> None:
    plan = Plan(("up", "left"), repeats=1)
    session = heard(plan, scene(plan, lambda word, time: 0.9, said_as=lambda word: "left"))
    up = next(answer for answer in session.answers if answer.word == "up")
    assert up.peak < 0.1
    assert (up.rival, up.rival_peak) == ("left", 0.9)


def test_words_that_come_while_another_is_asked_for_are_remembered_but_not_a_late_answer() -> None:
    plan = Plan(("up", "left"), repeats=1)
    events = scene(plan, lambda word, time: 0.9, said_as=lambda word: "down" if word == "up" else word)
    session = heard(plan, events)
    up, left = (next(answer for answer in session.answers if answer.word == word) for word in ("up", "left"))
    assert (up.others, left.others) == ({"down": 0.9}, {})
    late = CalibrationRun(LABELS, plan, SHIPPED)
    first = plan.prompts[0]
    for event in scene(plan, lambda word, time: 0.0):
        late.feed(event)
        if isinstance(event, Scores) and plan.room + plan.slot + 0.2 <= late.elapsed < plan.room + plan.slot + 0.4:
            row = tuple(0.9 if label == first else 0.01 for label in LABELS)
            late.feed(replace(event, posteriors=row, smoothed=row))
    assert [answer.others for answer in late.answers] == [{}, {}]
    assert late.answers[0].peak == 0.9


@pytest.mark.parametrize(
    ("score", "speech_db", "clipped", "said_as", "verdict"),
    [
        (0.9, -25.0, (), "up", "heard"),
        (0.9, -25.0, (1,), "up", "clipped"),
        (0.5, -25.0, (), "up", "nearly"),
        (0.9, -25.0, (), "left", "another"),
        (0.05, -25.0, (), "up", "not heard"),
        (0.05, -70.0, (), "up", "quiet"),
        (0.4, -62.0, (), "up", "quiet"),
        (0.9, -62.0, (), "up", "heard"),
    ],
)
def test_verdicts(score: float, speech_db: float, clipped: tuple[int, ...], said_as: str, verdict: str) -> None:
    plan = Plan(("up",), repeats=1)
    events = scene(
        plan, lambda word, time: score, speech_db=speech_db, room_db=-75, clipped=clipped, said_as=lambda word: said_as
    )
    assert heard(plan, events).verdict(1) == verdict


def test_sound_that_stops_ends_the_calibration() -> None:
    plan = Plan.for_words(WORDS)
    session = heard(plan, scene(plan, lambda word, time: 0.9, seconds=5.0))
    session.feed(SourceEnded(0))
    assert "the sound ended after 5 s; calibration takes 34 s" in session.broken
    session = CalibrationRun(LABELS, plan, SHIPPED)
    session.feed(SourceLost(0, "the microphone gives no sound yet"))
    assert (session.lost, session.losses) == ("the microphone gives no sound yet", 0)
    session.feed(Level(640, -60, -50, False))
    session.feed(SourceLost(640, "the microphone is gone"))
    assert (session.lost, session.losses) == ("the microphone is gone", 1)
    session.feed(Level(1280, -60, -50, False))
    assert (session.lost, session.broken) == ("", "")


def test_a_file_may_end_with_its_last_word() -> None:
    plan = Plan.for_words(WORDS)
    session = heard(plan, scene(plan, lambda word, time: 0.9, seconds=plan.total - 0.3))
    session.feed(SourceEnded(0))
    assert session.broken == ""


def test_a_level_event_starts_the_clock() -> None:
    session = CalibrationRun(LABELS, Plan(("up",)), SHIPPED)
    assert session.elapsed == 0.0
    session.feed(Level(16_000, -60, -50, False))
    session.feed(Level(32_000, -60, -50, False))
    assert session.elapsed == 1.0
