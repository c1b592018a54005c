"""Trace: follow a gray line with as few words and in as little time as possible.

A word moves the pen along the line to the next corner, end or junction. Beside the line it moves one step, which counts as wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Move, Redo, Undo
from voicetrail.game.levels import LevelError, TraceLevel, find_level, text_level
from voicetrail.game.levels.line import Edge, edge, neighbor, read_line
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done, route_text
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.rules import Mark, Medal, Role, RoundResult, WordCount
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import bar, compose_share_text
from voicetrail.game.trail import ARMS, DELTAS, EDGES, SIDEWAYS, Cell, Direction, Pen
from voicetrail.text import counted

MARGIN = 2
"""Steps between the line and the edge of the field."""
PAR_WORD_MS = 1500
"""Par time per word, in ms: a round gets all points for time if it takes no longer than this for each word of the par."""
LINE_POINTS, WORD_POINTS, TIME_POINTS = 60, 25, 15
"""Maximum points for the covered part of the line, for words and for time: 100 in total."""
MEDALS: tuple[tuple[int, Medal], ...] = ((95, "gold"), (85, "silver"), (70, "bronze"))

_SHOWN_FIRST: tuple[Role, ...] = ("right", "guide", "wrong")
"""Which role a place shows where several meet: the first of these."""
_SIDES: tuple[Direction, ...] = ("left", "right")


@dataclass(frozen=True, slots=True)
class _State:
    """The state that undo restores."""

    pen: Pen
    figure: int
    right: frozenset[Edge]
    wrong_steps: frozenset[Edge]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A word in the history, a linked list that copies share."""

    direction: Direction
    by: By
    before: _State
    after: _State
    previous: _Entry | None


def points_of(covered: float, words: int, par: int, time_ms: int) -> int:
    """Return the points of a round, 0 to 100: for the covered part of the line and, if it is the whole line, for words and time.

    Args:
        covered: covered part of the line, 0 to 1.
        words: words that moved something.
        par: the fewest words that cover the line.
        time_ms: time from the first word.
    """
    points = LINE_POINTS * covered
    if covered == 1:
        points += WORD_POINTS * min(1.0, par / max(1, words)) + TIME_POINTS * min(1.0, par * PAR_WORD_MS / max(1, time_ms))
    # Only a complete line can get all points for the line.
    return int(points + 1e-9)


def medal_of(points: int) -> Medal:
    """Return the medal for a number of points."""
    return next((medal for least, medal in MEDALS if points >= least), "")


