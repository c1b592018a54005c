"""The interface that every mode implements."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.game.rounds import INPUTS, LEAVING, SETUPS, TIMED, Timed, looks, played
from voicetrail.errors import VoicetrailError
from voicetrail.game import Input, Leave, Move, Pause, Resume, RoundSetup, Tick, make_rules
from voicetrail.game.setup import choices_from_json, choices_to_json


@settings(max_examples=80, deadline=None)
@given(SETUPS, TIMED, LEAVING)
def test_the_same_inputs_give_the_same_round(setup: RoundSetup, inputs: Timed, leaving: Timed) -> None:
    one, other = played(setup, [*inputs, *leaving]), played(setup, [*inputs, *leaving])
    assert one.checksum() == other.checksum()
    assert one.result() == other.result()
    again = played(one.setup, [*inputs, *leaving])
    assert (again.checksum(), again.result()) == (one.checksum(), one.result()), "what a replay keeps begins the same round"


@settings(max_examples=80, deadline=None)
@given(SETUPS, TIMED)
def test_ticks_change_nothing(setup: RoundSetup, inputs: Timed) -> None:
    ticked: list[tuple[Input, int]] = []
    for item, pause in inputs:
        third = pause // 3
        ticked += [(Tick(), third), (Tick(), third), (item, pause - 2 * third)]
    one, other = played(setup, inputs), played(setup, ticked)
    assert one.checksum() == other.checksum()
    assert one.result() == other.result()


@settings(max_examples=80, deadline=None)
@given(SETUPS, TIMED, TIMED, st.integers(0, 100_000))
def test_a_pause_takes_no_time(setup: RoundSetup, first: Timed, then: Timed, pause: int) -> None:
    first = [one for one in first if not isinstance(one[0], Pause)]
    plain = played(setup, [*first, *then])
    paused = played(setup, [*first, (Pause(), 0), (Tick(), pause // 2), (Move("up"), 0), (Resume(), pause - pause // 2), *then])
    assert paused.checksum() == plain.checksum()
    assert paused.result() == plain.result()
    assert paused.now_ms == plain.now_ms + pause


@settings(max_examples=80, deadline=None)
@given(SETUPS, TIMED)
def test_the_changed_cells_are_exactly_the_differences(setup: RoundSetup, inputs: Timed) -> None:
    rules, now = make_rules(setup), 0
    for item, pause in inputs:
        now += pause
        before = looks(rules)
        changes = rules.apply(item, now)
        after = looks(rules)
        assert changes.cells == {cell for cell in before.keys() | after.keys() if before.get(cell) != after.get(cell)}


@settings(max_examples=60, deadline=None)
@given(SETUPS, TIMED, TIMED)
def test_a_copy_is_independent(setup: RoundSetup, first: Timed, then: Timed) -> None:
    rules = played(setup, first)
    kept, result, copy = rules.checksum(), rules.result(), rules.copy()
    now = rules.now_ms
    for item, pause in then:
        now += pause
        copy.apply(item, now)
    assert (rules.checksum(), rules.result()) == (kept, result)
    now = rules.now_ms
    for item, pause in then:
        now += pause
        rules.apply(item, now)
    assert (rules.checksum(), rules.result()) == (copy.checksum(), copy.result())


@settings(max_examples=60, deadline=None)
@given(SETUPS, TIMED, INPUTS)
def test_after_its_end_a_round_does_not_change(setup: RoundSetup, inputs: Timed, last: Input) -> None:
    rules = played(setup, [*inputs, (Leave(), 1)])
    if rules.paused:
        rules.apply(Resume(), rules.now_ms)
    assert rules.ended
    before, result = looks(rules), rules.result()
    rules.apply(last, rules.now_ms + 60_000)
    assert looks(rules) == before
    assert rules.result() == result
    assert rules.input_of("up") is None


@settings(max_examples=60, deadline=None)
@given(SETUPS, TIMED, LEAVING)
def test_the_texts_of_a_round_fit_their_places(setup: RoundSetup, inputs: Timed, leaving: Timed) -> None:
    rules = played(setup, [*inputs, *leaving])
    assert len(rules.status) <= 30
    assert rules.headline
    assert rules.result().words >= 0
    assert all(0 <= x < rules.width and 0 <= y < rules.height for x, y in looks(rules))
    accuracy = rules.result().accuracy
    assert accuracy is None or 0 <= accuracy <= 1


@settings(max_examples=80, deadline=None)
@given(SETUPS, TIMED, LEAVING)
def test_a_share_text_is_plain_short_and_reveals_nothing(setup: RoundSetup, inputs: Timed, leaving: Timed) -> None:
    rules = played(setup, [*inputs, *leaving])
    text = rules.share_text(rules.result())
    lines = text.split("\n")
    assert 3 <= len(lines) <= 8
    assert all(1 <= len(line) <= 40 and line.isascii() and line.isprintable() for line in lines)
    assert not {"up", "down", "left", "right"} & set(text.replace(",", " ").split())


@settings(deadline=None)
@given(SETUPS)
def test_a_setup_is_the_same_after_json(setup: RoundSetup) -> None:
    setup = make_rules(setup).setup
    others = {name: getattr(setup, name) for name in ("rules", "width", "height")}
    assert choices_from_json(choices_to_json(setup), **others) == setup


def test_a_sketch_with_default_options_adds_nothing_to_a_header() -> None:
    assert choices_to_json(RoundSetup()) == {}
    assert choices_to_json(RoundSetup("maze", "small", 7, fog=True)) == {
        "mode": "maze",
        "level": "small",
        "seed": 7,
        "fog": True,
    }


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"mode": "chess"},
        {"mode": ["maze"]},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": True},
        {"seed": 10**20},
        {"level": "x" * 41},
        {"level": 3},
        {"fog": 1},
        {"delay_ms": 10**9},
        {"text": "x" * 41},
    ],
)
def test_an_invalid_setup_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        choices_from_json(data)


@pytest.mark.parametrize(
    "setup",
    [
        RoundSetup("trace", "no such level"),
        RoundSetup("trace", text="ж"),
        RoundSetup("trace", text="  "),
        RoundSetup("trace", line="u0"),
        RoundSetup("maze", "endless"),
        RoundSetup("maze", day="yesterday"),
        RoundSetup("snake", "endless"),
    ],
)
def test_an_unknown_level_is_refused_in_one_line(setup: RoundSetup) -> None:
    with pytest.raises(VoicetrailError) as caught:
        make_rules(setup)
    assert "\n" not in str(caught.value)
