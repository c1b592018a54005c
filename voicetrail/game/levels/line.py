"""A line to trace: figures made of straight steps, and the fewest words that cover one.

A line is written as moves. ``u4 r3 d4`` means 4 steps up, 3 right, 4 down. ``2,5: u4 r3`` begins at column 2, row 5 (in steps, not
cells). ``/`` begins the next figure.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property

from voicetrail.game.trail import DELTAS, OPPOSITE, Cell, Direction

STEPS_MAX = 2_000
"""Maximum number of steps in a line."""
SIDE_MAX = 250
"""Maximum width and height of a line, in steps."""
MAX_SEARCHED_PARTS = 14
"""Maximum number of straight parts in a figure whose author's path uses a step twice: its par is found by search."""

_LETTERS: dict[str, Direction] = {"u": "up", "d": "down", "l": "left", "r": "right"}
_START = re.compile(r"\s*(\d{1,3})\s*,\s*(\d{1,3})\s*:")
_MOVE = re.compile(r"([udlr])([1-9]\d{0,2})")

Edge = tuple[Cell, Cell]
"""A step between two neighboring places; the smaller place comes first."""


def edge(one: Cell, other: Cell) -> Edge:
    """Return the step between two neighboring places."""
    return (one, other) if one < other else (other, one)


def neighbor(cell: Cell, direction: Direction) -> Cell:
    """Return the next place in a direction."""
    dx, dy = DELTAS[direction]
    return cell[0] + dx, cell[1] + dy


@dataclass(frozen=True)
class Figure:
    """One figure of a line: it can be traced without lifting the pen.

    Attributes:
        start: place where it begins.
        moves: the author's path, as (direction, number of steps).
    """

    start: Cell
    moves: tuple[tuple[Direction, int], ...]

    @cached_property
    def path(self) -> tuple[Cell, ...]:
        """Every place on the author's path, in order."""
        places = [self.start]
        for direction, steps in self.moves:
            for _ in range(steps):
                places.append(neighbor(places[-1], direction))
        return tuple(places)

    @cached_property
    def edges(self) -> frozenset[Edge]:
        """Every step of the figure."""
        return frozenset(edge(one, other) for one, other in zip(self.path, self.path[1:], strict=False))

    @cached_property
    def stops(self) -> frozenset[Cell]:
        """The places where a move ends: the start, the ends, the corners and the junctions."""
        return frozenset(place for place in {*self.path} if place == self.start or not self._runs_through(place))

    def _runs_through(self, place: Cell) -> bool:
        exits = [direction for direction in DELTAS if edge(place, neighbor(place, direction)) in self.edges]
        return len(exits) == 2 and exits[0] == OPPOSITE[exits[1]]

    def run(self, place: Cell, direction: Direction) -> list[Edge]:
        """Return the steps that a word covers from a place; empty where the figure has no step in that direction."""
        steps: list[Edge] = []
        while (step := edge(place, neighbor(place, direction))) in self.edges:
            steps.append(step)
            place = neighbor(place, direction)
            if place in self.stops:
                break
        return steps

    @cached_property
    def parts(self) -> frozenset[frozenset[Edge]]:
        """The straight parts between two stops; a word covers one of them."""
        return frozenset(frozenset(self.run(place, direction)) for place in self.stops for direction in DELTAS) - {frozenset()}

    @cached_property
    def par(self) -> int:
        """The fewest words that cover the figure.

        A word covers at most one straight part. If the author's path uses no step twice, it covers each part once, so the number of
        parts is the minimum. Otherwise the minimum is found by search.
        """
        if len(self.path) - 1 == len(self.edges):
            return len(self.parts)
        return self._search()

    def _search(self) -> int:
        numbers = {part: 1 << number for number, part in enumerate(self.parts)}
        everything = (1 << len(numbers)) - 1
        seen = {(self.start, 0)}
        queue = deque([(self.start, 0, 0)])
        while queue:
            place, covered, words = queue.popleft()
            if covered == everything:
                return words
            for direction in DELTAS:
                steps = self.run(place, direction)
                if not steps:
                    continue
                dx, dy = DELTAS[direction]
                after = (place[0] + dx * len(steps), place[1] + dy * len(steps)), covered | numbers[frozenset(steps)]
                if after not in seen:
                    seen.add(after)
                    queue.append((*after, words + 1))
        raise ValueError("the parts of the line are not connected")


def read_line(text: str) -> tuple[Figure, ...]:
    """Parse a line, shifted so that its smallest column and row are 0.

    Raises:
        ValueError: the text is not a line; the message says what is wrong.
    """
    figures = [_figure(part) for part in text.split("/")]
    places = [place for figure in figures for place in figure.path]
    left, top = min(x for x, _ in places), min(y for _, y in places)
    right, bottom = max(x for x, _ in places), max(y for _, y in places)
    if right - left > SIDE_MAX or bottom - top > SIDE_MAX:
        raise ValueError(f"the line is larger than {SIDE_MAX} steps")
    figures = [Figure((figure.start[0] - left, figure.start[1] - top), figure.moves) for figure in figures]
    if sum(len(figure.edges) for figure in figures) != len({one for figure in figures for one in figure.edges}):
        raise ValueError("two parts of the line share a step")
    for figure in figures:
        if len(figure.path) - 1 != len(figure.edges) and len(figure.parts) > MAX_SEARCHED_PARTS:
            raise ValueError("the line uses a step twice")
    return tuple(figures)


def write_line(figures: tuple[Figure, ...]) -> str:
    """Return a line as text; ``read_line`` gives the same figures."""
    return " / ".join(
        f"{figure.start[0]},{figure.start[1]}: {' '.join(f'{direction[0]}{steps}' for direction, steps in figure.moves)}"
        for figure in figures
    )


def _figure(text: str) -> Figure:
    begin = _START.match(text)
    start = (int(begin[1]), int(begin[2])) if begin else (0, 0)
    moves: list[tuple[Direction, int]] = []
    for word in text[begin.end() if begin else 0 :].split():
        move = _MOVE.fullmatch(word)
        if move is None:
            raise ValueError(f"{word[:20]!r} is not a move; write u, d, l or r and a number of steps, as in u4")
        moves.append((_LETTERS[move[1]], int(move[2])))
    if not moves:
        raise ValueError("the line has no moves")
    if sum(steps for _, steps in moves) > STEPS_MAX:
        raise ValueError(f"the line is longer than {STEPS_MAX} steps")
    return Figure(start, tuple(moves))
