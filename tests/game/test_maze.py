from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.game.rounds import steps
from voicetrail.game import Move, RoundSetup, make_rules
from voicetrail.game.modes.maze import SIZES, Maze, daily_setup
from voicetrail.game.modes.maze_grid import MazeGrid
from voicetrail.game.trail import Cell, Direction

SETUPS = st.builds(RoundSetup, st.just("maze"), st.sampled_from([*SIZES]), st.integers(0, 10**6), braided=st.booleans())
MOVES: dict[Direction, Cell] = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


def maze(setup: RoundSetup) -> Maze:
    rules = make_rules(setup)
    assert isinstance(rules, Maze)
    return rules


def fewest(grid: MazeGrid, *, all_gems: bool) -> int:
    """The fewest words by another algorithm: the cost of every state is lowered until nothing changes (Bellman and Ford),
    from the way out backwards, with walking told room by room."""

    def walk(room: Cell, direction: Direction, gems: frozenset[Cell]) -> Cell | None:
        dx, dy = MOVES[direction]
        if direction not in grid.exits[room]:
            return None
        while True:
            room = room[0] + dx, room[1] + dy
            straight = {direction, *(one for one, (x, y) in MOVES.items() if (x, y) == (-dx, -dy))}
            if room in gems or room == grid.goal or set(grid.exits[room]) != straight:
                return room

    gem_list = sorted(grid.gems)
    sets = [frozenset(one for bit, one in enumerate(gem_list) if number >> bit & 1) for number in range(1 << len(gem_list))]
    costs: dict[tuple[Cell, frozenset[Cell]], float] = {(grid.goal, gems): 0.0 for gems in sets if not (all_gems and gems)}
    edges = [
        ((room, gems), (end, gems - {end}))
        for gems in sets
        for room in grid.exits
        if room != grid.goal
        for direction in MOVES
        if (end := walk(room, direction, gems)) is not None
    ]
    changed = True
    while changed:
        changed = False
        for before, after in edges:
            cost = costs.get(after, float("inf")) + 1
            if cost < costs.get(before, float("inf")):
                costs[before] = cost
                changed = True
    return int(costs[grid.start, grid.gems])


@settings(max_examples=25, deadline=None)
@given(SETUPS)
def test_every_maze_has_a_path_and_par_is_minimal_by_another_algorithm(setup: RoundSetup) -> None:
    rules = maze(setup)
    assert rules.par == fewest(rules.maze, all_gems=False)
    steps(rules, *rules.maze.best())
    assert rules.ended
    result = rules.result()
    assert result.won
    assert result.words == result.par == rules.par
    assert result.medal == "gold"


@settings(max_examples=15, deadline=None)
@given(
    st.builds(RoundSetup, st.just("maze"), st.sampled_from(["small", "medium"]), st.integers(0, 10**6), braided=st.booleans())
)
def test_the_path_with_every_gem_is_minimal_too(setup: RoundSetup) -> None:
    rules = maze(setup)
    best = rules.maze.best(all_gems=True)
    assert len(best) == fewest(rules.maze, all_gems=True)
    steps(rules, *best)
    assert rules.ended
    assert rules.collected == len(rules.maze.gems)


def reached(grid: MazeGrid, *, through_goal: bool) -> set[Cell]:
    """The rooms that can be reached from the start; behind the way out none counts unless one may go through it."""
    seen, todo = {grid.start}, [grid.start]
    while todo:
        x, y = todo.pop()
        for direction in grid.exits[x, y]:
            dx, dy = MOVES[direction]
            room = (x + dx, y + dy)
            if room not in seen and (through_goal or room != grid.goal):
                seen.add(room)
                todo.append(room)
    return seen


@settings(max_examples=40, deadline=None)
@given(SETUPS)
def test_perfect_mazes_are_trees_and_braided_ones_have_no_dead_ends(setup: RoundSetup) -> None:
    grid = maze(setup).maze
    assert reached(grid, through_goal=True) == set(grid.exits), "every room can be reached"
    if setup.braided:
        assert all(len(exits) >= 2 for exits in grid.exits.values())
    else:
        assert sum(map(len, grid.exits.values())) == 2 * (len(grid.exits) - 1)


