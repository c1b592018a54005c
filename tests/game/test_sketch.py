from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.game import (
    Clear,
    Go,
    Input,
    Move,
    Pause,
    PenDown,
    PenUp,
    Redo,
    Resume,
    SetBackground,
    SetColor,
    SetGlideSilence,
    SetGlideSpeed,
    SetMovement,
    SetPen,
    SetStepLength,
    Sketch,
    Stop,
    Tick,
    Undo,
    from_json,
    to_json,
)
from voicetrail.game.glyphs import ASCII_GLYPHS, BOX_GLYPHS
from voicetrail.game.ink import COLORS, PEN_STYLES, Ink
from voicetrail.game.trail import Cell, Direction

DIRECTION = st.sampled_from(["up", "down", "left", "right"])
BY = st.sampled_from(["voice", "key"])
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.builds(Move, DIRECTION, BY),
    st.builds(Move, DIRECTION, BY),
    st.builds(Go, BY),
    st.builds(Stop, BY),
    st.just(Undo()),
    st.just(Redo()),
    st.builds(PenUp, BY),
    st.builds(PenDown, BY),
    st.builds(SetPen, st.sampled_from(PEN_STYLES)),
    st.builds(SetColor, st.sampled_from(COLORS)),
    st.just(Clear()),
    st.builds(SetStepLength, st.integers(1, 20)),
    st.builds(SetMovement, st.sampled_from(["step", "glide"])),
    st.builds(SetGlideSpeed, st.floats(1, 30)),
    st.builds(SetGlideSilence, st.floats(0, 5)),
    st.just(Tick()),
)
TIMED = st.lists(st.tuples(INPUTS, st.integers(0, 3000)), max_size=25)
"""Inputs, each with the milliseconds since the one before."""


def played(inputs: list[tuple[Input, int]], width: int = 31, height: int = 17) -> Sketch:
    game, now = Sketch(width, height), 0
    for item, pause in inputs:
        now += pause
        game.apply(item, now)
    return game


def looks(game: Sketch) -> dict[Cell, object]:
    """Every cell as it looks: its arms, and the pen where it stands."""
    cells: dict[Cell, object] = {cell: game.mark_at(cell) for cell in game.marked()}
    cells[game.trail.pen.cell] = (cells.get(game.trail.pen.cell, 0), game.trail.pen.direction)
    return cells


def walk(*directions: Direction, step: int = 1, size: tuple[int, int] = (41, 21)) -> Sketch:
    game = Sketch(*size, step_length=step)
    for direction in directions:
        game.apply(Move(direction), 0)
    return game


def test_a_step_sideways_is_twice_as_many_cells() -> None:
    game = walk("right", "up", step=3)
    assert game.trail.pen.cell == (20 + 6, 10 - 3)
    assert game.trail.pen.direction == "up"


def test_corners_turn_and_crossings_cross() -> None:
    game = walk("right", "right", "down", "left", "up", "up")
    assert BOX_GLYPHS.rows(game.trail) == [
        "  ▲",
        "╶─┼─╮",
        "  ╰─╯",
    ]
    assert ASCII_GLYPHS.rows(game.trail) == [
        "  ^",
        "--+-+",
        "  +-+",
    ]


def test_the_same_line_drawn_twice_is_one_line() -> None:
    assert walk("right", "left", "right").trail.cells == walk("right").trail.cells


def test_the_edge_stops_the_pen_and_says_so() -> None:
    game = Sketch(11, 7, step_length=20)
    changes = game.apply(Move("left"), 0)
    assert changes.edge
    assert changes.message == "the left edge of the canvas: the pen stops"
    assert game.trail.pen.cell == (0, 3)
    again = game.apply(Move("left"), 0)
    assert again.cells == frozenset()
    assert game.undoable == 1


def test_undo_reverts_a_stroke_and_clear_can_be_undone() -> None:
    game = walk("right", "up", "left")
    before, tally = game.checksum(), game.tally
    game.apply(Clear(), 1)
    assert game.trail.cells == {}
    assert game.trail.pen == game.trail.home
    assert game.apply(Undo(), 2).message == "the drawing is restored"
    assert game.checksum() == before
    assert (game.tally.words, game.tally.length, game.tally.undone) == (tally.words, tally.length, 1)
    assert game.apply(Undo(), 3).message == "undone: left"
    assert game.trail.pen.cell == (22, 9)


def test_undo_with_nothing_drawn_changes_nothing() -> None:
    game = Sketch()
    assert game.apply(Undo(), 0).cells == frozenset()


def test_go_draws_the_last_direction_again() -> None:
    game = Sketch(41, 21, step_length=1)
    assert game.apply(Go(), 0).message == "say a direction first"
    game.apply(Move("down"), 0)
    game.apply(Go(), 0)
    assert game.trail.pen.cell == (20, 12)


