from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.game.rounds import looks, steps
from voicetrail.game import Move, Redo, RoundSetup, Undo, make_rules
from voicetrail.game.levels import GROUPS, LevelError, TraceLevel, all_levels, find_level, load_levels, read_levels, text_level
from voicetrail.game.levels.line import Figure, read_line, write_line
from voicetrail.game.modes.trace import Trace, points_of
from voicetrail.game.trail import Direction

TEXTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-!?+= ", min_size=1, max_size=12).filter(lambda text: text.strip() != "")
LETTERS: dict[str, Direction] = {"u": "up", "d": "down", "l": "left", "r": "right"}
LINES = st.lists(st.sampled_from(["u1", "d2", "l1", "r3", "u4", "r1"]), min_size=1, max_size=8).map(" ".join)


def trace(level: str = "", text: str = "", line: str = "") -> Trace:
    rules = make_rules(RoundSetup("trace", level, text=text, line=line))
    assert isinstance(rules, Trace)
    return rules


def follow(rules: Trace, figure: Figure) -> None:
    """Go the author's way, a word for each straight part."""
    place, number = figure.start, 0
    while number + 1 < len(figure.path) and not rules.ended:
        dx, dy = figure.path[number + 1][0] - place[0], figure.path[number + 1][1] - place[1]
        direction: Direction = "right" if dx > 0 else "left" if dx < 0 else "down" if dy > 0 else "up"
        number += len(figure.run(place, direction))
        place = figure.path[number]
        rules.apply(Move(direction), rules.now_ms + 500)


@pytest.mark.parametrize("level", all_levels(), ids=lambda level: level.name)
def test_every_level_can_be_finished_in_the_fewest_words(level: TraceLevel) -> None:
    rules = trace(level.name)
    for figure in level.figures:
        follow(rules, figure)
    assert rules.ended
    result = rules.result()
    assert (result.words, result.wrong, result.score, result.medal) == (level.par, 0, 100, "gold")


def test_there_are_enough_levels_in_order_of_difficulty() -> None:
    levels = all_levels()
    assert len(levels) >= 24
    assert [level.group for level in levels] == sorted((level.group for level in levels), key=GROUPS.index)
    assert len({level.name for level in levels}) == len(levels)


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_any_text_can_be_traced(text: str) -> None:
    level, rules = text_level(text), trace(text=text)
    for figure in level.figures:
        follow(rules, figure)
    assert rules.ended
    assert rules.result().words >= level.par


def reachable(figure: Figure, words: int) -> bool:
    """Whether some row of so many words covers a figure, by trying all of them."""
    states = {(figure.start, frozenset[object]())}
    for _ in range(words):
        after = set()
        for place, covered in states:
            for direction in LETTERS.values():
                run = figure.run(place, direction)
                if run:
                    end = next(iter({p for e in run[-1:] for p in e} - ({p for e in run[-2:-1] for p in e} or {place})))
                    after.add((end, covered | frozenset(run)))
        states |= after
    return any(covered == figure.edges for _, covered in states)


@pytest.mark.parametrize("letter", "AEFHIKMTVWXY3481+?")
def test_the_par_of_a_letter_is_minimal(letter: str) -> None:
    (figure,) = text_level(letter).figures
    assert reachable(figure, figure.par)
    assert not reachable(figure, figure.par - 1)


def test_the_pen_jumps_to_the_next_letter_once_one_is_covered() -> None:
    rules = trace(text="ll")
    steps(rules, "down", "right")
    assert rules.covered == 0.5
    assert rules.pen.x == 2 * (4 + 2)
    steps(rules, "down", "right")
    assert rules.ended


