"""Follow a gray line with as few words and in as little time as possible.

A word runs along the line to the next corner, end or crossing; beside the line it goes one step, which counts as wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Redo, Step, Undo
from voicetrail.game.levels import Level, LevelError, find_level, text_level
from voicetrail.game.levels.line import Edge, beside, edge, read_line
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done, way_text
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.rules import Mark, Medal, Result, Role, WordCount
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import bar, plain_lines
from voicetrail.game.trail import ARMS, DELTAS, SIDEWAYS, Cell, Direction, Pen

MARGIN = 2
"""Steps between the line and the edge of the field."""
PAR_WORD_MS = 1500
"""Time that a word may take: a round that takes no longer than this for each needed word has all points for time."""
LINE_POINTS, WORD_POINTS, TIME_POINTS = 60, 25, 15
"""The points there are for the line covered, for words and for time: 100 in all."""
MEDALS: tuple[tuple[int, Medal], ...] = ((95, "gold"), (85, "silver"), (70, "bronze"))

_SHOWN_FIRST: tuple[Role, ...] = ("right", "guide", "wrong")
"""What a place shows where parts of several kinds meet."""
_SIDES: tuple[Direction, ...] = ("left", "right")


@dataclass(frozen=True, slots=True)
class _State:
    """What undo brings back."""

    pen: Pen
    figure: int
    right: frozenset[Edge]
    wrong_steps: frozenset[Edge]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A word in the history, a chain that copies share."""

    direction: Direction
    by: By
    before: _State
    after: _State
    below: _Entry | None


def score(covered: float, words: int, par: int, time_ms: int) -> int:
    """The points of a round, 0 to 100: for the part of the line that was covered, and, of a whole line, for words and time.

    Args:
        covered: part of the line, 0 to 1.
        words: words that moved something.
        par: the fewest words that cover the line.
        time_ms: from the first word.
    """
    points = LINE_POINTS * covered
    if covered == 1:
        points += WORD_POINTS * min(1.0, par / max(1, words)) + TIME_POINTS * min(1.0, par * PAR_WORD_MS / max(1, time_ms))
    # Only a whole line has a whole score.
    return int(points + 1e-9)


def medal_of(points: int) -> Medal:
    """The medal for a score."""
    return next((medal for least, medal in MEDALS if points >= least), "")


