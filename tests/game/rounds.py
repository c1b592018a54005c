"""Rounds of every mode for the tests, and inputs to play them with."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from voicetrail.game import (
    Clear,
    Go,
    Input,
    Leave,
    Move,
    Pause,
    Redo,
    Resume,
    RoundSetup,
    Rules,
    SetColor,
    SetPen,
    Stop,
    Tick,
    Undo,
    make_rules,
)
from voicetrail.game.glyphs import BOX
from voicetrail.game.trail import Cell, Direction

Timed = Sequence[tuple[Input, int]]
"""Inputs, each with the milliseconds since the one before."""

SETUPS = st.one_of(
    st.builds(RoundSetup, st.just("sketch"), width=st.just(31), height=st.just(17)),
    st.builds(RoundSetup, st.just("trace"), st.sampled_from(["square", "heart", "two squares", "lattice", "key"])),
    st.builds(RoundSetup, st.just("trace"), text=st.sampled_from(["hi", "x?", "4 8"])),
    st.builds(
        RoundSetup,
        st.just("maze"),
        st.sampled_from(["small", "medium"]),
        st.integers(0, 50),
        braided=st.booleans(),
        fog=st.booleans(),
    ),
    st.builds(RoundSetup, st.just("maze"), day=st.dates().map(lambda day: day.isoformat())),
    st.builds(
        RoundSetup,
        st.just("snake"),
        st.sampled_from(["small", "large"]),
        st.integers(0, 50),
        delay_ms=st.sampled_from([0, 400]),
    ),
    st.builds(RoundSetup, st.just("echo"), seed=st.integers(0, 50)),
)
DIRECTIONS = st.sampled_from(["up", "down", "left", "right"])
STEPS: st.SearchStrategy[Input] = st.builds(Move, DIRECTIONS, st.sampled_from(["voice", "key"]))
OTHERS: st.SearchStrategy[Input] = st.sampled_from(
    [Undo(), Redo(), Clear(), Go(), Stop(), Tick(), Pause(), Resume(), SetPen("block"), SetColor("blue")]
)
INPUTS = st.one_of(STEPS, STEPS, STEPS, OTHERS)
TIMED = st.lists(st.tuples(INPUTS, st.one_of(st.integers(0, 900), st.integers(0, 6000))), max_size=30)
LEAVING: st.SearchStrategy[list[tuple[Input, int]]] = st.one_of(st.just([]), st.just([(Leave(), 10)]))


def played(setup: RoundSetup, inputs: Timed) -> Rules:
    """A round with the inputs applied."""
    rules, now = make_rules(setup), 0
    for item, pause in inputs:
        now += pause
        rules.apply(item, now)
    return rules


def steps(rules: Rules, *directions: Direction, every_ms: int = 100) -> Rules:
    """Say some words."""
    for direction in directions:
        rules.apply(Move(direction), rules.now_ms + every_ms)
    return rules


def looks(rules: Rules) -> dict[Cell, object]:
    """Every cell as it looks, the pen where it stands."""
    cells: dict[Cell, object] = {cell: rules.mark_at(cell) for cell in rules.marked()}
    if rules.pen is not None:
        cells[rules.pen.cell] = (rules.mark_at(rules.pen.cell), rules.pen.direction)
    return cells


SIGNS = {"gem": "*", "food": "o", "goal": "X", "fog": "░", "asked": "?", "said": "!", "wrong": "#"}


def picture(rules: Rules) -> list[str]:
    """The field as text."""
    rows = []
    for y in range(rules.height):
        row = ""
        for x in range(rules.width):
            mark = rules.mark_at((x, y))
            if rules.pen is not None and (x, y) == rules.pen.cell:
                row += "@"
            else:
                row += BOX[mark.mask] if mark.mask else SIGNS.get(mark.role, " ")
        rows.append(row.rstrip())
    return rows