def test_a_glide_keeps_going_until_silence() -> None:
    game = Sketch(movement="glide", glide_speed=10, glide_silence=1)
    x, y = game.trail.pen.cell
    game.apply(Move("down"), 5000)
    assert game.trail.pen.cell == (x, y + 1)
    game.apply(Tick(), 5450)
    assert game.trail.pen.cell == (x, y + 5)
    game.apply(Tick(), 60_000)
    assert game.trail.pen.cell == (x, y + 11)
    assert not game.movement.moving
    game.apply(Undo(), 60_001)
    assert game.trail.cells == {}, "undo takes the whole glide back"


def test_a_glide_without_a_silence_goes_on() -> None:
    game = Sketch(movement="glide", glide_speed=10, glide_silence=0)
    game.apply(Move("left"), 0)
    game.apply(Tick(), 11_000)
    assert game.movement.moving
    assert game.tally.length == 111


@pytest.mark.parametrize("end", [Stop("key"), Undo(), Clear(), SetMovement("step")])
def test_a_glide_ends_at_once_with(end: Input) -> None:
    game = Sketch(movement="glide", glide_speed=10, glide_silence=10)
    game.apply(Move("down"), 0)
    game.apply(end, 10)
    pen = game.trail.pen
    game.apply(Tick(), 5000)
    assert game.trail.pen == pen


def test_a_glide_ends_at_the_edge_and_says_so() -> None:
    game = Sketch(11, 7, movement="glide", glide_speed=10, glide_silence=10)
    game.apply(Move("up"), 0)
    changes = game.apply(Tick(), 9000)
    assert changes.edge
    assert "edge" in changes.message
    assert game.trail.pen.cell == (5, 0)


@settings(max_examples=60, deadline=None)
@given(TIMED)
def test_the_same_inputs_give_the_same_drawing(inputs: list[tuple[Input, int]]) -> None:
    assert played(inputs).checksum() == played(inputs).checksum()


@settings(max_examples=60, deadline=None)
@given(TIMED)
def test_ticks_change_nothing(inputs: list[tuple[Input, int]]) -> None:
    ticked: list[tuple[Input, int]] = []
    for item, pause in inputs:
        third = pause // 3
        ticked += [(Tick(), third), (Tick(), third), (item, pause - 2 * third)]
    one, other = played(inputs), played(ticked)
    assert one.checksum() == other.checksum()
    assert one.tally == other.tally


@settings(max_examples=100, deadline=None)
@given(TIMED, INPUTS)
def test_undo_inverts_any_input(inputs: list[tuple[Input, int]], last: Input) -> None:
    game = played([*inputs, (Stop(), 0)])
    if isinstance(last, PenUp | PenDown | Redo):
        return
    before, looked, depth = game.checksum(), looks(game), game.undoable
    game.apply(last, game.now_ms)
    if game.undoable > depth:
        game.apply(Undo(), game.now_ms + 700)
        assert looks(game) == looked
        assert game.checksum() == before
    elif not isinstance(last, Undo):
        assert looks(game) == looked, "what cannot be undone changed nothing"


@settings(max_examples=60, deadline=None)
@given(TIMED)
def test_undoing_everything_leaves_an_empty_drawing(inputs: list[tuple[Input, int]]) -> None:
    game = played(inputs)
    while game.undoable:
        game.apply(Undo(), game.now_ms)
    game.apply(PenDown(), game.now_ms)
    assert game.checksum() == Sketch(31, 17).checksum()


@settings(max_examples=100, deadline=None)
@given(TIMED)
def test_the_changed_cells_are_exactly_the_differences(inputs: list[tuple[Input, int]]) -> None:
    game, now = Sketch(31, 17), 0
    for item, pause in inputs:
        now += pause
        before = looks(game)
        changes = game.apply(item, now)
        after = looks(game)
        assert changes.cells == {cell for cell in before.keys() | after.keys() if before.get(cell) != after.get(cell)}


@settings(max_examples=60, deadline=None)
@given(TIMED, TIMED)
def test_a_copy_is_independent(first: list[tuple[Input, int]], then: list[tuple[Input, int]]) -> None:
    game = played(first)
    kept, copy = game.checksum(), game.copy()
    now = game.now_ms
    for item, pause in then:
        now += pause
        copy.apply(item, now)
    assert game.checksum() == kept
    now = game.now_ms
    for item, pause in then:
        now += pause
        game.apply(item, now)
    assert game.checksum() == copy.checksum()
    assert game.tally == copy.tally


@given(INPUTS)
def test_inputs_are_the_same_after_json(item: Input) -> None:
    assert from_json(to_json(item)) == item


def test_the_json_form_is_stable() -> None:
    assert to_json(Move("up", "key")) == {"do": "step", "direction": "up", "by": "key"}
    assert from_json({"do": "set_step", "length": 3, "later": 1}) == SetStepLength(3)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"do": 1},
        {"do": "jump"},
        {"do": "step"},
        {"do": "step", "direction": "sideways"},
        {"do": "step", "direction": ["up"]},
        {"do": "set_step", "length": 0},
        {"do": "set_step", "length": 2.5},
        {"do": "set_step", "length": True},
        {"do": "set_glide_speed", "speed": float("nan")},
        {"do": "set_glide_silence", "seconds": 1e9},
    ],
)
def test_invalid_json_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_json(data)