class Trace(FieldRules):
    """A line that the player traces.

    Args:
        setup: uses ``level``, ``text`` or ``line``.

    Raises:
        LevelError: the level does not exist, or a letter cannot be traced.
    """

    mode_name: ClassVar[ModeName] = "trace"

    def __init__(self, setup: RoundSetup) -> None:
        level = self._find(setup)
        places = [place for figure in level.figures for place in figure.path]
        columns, rows = max(x for x, _ in places), max(y for _, y in places)
        self._last_place = columns + 2 * MARGIN, rows + 2 * MARGIN
        field = Field(SIDEWAYS * self._last_place[0] + 1, self._last_place[1] + 1)
        super().__init__(replace(setup, line=level.line, level="" if setup.text else level.name), field)
        self.level_data = level
        """The level to trace."""
        self._guide = frozenset(one for figure in level.figures for one in figure.edges)
        self._right: frozenset[Edge] = frozenset()
        self._wrong_steps: frozenset[Edge] = frozenset()
        self._figure = 0
        self._pen = self._pen_at(level.figures[0].start, None)
        self._last: _Entry | None = None
        self._undone: tuple[_Entry, ...] = ()
        self._mark_places(place for one in self._guide for place in one)

    @staticmethod
    def _find(setup: RoundSetup) -> TraceLevel:
        if setup.line:
            try:
                return TraceLevel(setup.text or setup.level, read_line(setup.line))
            except ValueError as error:
                raise LevelError(f"the line to trace is invalid: {error}") from error
        return text_level(setup.text) if setup.text else find_level(setup.level)

    # Display

    @property
    def level(self) -> str:
        """The level's name, or the text in quotes."""
        return f'"{self.setup.text}"' if self.setup.text else self.setup.level

    @property
    def pen(self) -> Pen:
        """The pen."""
        return self._pen

    @property
    def covered(self) -> float:
        """Covered part of the line, 0 to 1."""
        return len(self._right) / len(self._guide)

    @property
    def headline(self) -> str:
        """What the player has to do now."""
        if self.ended:
            return "You traced the whole line" if self.covered == 1 else "The line is not finished"
        off = not any(self._pen.cell == self._cell(place) for one in self._guide for place in one)
        return "Go back to the gray line" if off else "Follow the gray line"

    @property
    def status(self) -> str:
        """Covered part and words so far."""
        return f"{int(100 * self.covered)} % covered, {counted(self.words, 'word')}, par {self.level_data.par}"

    @property
    def surroundings(self) -> str:
        """The directions of the line from here, or where it continues."""
        place, figure = self._place(), self.level_data.figures[self._figure]
        runs = {direction: figure.run(place, direction) for direction in DELTAS}
        if open_ways := [direction for direction, run in runs.items() if not self._right.issuperset(run)]:
            return f"the line goes {' and '.join(f'{one} {len(runs[one])}' for one in open_ways)}"
        left = [one for step in figure.edges - self._right for one in step if one in figure.stops]
        if not left:
            return ""
        nearest = min(left, key=lambda one: (abs(one[0] - place[0]) + abs(one[1] - place[1]), one))
        return f"the line continues at {route_text(place, nearest)}"

    def checksum(self) -> str:
        """Return a stable hash of the visible state."""
        return self.field.checksum(self._pen, (self.words, self.wrong, self.ended))

    # Result

    def result(self) -> RoundResult:
        """Return the result so far."""
        points = points_of(self.covered, self.words, self.level_data.par, self.played_ms)
        won = self.covered == 1
        return self._result(
            points,
            won=won,
            finished=won,
            medal=medal_of(points) if won else "",
            par=self.level_data.par,
            details={"line covered": f"{int(100 * self.covered)} %"},
        )

    def hint(self) -> str:
        """The author's path, if it has fewer words."""
        moves = [direction for figure in self.level_data.figures for direction, _ in figure.moves]
        return (
            f"the line in {counted(self.level_data.par, 'word')}: {', '.join(moves)}"
            if self.words > self.level_data.par
            else ""
        )

    def share_text(self, result: RoundResult) -> str:
        """Return the covered part and the points."""
        return compose_share_text(f"trace: {result.level}", result, [f"{bar(self.covered)} {counted(result.score, 'point')}"])

    # Moves

    def _do(self, item: Input) -> Done:
        match item:
            case Move(direction, by):
                return self._move(direction, by)
            case Go(by) if self._pen.direction is not None:
                return self._move(self._pen.direction, by)
            case Undo():
                return self._undo(), False
            case Redo():
                return self._redo(), False
        return NOTHING

    def _move(self, direction: Direction, by: By) -> Done:
        place = self._place()
        figure = self.level_data.figures[self._figure]
        # A part that is already covered can be used again.
        steps = figure.run(place, direction)
        right = bool(steps)
        target = place
        for _ in range(len(steps) or 1):
            target = neighbor(target, direction)
        if not right and not self._inside(target):
            self._count(direction, by, wrong=True, moved=False)
            return f"the {EDGES[direction]} edge of the field: the pen stops", True
        self._begin()
        before = self._state()
        if right:
            self._right |= frozenset(steps)
        else:
            self._wrong_steps |= {edge(place, target)}
        self._pen = self._pen_at(target, direction)
        self._mark_places((place, target, *(one for step in steps for one in step)))
        self._count(direction, by, wrong=not right)
        self._next_figure()
        self._last, self._undone = _Entry(direction, by, before, self._state(), self._last), ()
        if len(self._right) == len(self._guide):
            self._end()
            return "the whole line is covered", False
        return direction if right else f"{direction}: beside the line", False

    def _next_figure(self) -> None:
        """Jump to the start of the next figure if the current one is covered."""
        figures = self.level_data.figures
        while self._figure + 1 < len(figures) and figures[self._figure].edges <= self._right:
            self._figure += 1
            self._pen = self._pen_at(figures[self._figure].start, None)

    def _undo(self) -> str:
        entry = self._last
        if entry is None:
            return "there is nothing to undo"
        self._last, self._undone = entry.previous, (*self._undone, entry)
        self._restore(entry.before)
        self._count_again(entry, 1)
        return f"undone: {entry.direction}"

    def _redo(self) -> str:
        if not self._undone:
            return "there is nothing to redo"
        *rest, entry = self._undone
        self._undone = tuple(rest)
        self._last = replace(entry, previous=self._last)
        self._restore(entry.after)
        self._count_again(entry, -1)
        return f"redone: {entry.direction}"

    def _count_again(self, entry: _Entry, by: int) -> None:
        """Count an undone word as wrong, unless it was counted as wrong before."""
        if entry.after.wrong_steps != entry.before.wrong_steps:
            return
        self.wrong += by
        count = self.by_word.get(entry.direction)
        if entry.by == "voice" and count is not None:
            self.by_word[entry.direction] = WordCount(count.heard, count.wrong + by)

    def _state(self) -> _State:
        return _State(self._pen, self._figure, self._right, self._wrong_steps)

    def _restore(self, state: _State) -> None:
        changed = (self._right ^ state.right) | (self._wrong_steps ^ state.wrong_steps)
        self._pen, self._figure = state.pen, state.figure
        self._right, self._wrong_steps = state.right, state.wrong_steps
        self._mark_places(place for one in changed for place in one)

    # Places (steps) and cells

    def _inside(self, place: Cell) -> bool:
        return -MARGIN <= place[0] <= self._last_place[0] - MARGIN and -MARGIN <= place[1] <= self._last_place[1] - MARGIN

    def _cell(self, place: Cell) -> Cell:
        return SIDEWAYS * (place[0] + MARGIN), place[1] + MARGIN

    def _place(self) -> Cell:
        return self._pen.x // SIDEWAYS - MARGIN, self._pen.y - MARGIN

    def _pen_at(self, place: Cell, direction: Direction | None) -> Pen:
        return Pen(*self._cell(place), direction)

    def _mark_places(self, places: Iterable[Cell]) -> None:
        """Draw these places, and the cells between them and their neighbors."""
        for place in set(places):
            arms = {direction: self._role(edge(place, neighbor(place, direction))) for direction in DELTAS}
            roles = set(arms.values())
            role: Role = next((one for one in _SHOWN_FIRST if one in roles), "empty")
            x, y = self._cell(place)
            mask = sum(ARMS[direction] for direction, one in arms.items() if one != "empty")
            self.field.put((x, y), Mark(role, mask) if mask else Mark())
            for direction in _SIDES:
                between = Mark(arms[direction], ARMS["left"] | ARMS["right"]) if arms[direction] != "empty" else Mark()
                self.field.put((x + DELTAS[direction][0], y), between)

    def _role(self, one: Edge) -> Role:
        if one in self._right:
            return "right"
        if one in self._guide:
            return "guide"
        return "wrong" if one in self._wrong_steps else "empty"