@settings(max_examples=40, deadline=None)
@given(SETUPS)
@example(RoundSetup("maze", "large", 283))  # its way out goes through all rooms but two
def test_gems_lie_off_the_shortest_path_if_possible(setup: RoundSetup) -> None:
    grid = maze(setup).maze
    on_way, room = {grid.start, grid.goal}, grid.start
    for direction in grid.best():
        way = grid.run(room, direction, frozenset())
        on_way, room = {*on_way, *way}, way[-1]
    off_way = reached(grid, through_goal=False) - on_way
    assert grid.gems <= off_way
    assert len(grid.gems) == min(SIZES[setup.level].gems, len(off_way))


def test_small_mazes_take_about_ten_to_twenty_words() -> None:
    pars = [maze(RoundSetup("maze", "small", seed)).par for seed in range(40)]
    assert sum(8 <= par <= 20 for par in pars) >= 36


def test_a_wall_stops_the_pen_and_counts_as_wrong_but_not_as_a_word() -> None:
    rules = maze(RoundSetup("maze", "small", 3))
    changes = rules.apply(Move("up"), 0)
    assert (changes.message, changes.edge, changes.cells) == ("up: there is a wall", True, frozenset())
    assert (rules.result().words, rules.result().wrong, rules.result().accuracy) == (0, 1, 0.0)


def test_a_gem_outweighs_its_detour() -> None:
    rules = maze(RoundSetup("maze", "small", 3))
    steps(rules, *rules.maze.best(all_gems=True))
    without = maze(RoundSetup("maze", "small", 3))
    steps(without, *without.maze.best())
    assert rules.result().score > without.result().score
    assert "1 of 1 gem," in rules.share_text(rules.result())
    assert "the shortest path has" in rules.hint()


def test_the_daily_maze_is_the_same_for_everybody() -> None:
    day = date(2026, 11, 25)
    rules = maze(RoundSetup("maze", day="2026-11-25"))
    assert rules.level == "daily 2026-11-25"
    assert rules.setup == maze(daily_setup(day)).setup
    assert rules.setup.seed == day.toordinal()
    # A change of the generator would give another maze to those who have not updated: it needs another rules_version.
    assert (rules.setup.level, rules.setup.braided, rules.setup.fog, rules.par) == DAILY
    assert rules.checksum() == DAILY_CHECKSUM


DAILY = ("medium", True, False, 12)
DAILY_CHECKSUM = "360e2ac670d670f6"


def test_a_word_leads_to_the_next_junction_corner_or_gem() -> None:
    # A corridor to the right with a gem in its third room and a way down in its fifth, then a corner.
    ways = [
        {"right"},
        {"left", "right"},
        {"left", "right"},
        {"left", "right"},
        {"left", "right", "down"},
        {"left", "right"},
        {"left"},
    ]
    exits: dict[Cell, frozenset[Direction]] = {(x, 0): frozenset(open_to) for x, open_to in enumerate(ways)}  # type: ignore[arg-type]
    exits[4, 1] = frozenset({"up", "right"})
    exits[5, 1] = frozenset({"left"})
    grid = MazeGrid(7, 2, exits, frozenset({(2, 0)}), (0, 0), (5, 1))
    assert grid.run((0, 0), "right", grid.gems) == [(1, 0), (2, 0)]
    assert grid.run((0, 0), "right", frozenset()) == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert grid.run((4, 0), "right", grid.gems) == [(5, 0), (6, 0)]
    assert grid.run((4, 0), "down", grid.gems) == [(4, 1)]
    assert grid.run((0, 0), "up", grid.gems) == []
    assert grid.best() == ("right", "right", "down", "right")


def test_days_differ() -> None:
    assert len({maze(daily_setup(date(2026, 1, day))).checksum() for day in range(1, 29)}) == 28


def test_fog_hides_cells_that_were_not_revealed() -> None:
    open_maze = maze(RoundSetup("maze", "medium", 5))
    fog = maze(RoundSetup("maze", "medium", 5, fog=True))
    hidden = [cell for cell in fog.marked() if fog.mark_at(cell).role == "fog"]
    assert len(hidden) > 100
    steps(fog, *fog.maze.best())
    assert len([cell for cell in fog.marked() if fog.mark_at(cell).role == "fog"]) < len(hidden)
    assert fog.par == open_maze.par


@pytest.mark.parametrize("size", [*SIZES])
def test_a_maze_is_generated_quickly(size: str) -> None:
    rules = maze(RoundSetup("maze", size, 1))
    assert rules.width == 4 * SIZES[size].columns + 1