def test_different_drawings_have_different_checksums() -> None:
    ways: list[tuple[Direction, ...]] = [(), ("up",), ("down",), ("up", "down"), ("up", "left"), ("left", "up")]
    sums = {walk(*way).checksum() for way in ways}
    assert len(sums) == 6
    assert walk("up", "left").checksum() == "0036ca084fa64eed", "a replay made anywhere is checked against these digits"


@settings(max_examples=100, deadline=None)
@given(TIMED, st.integers(1, 6))
def test_undo_then_redo_is_the_state_before(inputs: list[tuple[Input, int]], times: int) -> None:
    game = played([*inputs, (Stop(), 0)])
    before, tally, by_word, times = game.checksum(), game.tally, dict(game.by_word), min(times, game.undoable)
    for item in [Undo()] * times + [Redo()] * times:
        game.apply(item, game.now_ms + 50)
    assert game.checksum() == before
    assert (game.tally, game.by_word) == (tally, by_word)


def test_a_new_stroke_clears_the_redo_history() -> None:
    game = walk("right", "up")
    game.apply(Undo(), 0)
    game.apply(Move("down"), 0)
    before = game.checksum()
    assert game.apply(Redo(), 0).message == "there is nothing to redo"
    assert game.checksum() == before


def test_undo_has_no_limit_except_in_replays_of_version_1() -> None:
    for rules, left in ((2, 0), (1, 6)):
        game = Sketch(41, 21, step_length=1, rules=rules)
        for number in range(10_006):
            game.apply(Move("left" if number % 2 else "right"), number)
        while game.undoable:
            game.apply(Undo(), game.now_ms)
        assert game.tally.strokes == left
        assert game.apply(Undo(), game.now_ms).message == "there is nothing to undo"


@settings(max_examples=60, deadline=None)
@given(TIMED, TIMED, st.integers(0, 60_000))
def test_a_pause_takes_no_time(first: list[tuple[Input, int]], then: list[tuple[Input, int]], pause: int) -> None:
    plain, paused = (
        played([*first, *then]),
        played([*first, (Pause(), 0), (Tick(), pause // 2), (Resume(), pause - pause // 2), *then]),
    )
    assert paused.checksum() == plain.checksum()
    assert (paused.tally, paused.played_ms) == (plain.tally, plain.played_ms)


def test_while_paused_nothing_moves() -> None:
    game = walk("right")
    game.apply(Pause(), 10)
    before = game.checksum()
    for item in (Move("up"), Undo(), Tick()):
        game.apply(item, 500)
    assert game.checksum() == before
    assert game.input_of("up") is None


def test_a_pen_that_is_up_moves_without_drawing() -> None:
    game = Sketch(41, 21, step_length=1)
    game.apply(PenUp(), 0)
    game.apply(Move("right"), 0)
    assert not game.trail.cells
    assert game.trail.pen.cell == (22, 10)
    game.apply(PenDown(), 0)
    game.apply(Move("right"), 0)
    assert set(game.trail.cells) == {(22, 10), (23, 10), (24, 10)}


def test_pen_and_color_apply_to_new_strokes_and_undo_restores_the_old_ones() -> None:
    game = walk("right")
    plain = game.checksum()
    game.apply(SetPen("double"), 0)
    game.apply(SetColor("red"), 0)
    assert game.checksum() == plain, "what is drawn already stays as it is"
    game.apply(Move("left"), 0)
    assert game.mark_at((21, 10)).ink == Ink("double", "red")
    assert BOX_GLYPHS.rows(game.trail) == ["◄═╴"] or BOX_GLYPHS.rows(game.trail) == ["◄══"]
    game.apply(Undo(), 0)
    assert game.checksum() == plain


def test_words_of_the_large_vocabulary_change_pen_and_color() -> None:
    game = Sketch(41, 21)
    assert game.input_of("two") == SetColor("red")
    assert game.input_of("nine") is None
    assert game.input_of("stop") == PenUp()
    game.apply(PenUp(), 0)
    assert game.input_of("go") == PenDown()
    game = Sketch(41, 21, movement="glide")
    game.apply(Move("up"), 0)
    assert game.input_of("stop") == Stop(), "a glide ends first"


def test_a_text_of_box_characters_becomes_a_background_to_draw_over() -> None:
    game = Sketch(41, 21, step_length=1)
    changes = game.apply(SetBackground("┏━┓\n║ x\n+-+"), 0)
    assert {cell: game.mark_at(cell).mask for cell in changes.cells}[(19, 9)] == 10
    assert game.mark_at((21, 10)).role == "empty", "what is no box character is empty"
    before = game.checksum()
    game.apply(Move("right"), 0)
    assert game.mark_at((21, 10)).role == "trail"
    game.apply(Undo(), 0)
    assert game.checksum() == before
    game.apply(SetBackground(""), 0)
    assert game.checksum() == Sketch(41, 21).checksum()
