"""A line to trace: figures made of straight steps, and the fewest words that cover one.

It is written as moves, ``u4 r3 d4``: up 4 steps, right 3, down 4. ``2,5: u4 r3`` begins at column 2, row 5 (steps, not cells); ``/``
begins the next figure.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property

from voicetrail.game.trail import DELTAS, OPPOSITE, Cell, Direction

STEPS_MAX = 2_000
"""Most steps of a line."""
SIDE_MAX = 250
"""Most steps of a line across or down."""
SEARCHED_MAX = 14
"""Most straight parts of a figure in which a step may be gone twice: the fewest words are then found by search."""

_LETTERS: dict[str, Direction] = {"u": "up", "d": "down", "l": "left", "r": "right"}
_START = re.compile(r"\s*(\d{1,3})\s*,\s*(\d{1,3})\s*:")
_MOVE = re.compile(r"([udlr])([1-9]\d{0,2})")

Edge = tuple[Cell, Cell]
"""A step between two neighbors, the smaller one first."""


def edge(one: Cell, other: Cell) -> Edge:
    """The step between two neighbors."""
    return (one, other) if one < other else (other, one)


def beside(cell: Cell, direction: Direction) -> Cell:
    """The next place in a direction."""
    dx, dy = DELTAS[direction]
    return cell[0] + dx, cell[1] + dy


@dataclass(frozen=True)
class Figure:
    """One part of a line: it can be gone over without lifting the pen.

    Attributes:
        start: where it begins.
        moves: the way that its author went.
    """

    start: Cell
    moves: tuple[tuple[Direction, int], ...]

    @cached_property
    def way(self) -> tuple[Cell, ...]:
        """Every place on the author's way, in order."""
        places = [self.start]
        for direction, steps in self.moves:
            for _ in range(steps):
                places.append(beside(places[-1], direction))
        return tuple(places)

    @cached_property
    def edges(self) -> frozenset[Edge]:
        """Every step of the figure."""
        return frozenset(edge(one, other) for one, other in zip(self.way, self.way[1:], strict=False))

    @cached_property
    def stops(self) -> frozenset[Cell]:
        """Where a word ends: the start, the ends, the corners, and wherever there is a choice."""
        return frozenset(place for place in {*self.way} if place == self.start or not self._runs_through(place))

    def _runs_through(self, place: Cell) -> bool:
        exits = [direction for direction in DELTAS if edge(place, beside(place, direction)) in self.edges]
        return len(exits) == 2 and exits[0] == OPPOSITE[exits[1]]

    def run(self, place: Cell, direction: Direction) -> list[Edge]:
        """The steps that a word takes along the figure from a place; empty where the figure does not go that way."""
        steps: list[Edge] = []
        while (step := edge(place, beside(place, direction))) in self.edges:
            steps.append(step)
            place = beside(place, direction)
            if place in self.stops:
                break
        return steps

    @cached_property
    def parts(self) -> frozenset[frozenset[Edge]]:
        """The straight parts between stops, each the work of one word."""
        return frozenset(frozenset(self.run(place, direction)) for place in self.stops for direction in DELTAS) - {frozenset()}

    @cached_property
    def par(self) -> int:
        """The fewest words that cover it.

        A word covers at most one straight part. Where the author's way takes no step twice it goes over each part once, so their
        number is the least; otherwise the least is searched for.
        """
        if len(self.way) - 1 == len(self.edges):
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
        raise ValueError("the line does not hang together")


def read_line(text: str) -> tuple[Figure, ...]:
    """Read a line, moved so that its smallest column and row are 0.

    Raises:
        ValueError: it is none; the message says what is wrong.
    """
    figures = [_figure(part) for part in text.split("/")]
    places = [place for figure in figures for place in figure.way]
    left, top = min(x for x, _ in places), min(y for _, y in places)
    right, bottom = max(x for x, _ in places), max(y for _, y in places)
    if right - left > SIDE_MAX or bottom - top > SIDE_MAX:
        raise ValueError(f"the line is larger than {SIDE_MAX} steps")
    figures = [Figure((figure.start[0] - left, figure.start[1] - top), figure.moves) for figure in figures]
    if sum(len(figure.edges) for figure in figures) != len({one for figure in figures for one in figure.edges}):
        raise ValueError("two parts of the line share a step")
    for figure in figures:
        if len(figure.way) - 1 != len(figure.edges) and len(figure.parts) > SEARCHED_MAX:
            raise ValueError("the line goes over a step twice")
    return tuple(figures)


def write_line(figures: tuple[Figure, ...]) -> str:
    """The text of a line; ``read_line`` gives the same figures."""
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
            raise ValueError(f"{word[:20]!r} is no move; write u, d, l or r and a number of steps, as in u4")
        moves.append((_LETTERS[move[1]], int(move[2])))
    if not moves:
        raise ValueError("the line has no moves")
    if sum(steps for _, steps in moves) > STEPS_MAX:
        raise ValueError(f"the line is longer than {STEPS_MAX} steps")
    return Figure(start, tuple(moves))
