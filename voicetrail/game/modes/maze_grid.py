"""The grid of a maze: it is generated from a seed, and a search finds the fewest words to the exit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from voicetrail.game.levels.line import neighbor
from voicetrail.game.seeded_random import SeededRandom
from voicetrail.game.trail import OPPOSITE, Cell, Direction

_DIRECTIONS: tuple[Direction, ...] = ("up", "down", "left", "right")


@dataclass(frozen=True)
class MazeGrid:
    """Rooms with openings between them.

    Attributes:
        columns: rooms across.
        rows: rooms down.
        exits: the open directions of each room.
        gems: the rooms with a gem.
        start: the room in which the player begins.
        goal: the room with the exit.
    """

    columns: int
    rows: int
    exits: dict[Cell, frozenset[Direction]]
    gems: frozenset[Cell] = frozenset()
    start: Cell = (0, 0)
    goal: Cell = field(default=(0, 0))

    def run(self, room: Cell, direction: Direction, gems: frozenset[Cell]) -> list[Cell]:
        """Return the rooms on the path of a word: up to the next junction, corner, dead end, gem, or the exit.

        Args:
            room: the room of the player.
            direction: the direction of the word.
            gems: the gems that are not collected yet.

        Returns:
            The rooms in order, without the first; empty if there is a wall.
        """
        way: list[Cell] = []
        while direction in self.exits[room]:
            room = neighbor(room, direction)
            way.append(room)
            if room == self.goal or room in gems or self.exits[room] != {direction, OPPOSITE[direction]}:
                break
        return way

    def best(self, *, all_gems: bool = False) -> tuple[Direction, ...]:
        """Return the fewest words from the start to the exit, by breadth-first search over states (room, remaining gems).

        Args:
            all_gems: collect every gem before the exit.
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
        raise ValueError("the maze has no exit")


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
"""Number of candidates; the best one is chosen."""


def make_maze(columns: int, rows: int, seed: int, *, braided: bool, gems: int, words: int) -> MazeGrid:
    """Generate a maze.

    Args:
        columns: rooms across.
        rows: rooms down.
        seed: determines everything.
        braided: open every dead end, so that there are loops; otherwise there is exactly one path between any two rooms.
        gems: number of gems; fewer if too few rooms lie off the shortest path.
        words: number of words that the shortest path should have; the candidate closest to it is chosen.
    """
    rng = SeededRandom(seed)
    mazes = [_without_gems(columns, rows, rng, braided=braided) for _ in range(CANDIDATES)]
    maze = min(mazes, key=lambda one: abs(len(one.best()) - words))
    exits, start, goal = maze.exits, maze.start, maze.goal
    # A gem lies off the shortest path where possible, so that it needs a detour.
    room, on_path = start, {start, goal}
    for direction in maze.best():
        way = maze.run(room, direction, frozenset())
        on_path.update(way)
        room = way[-1]
    reached = sorted(_before_goal(maze), key=lambda one: (one[1], one[0]))
    off_path = rng.shuffled([one for one in reached if one not in on_path])
    ends_first = sorted(off_path, key=lambda one: len(exits[one]) != 1)
    return replace(maze, gems=frozenset(ends_first[:gems]))


def _without_gems(columns: int, rows: int, rng: SeededRandom, *, braided: bool) -> MazeGrid:
    exits = _perfect(columns, rows, rng)
    if braided:
        _braid(columns, rows, exits, rng)
    return MazeGrid(
        columns,
        rows,
        {room: frozenset(open_to) for room, open_to in exits.items()},
        frozenset(),
        (0, 0),
        (columns - 1, rows - 1),
    )


def _before_goal(maze: MazeGrid) -> set[Cell]:
    """Return the rooms that can be reached without passing the exit, where the round ends."""
    seen, todo = {maze.start}, [maze.start]
    while todo:
        room = todo.pop()
        for direction in maze.exits[room]:
            other = neighbor(room, direction)
            if other not in seen and other != maze.goal:
                seen.add(other)
                todo.append(other)
    return seen


def _perfect(columns: int, rows: int, rng: SeededRandom) -> dict[Cell, set[Direction]]:
    """Return a spanning tree by depth-first search (the "recursive backtracker"): long corridors, few junctions."""
    exits: dict[Cell, set[Direction]] = {(x, y): set() for y in range(rows) for x in range(columns)}
    stack, seen = [(0, 0)], {(0, 0)}
    while stack:
        room = stack[-1]
        fresh = [direction for direction in _DIRECTIONS if (other := neighbor(room, direction)) in exits and other not in seen]
        if not fresh:
            stack.pop()
            continue
        direction = rng.choice(fresh)
        other = neighbor(room, direction)
        exits[room].add(direction)
        exits[other].add(OPPOSITE[direction])
        seen.add(other)
        stack.append(other)
    return exits


def _braid(columns: int, rows: int, exits: dict[Cell, set[Direction]], rng: SeededRandom) -> None:
    """Open each dead end to a neighbor, preferably to another dead end."""
    for room in [(x, y) for y in range(rows) for x in range(columns)]:
        if len(exits[room]) != 1:
            continue
        walls = [one for one in _DIRECTIONS if one not in exits[room] and neighbor(room, one) in exits]
        if not walls:
            continue
        ends = [one for one in walls if len(exits[neighbor(room, one)]) == 1]
        direction = rng.choice(ends or walls)
        exits[room].add(direction)
        exits[neighbor(room, direction)].add(OPPOSITE[direction])
