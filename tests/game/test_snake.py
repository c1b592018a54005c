from __future__ import annotations

import pytest

from tests.game.rounds import steps
from voicetrail.game import Leave, Move, RoundSetup, Tick, make_rules
from voicetrail.game.modes.snake import TOP_SPEED, WORD_LATENCY_S, Snake, top_speed
from voicetrail.game.trail import Cell, Direction

DIRECTIONS: tuple[Direction, ...] = ("up", "down", "left", "right")


def snake(level: str = "medium", seed: int = 1, delay_ms: int = 0) -> Snake:
    rules = make_rules(RoundSetup("snake", level, seed, delay_ms=delay_ms))
    assert isinstance(rules, Snake)
    return rules


def eat(rules: Snake, pieces: int) -> None:
    """Go to the food, row by row and never through the own body, with perfect words."""
    while rules.food < pieces and not rules.ended:
        (x, y), (fx, fy) = rules.body[0], rules._food_at
        sideways: Direction = "right" if fx > x else "left"
        upright: Direction = "down" if fy > y else "up"
        wishes = ([sideways] if fx != x else []) + ([upright] if fy != y else [])
        free = [one for one in [*wishes, *DIRECTIONS] if safe(rules, one)]
        if free:
            rules.apply(Move(free[0]), rules.now_ms)
        rules.apply(Tick(), rules._next_ms or 0)


def safe(rules: Snake, direction: Direction) -> bool:
    dx, dy = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}[direction]
    x, y = rules.body[0][0] + dx, rules.body[0][1] + dy
    return 0 <= x < rules.columns and 0 <= y < rules.rows and (x, y) not in rules.body


def test_it_waits_for_the_first_word_and_then_keeps_moving() -> None:
    rules = snake()
    head = rules.body[0]
    rules.apply(Tick(), 10_000)
    assert rules.body[0] == head
    waiting = rules.moving
    rules.apply(Move("up"), 10_000)
    assert (waiting, rules.moving) == (False, True)
    rules.apply(Tick(), 10_499)
    assert rules.body[0] == head
    rules.apply(Tick(), 11_500)
    assert rules.body[0] == (head[0], head[1] - 3)
    assert rules.played_ms == 1500


def test_a_turn_counts_for_the_cell_that_the_head_is_in() -> None:
    rules = snake()
    steps(rules, "right")
    at = rules.now_ms
    head = rules.body[0]
    rules.apply(Move("down"), at + 499)
    rules.apply(Tick(), at + 500)
    assert rules.body[0] == (head[0], head[1] + 1)


def test_two_quick_words_make_a_u_turn() -> None:
    rules = snake()
    steps(rules, "right")
    head = rules.body[0]
    rules.apply(Move("down"), 300)
    rules.apply(Move("left"), 350)
    rules.apply(Tick(), 100 + 2 * 500)
    assert rules.body[0] == (head[0] - 1, head[1] + 1)
    assert not rules.ended


def test_it_cannot_reverse_its_direction() -> None:
    rules = snake()
    assert rules.apply(Move("left"), 0).message == "left: the body is in the way"
    steps(rules, "right")
    rules.apply(Move("left"), 200)
    rules.apply(Tick(), 2000)
    assert not rules.ended
    assert rules.result().wrong == 2


def test_food_makes_it_longer_and_a_little_faster_but_never_too_fast() -> None:
    rules = snake("small")
    steps(rules, "right")
    speed = rules.speed
    eat(rules, 6)
    assert rules.food == 6
    assert len(rules.body) >= 3 + 2 * 5
    assert speed < rules.speed <= TOP_SPEED
    assert rules.result().medal == ""
    rules.food = 1000
    assert rules.speed == TOP_SPEED


def test_the_wall_ends_the_round_at_the_time_of_the_collision() -> None:
    rules = snake()
    steps(rules, "up", every_ms=0)
    changes = rules.apply(Tick(), 60_000)
    assert changes.message == "The snake ran into the wall"
    assert rules.ended
    assert rules.result().time_ms == 500 * (rules.rows // 2 + 1)
    assert rules.result().finished
    assert not rules.result().won


def test_it_can_bite_itself() -> None:
    rules = snake("large", 4)
    steps(rules, "right")
    eat(rules, 4)
    for _ in range(4):
        turn: dict[Direction, Direction] = {"up": "right", "right": "down", "down": "left", "left": "up"}
        rules.apply(Move(turn[rules.direction]), rules.now_ms)
        rules.apply(Tick(), rules._next_ms or 0)
    assert rules.ended
    assert rules.headline in ("The snake bit itself", "The snake ran into the wall")


def test_over_a_slow_connection_the_speed_takes_the_delay_into_account_and_says_so() -> None:
    assert top_speed(0) == TOP_SPEED
    for delay_ms in (50, 200, 1000):
        assert top_speed(delay_ms) * (WORD_LATENCY_S + delay_ms / 1000) == pytest.approx(TOP_SPEED * WORD_LATENCY_S)
    slow = snake(delay_ms=1000)
    assert slow.speed == pytest.approx(1.0)
    assert "at most 1.0 cells/s over this connection" in slow.headline


def test_a_round_that_is_left_does_not_count() -> None:
    rules = steps(snake(), "up")
    rules.apply(Leave(), 700)
    assert rules.ended
    assert not rules.result().finished


def test_food_never_lies_on_the_snake() -> None:
    for seed in range(5):
        rules = snake("small", seed)
        steps(rules, "right")
        cells: set[Cell] = set()
        for pieces in range(1, 9):
            eat(rules, pieces)
            if rules.ended:
                break
            assert rules._food_at not in rules.body
            cells.add(rules._food_at)
        assert len(cells) > 1