class Trace(FieldRules):
    """A line that is traced.

    Args:
        setup: the name of a level, or a text, or the line itself.

    Raises:
        LevelError: there is no such level, or a letter cannot be traced.
    """

    mode_name: ClassVar[ModeName] = "trace"

    def __init__(self, setup: RoundSetup) -> None:
        level = self._find(setup)
        places = [place for figure in level.figures for place in figure.way]
        columns, rows = max(x for x, _ in places), max(y for _, y in places)
        self._last_place = columns + 2 * MARGIN, rows + 2 * MARGIN
        field = Field(SIDEWAYS * self._last_place[0] + 1, self._last_place[1] + 1)
        super().__init__(replace(setup, line=level.line, level="" if setup.text else level.name), field)
        self.level_data = level
        """The line with its name."""
        self._guide = frozenset(one for figure in level.figures for one in figure.edges)
        self._right: frozenset[Edge] = frozenset()
        self._wrong_steps: frozenset[Edge] = frozenset()
        self._figure = 0
        self._pen = self._pen_at(level.figures[0].start, None)
        self._last: _Entry | None = None
        self._undone: tuple[_Entry, ...] = ()
        self._mark_places(place for one in self._guide for place in one)

    @staticmethod
    def _find(setup: RoundSetup) -> Level:
        if setup.line:
            try:
                return Level(setup.text or setup.level, read_line(setup.line))
            except ValueError as error:
                raise LevelError(f"the line to trace is broken: {error}") from error
        return text_level(setup.text) if setup.text else find_level(setup.level)

    # What is shown

    @property
    def level(self) -> str:
        """The level's name, or the text in quotes."""
        return f'"{self.setup.text}"' if self.setup.text else self.setup.level

    @property
    def pen(self) -> Pen:
        """Where the pen stands."""
        return self._pen

    @property
    def covered(self) -> float:
        """Part of the line that was covered."""
        return len(self._right) / len(self._guide)

    @property
    def headline(self) -> str:
        """What to do now."""
        if self.ended:
            return "The whole line" if self.covered == 1 else "The line is not finished"
        off = not any(self._pen.cell == self._cell(place) for one in self._guide for place in one)
        return "Back to the gray line" if off else "Follow the gray line"

    @property
    def status(self) -> str:
        """What the round amounts to."""
        return f"{int(100 * self.covered)} % covered, {self.words} of {self.level_data.par} words"[:30]

    @property
    def surroundings(self) -> str:
        """Which ways the line goes from here, or where it goes on."""
        place, figure = self._place(), self.level_data.figures[self._figure]
        runs = {direction: figure.run(place, direction) for direction in DELTAS}
        if open_ways := [direction for direction, run in runs.items() if not self._right.issuperset(run)]:
            return f"the line goes {' and '.join(f'{one} {len(runs[one])}' for one in open_ways)}"
        left = [one for step in figure.edges - self._right for one in step if one in figure.stops]
        if not left:
            return ""
        nearest = min(left, key=lambda one: (abs(one[0] - place[0]) + abs(one[1] - place[1]), one))
        return f"the line goes on at {way_text(place, nearest)}"

    def checksum(self) -> str:
        """A stable hash of what can be seen."""
        return self.field.checksum(self._pen, (self.words, self.wrong, self.ended))

    # How it ends

    def result(self) -> Result:
        """How it stands."""
        points = score(self.covered, self.words, self.level_data.par, self.played_ms)
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
        """The author's way."""
        moves = [direction for figure in self.level_data.figures for direction, _ in figure.moves]
        return f"the line in {self.level_data.par} words: {', '.join(moves)}" if self.words > self.level_data.par else ""

    def share_text(self, result: Result) -> str:
        """The name of the level and the figures."""
        return plain_lines(f"trace: {result.level}", result, [f"{bar(self.covered)} {result.score} points"])

    # What a word does

    def _do(self, item: Input) -> Done:
        match item:
            case Step(direction, by):
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
        # A part that is covered already may be gone again.
        steps = figure.run(place, direction)
        right = bool(steps)
        target = place
        for _ in range(len(steps) or 1):
            target = beside(target, direction)
        if not right and not self._inside(target):
            self._count(direction, by, wrong=True, moved=False)
            return f"the {direction} edge of the field: the pen stops here", True
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
        """Once a figure is covered, the pen jumps to the start of the next."""
        figures = self.level_data.figures
        while self._figure + 1 < len(figures) and figures[self._figure].edges <= self._right:
            self._figure += 1
            self._pen = self._pen_at(figures[self._figure].start, None)

    def _undo(self) -> str:
        entry = self._last
        if entry is None:
            return "nothing to undo"
        self._last, self._undone = entry.below, (*self._undone, entry)
        self._restore(entry.before)
        self._count_again(entry, 1)
        return f"taken back: {entry.direction}"

    def _redo(self) -> str:
        if not self._undone:
            return "nothing to do again"
        *rest, entry = self._undone
        self._undone = tuple(rest)
        self._last = replace(entry, below=self._last)
        self._restore(entry.after)
        self._count_again(entry, -1)
        return f"drawn again: {entry.direction}"

    def _count_again(self, entry: _Entry, by: int) -> None:
        """A word that is taken back was wrong, if it did not count as wrong before."""
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
        """Show these places, and the cells between them and their neighbors."""
        for place in set(places):
            arms = {direction: self._role(edge(place, beside(place, direction))) for direction in DELTAS}
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