def test_a_word_leads_to_the_corner_and_beside_the_line_one_step() -> None:
    rules = trace("corner")
    start = rules.pen.cell
    steps(rules, "right")
    assert rules.pen.cell == (start[0] + 12, start[1])
    changes = rules.apply(Move("up"), 200)
    assert changes.message == "up: beside the line"
    assert rules.mark_at(rules.pen.cell).role == "wrong"
    assert rules.headline == "Go back to the gray line"
    steps(rules, "down", "down")
    result = rules.result()
    assert rules.ended
    assert (result.words, result.wrong, result.won) == (4, 2, True)
    assert 80 < result.score < 95


def test_undo_counts_as_a_wrong_word_and_redo_reverts_that() -> None:
    rules = trace("heart")
    steps(rules, "left", "up")
    before, looked, result = rules.checksum(), looks(rules), rules.result()
    rules.apply(Undo(), 300)
    rules.apply(Undo(), 300)
    assert rules.result().wrong == 2
    assert rules.covered == 0
    rules.apply(Redo(), 300)
    rules.apply(Redo(), 300)
    assert (rules.checksum(), looks(rules)) == (before, looked)
    assert rules.result().wrong == result.wrong


def test_the_edge_of_the_field_stops_the_pen() -> None:
    rules = trace("corner")
    steps(rules, "up", "up")
    words = rules.words
    assert rules.apply(Move("up"), 900).edge
    assert rules.words == words


@given(st.floats(0, 1), st.integers(1, 100), st.integers(1, 100), st.integers(0, 10**6))
def test_more_of_the_line_fewer_words_and_less_time_never_reduce_the_score(
    covered: float, words: int, par: int, time_ms: int
) -> None:
    points = points_of(covered, words, par, time_ms)
    assert 0 <= points <= 100
    assert points >= points_of(covered / 2, words, par, time_ms)
    assert points >= points_of(covered, words + 1, par, time_ms)
    assert points >= points_of(covered, words, par, time_ms + 1000)
    assert covered == 1 or points <= 60


@given(LINES)
def test_a_line_is_the_same_after_writing_and_reading(text: str) -> None:
    try:
        figures = read_line(text)
    except ValueError:
        return
    assert read_line(write_line(figures)) == figures


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no levels"),
        ("[[level", "not valid TOML"),
        ("level = 3", "no levels"),
        ("level = [3]", "level 1 needs a name"),
        ('[[level]]\nname = "a"', "level 'a' needs a line"),
        ('[[level]]\nline = "u1"', "level 1 needs a name"),
        ('[[level]]\nname = "' + "a" * 21 + '"\nline = "u1"', "level 1 needs a name"),
        ('[[level]]\nname = "a\\u001b[31m"\nline = "u1"', "level 1 needs a name"),
        ('[[level]]\nname = "a"\nline = ""', "no moves"),
        ('[[level]]\nname = "a"\nline = "u1 x3"', "'x3' is not a move"),
        ('[[level]]\nname = "a"\nline = "u1 d1 u1 d1 l1 r1 l2 d3 u1 r5 l2 d4 u2 l3 d3 l9 d1 l1 d1 l1 d1 l1"', "a step twice"),
        ('[[level]]\nname = "a"\nline = "u999"', "larger than"),
        ('[[level]]\nname = "a"\nline = "u999 r999 d999"', "longer than"),
        ('[[level]]\nname = "a"\nline = "r3 / r2"', "share a step"),
        ('[[level]]\nname = "a"\nline = "r3"\n[[level]]\nname = "a"\nline = "r2"', "two levels 'a'"),
    ],
)
def test_a_bad_level_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(LevelError) as caught:
        read_levels(text, "bad.toml")
    assert str(caught.value).startswith("bad.toml: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_missing_level_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LevelError, match=r"easy\.toml: the file cannot be read"):
        load_levels(tmp_path)
    assert load_levels(files("voicetrail.game.levels")) == all_levels()


def test_a_replay_keeps_the_line_so_that_a_level_may_change() -> None:
    rules = trace("corner")
    assert rules.setup.line == find_level("corner").line
    assert trace("corner", line="u3 l2").level_data.par == 2
    with pytest.raises(LevelError, match="no level 'nowhere'"):
        find_level("nowhere")
