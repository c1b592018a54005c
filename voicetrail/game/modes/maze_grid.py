"""Mazes: made from a seed, walked by words, and the fewest words found by search."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from voicetrail.game.dice import Dice
from voicetrail.game.levels.line import beside
from voicetrail.game.trail import OPPOSITE, Cell, Direction

_DIRECTIONS: tuple[Direction, ...] = ("up", "down", "left", "right")


@dataclass(frozen=True)
class MazeGrid:
    """Rooms with openings between them.

    Attributes:
        columns: rooms across.
        rows: rooms down.
        exits: the directions in which each room is open.
        gems: rooms with a gem.
        start: where the player begins.
        goal: the way out.
    """

    columns: int
    rows: int
    exits: dict[Cell, frozenset[Direction]]
    gems: frozenset[Cell] = frozenset()
    start: Cell = (0, 0)
    goal: Cell = field(default=(0, 0))

    def run(self, room: Cell, direction: Direction, gems: frozenset[Cell]) -> list[Cell]:
        """The rooms that a word leads through: to the next junction, corner, dead end, gem, or the way out.

        Args:
            room: where the player stands.
            direction: the word.
            gems: the gems that are still there.

        Returns:
            The rooms in order, without the first; empty where a wall is in the way.
        """
        way: list[Cell] = []
        while direction in self.exits[room]:
            room = beside(room, direction)
            way.append(room)
            if room == self.goal or room in gems or self.exits[room] != {direction, OPPOSITE[direction]}:
                break
        return way

    def best(self, *, all_gems: bool = False) -> tuple[Direction, ...]:
        """The fewest words that lead from the start to the way out, found by breadth-first search over room and gems.

        Args:
            all_gems: collect every gem on the way.
        """
        first = (self.start, self.gems)
        before: dict[tuple[Cell, frozenset[Cell]], tuple[tuple[Cell, frozenset[Cell]], Direction] | None] = {first: None}
        queue = deque([first])
        while queue:
            state = queue.popleft()
            room, gems = state
            if room == self.goal:
                if not (all_gems and gems):
                    return _words(before, state)
                continue  # the round ends there
            for direction in _DIRECTIONS:
                way = self.run(room, direction, gems)
                if way and (after := (way[-1], gems - {way[-1]})) not in before:
                    before[after] = state, direction
                    queue.append(after)
        raise ValueError("the maze has no way out")


def _words(
    before: dict[tuple[Cell, frozenset[Cell]], tuple[tuple[Cell, frozenset[Cell]], Direction] | None],
    state: tuple[Cell, frozenset[Cell]],
) -> tuple[Direction, ...]:
    words: list[Direction] = []
    while (step := before[state]) is not None:
        state, direction = step
        words.append(direction)
    return tuple(reversed(words))


CANDIDATES = 6
"""Mazes of which one is taken."""


def make_maze(columns: int, rows: int, seed: int, *, braided: bool, gems: int, words: int) -> MazeGrid:
    """Make a maze.

    Args:
        columns: rooms across.
        rows: rooms down.
        seed: decides everything.
        braided: open every dead end, so that there are loops; otherwise there is exactly one way between any two rooms.
        gems: how many; fewer where the best way leaves no room beside it.
        words: how many words the way out should take; of some mazes the one that comes nearest is taken.
    """
    dice = Dice(seed)
    mazes = [_without_gems(columns, rows, dice, braided=braided) for _ in range(CANDIDATES)]
    maze = min(mazes, key=lambda one: abs(len(one.best()) - words))
    exits, start, goal = maze.exits, maze.start, maze.goal
    # Gems lie off the best way where there is room beside it: a detour.
    room, on_way = start, {start, goal}
    for direction in maze.best():
        way = maze.run(room, direction, frozenset())
        on_way.update(way)
        room = way[-1]
    reached = sorted(_before_goal(maze), key=lambda one: (one[1], one[0]))
    beside_way = dice.shuffled([one for one in reached if one not in on_way])
    ends_first = sorted(beside_way, key=lambda one: len(exits[one]) != 1)
    return replace(maze, gems=frozenset(ends_first[:gems]))


def _without_gems(columns: int, rows: int, dice: Dice, *, braided: bool) -> MazeGrid:
    exits = _perfect(columns, rows, dice)
    if braided:
        _braid(columns, rows, exits, dice)
    return MazeGrid(
        columns,
        rows,
        {room: frozenset(open_to) for room, open_to in exits.items()},
        frozenset(),
        (0, 0),
        (columns - 1, rows - 1),
    )


def _before_goal(maze: MazeGrid) -> set[Cell]:
    """The rooms that can be reached without going through the way out, where the round ends."""
    seen, todo = {maze.start}, [maze.start]
    while todo:
        room = todo.pop()
        for direction in maze.exits[room]:
            other = beside(room, direction)
            if other not in seen and other != maze.goal:
                seen.add(other)
                todo.append(other)
    return seen


def _perfect(columns: int, rows: int, dice: Dice) -> dict[Cell, set[Direction]]:
    """A spanning tree by depth-first search (the "recursive backtracker"): long corridors, few junctions."""
    exits: dict[Cell, set[Direction]] = {(x, y): set() for y in range(rows) for x in range(columns)}
    stack, seen = [(0, 0)], {(0, 0)}
    while stack:
        room = stack[-1]
        fresh = [direction for direction in _DIRECTIONS if (other := beside(room, direction)) in exits and other not in seen]
        if not fresh:
            stack.pop()
            continue
        direction = dice.choice(fresh)
        other = beside(room, direction)
        exits[room].add(direction)
        exits[other].add(OPPOSITE[direction])
        seen.add(other)
        stack.append(other)
    return exits


def _braid(columns: int, rows: int, exits: dict[Cell, set[Direction]], dice: Dice) -> None:
    """Open each dead end to a neighbor, to another dead end where there is one."""
    for room in [(x, y) for y in range(rows) for x in range(columns)]:
        if len(exits[room]) != 1:
            continue
        walls = [one for one in _DIRECTIONS if one not in exits[room] and beside(room, one) in exits]
        if not walls:
            continue
        ends = [one for one in walls if len(exits[beside(room, one)]) == 1]
        direction = dice.choice(ends or walls)
        exits[room].add(direction)
        exits[beside(room, direction)].add(OPPOSITE[direction])
