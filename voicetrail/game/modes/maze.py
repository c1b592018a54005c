"""Maze: find the exit. A word moves the player along the corridor to the next junction, corner or gem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from voicetrail.errors import VoicetrailError
from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Move
from voicetrail.game.levels.line import neighbor
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done, route_text
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.modes.maze_grid import make_maze
from voicetrail.game.rules import Mark, Medal, RoundResult
from voicetrail.game.seeded_random import SeededRandom
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import compose_share_text
from voicetrail.game.trail import ARMS, DELTAS, OPPOSITE, Cell, Direction, Pen
from voicetrail.text import counted, printable

ROOM_WIDTH, ROOM_HEIGHT = 4, 2
"""Cells between the centers of two neighboring rooms."""
GEM_POINTS = 20
"""Points for a gem: as many as a path costs that is a fifth longer than the best one."""
WRONG_WORDS = 40
"""Maximum number of characters for words in a share text."""


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a maze."""

    columns: int
    rows: int
    gems: int
    words: int
    """Approximate number of words to the exit."""


SIZES: dict[str, Size] = {
    "small": Size(6, 5, 1, 13),
    "medium": Size(9, 7, 2, 20),
    "large": Size(14, 9, 3, 28),
    "huge": Size(20, 12, 4, 36),
}
"""The sizes by name; a small maze has 30 rooms."""

MEDALS: tuple[tuple[int, Medal], ...] = ((100, "gold"), (80, "silver"), (55, "bronze"))


def medal_of(points: int) -> Medal:
    """Return the medal for a number of points."""
    return next((medal for least, medal in MEDALS if points >= least), "")


def daily_setup(day: date) -> RoundSetup:
    """Return the setup of the daily maze, which is the same for everybody.

    Args:
        day: the UTC date at the start of the round; it stays the same when the round goes on past midnight.
    """
    seed = day.toordinal()
    rng = SeededRandom(seed, stream=1)
    # Mondays are easy, weekends are large.
    size = ("small", "small", "medium", "medium", "medium", "large", "large")[day.weekday()]
    return RoundSetup("maze", size, seed, braided=rng.randbelow(2) == 1, fog=rng.randbelow(4) == 0, day=day.isoformat())


class Maze(FieldRules):
    """A maze that the player walks through.

    Args:
        setup: uses ``level`` (the size), ``seed``, ``braided`` and ``fog``; for a daily maze only ``day``.

    Raises:
        VoicetrailError: the size or the day does not exist.
    """

    mode_name: ClassVar[ModeName] = "maze"

    def __init__(self, setup: RoundSetup) -> None:
        if setup.day:
            try:
                setup = replace(daily_setup(date.fromisoformat(setup.day)), rules=setup.rules)
            except ValueError as error:
                raise VoicetrailError(f"{printable(setup.day)} is not a date; write it as 2026-11-25") from error
        setup = replace(setup, level=setup.level or "medium")
        size = SIZES.get(setup.level)
        if size is None:
            raise VoicetrailError(f"there is no maze size {printable(setup.level)!r}; there are {', '.join(SIZES)}")
        super().__init__(setup, Field(ROOM_WIDTH * size.columns + 1, ROOM_HEIGHT * size.rows + 1))
        self.maze = make_maze(size.columns, size.rows, setup.seed, braided=setup.braided, gems=size.gems, words=size.words)
        self.par = len(self.maze.best())
        """The fewest words to the exit."""
        self._gems = self.maze.gems
        self._seen: frozenset[Cell] = frozenset()
        self._room = self.maze.start
        self._signs = ""
        self._nothing = 0
        self._pen = Pen(*self._cell(self._room))
        if setup.fog:
            self._look_around([self._room])
        else:
            self._seen = frozenset(self.maze.exits)
        for x in range(self.field.width):
            for y in range(self.field.height):
                self._show_cell((x, y))

    # Display

    @property
    def level(self) -> str:
        """The day, or the size with its options."""
        setup = self.setup
        if setup.day:
            return f"daily {setup.day}"
        return " ".join([setup.level, *(name for name in ("braided", "fog") if getattr(setup, name))])

    @property
    def pen(self) -> Pen:
        """The position of the player."""
        return self._pen

    @property
    def collected(self) -> int:
        """Number of collected gems."""
        return len(self.maze.gems) - len(self._gems)

    @property
    def headline(self) -> str:
        """What the player has to do now."""
        if self.ended:
            return "You are out of the maze" if self._room == self.maze.goal else "You did not find the exit"
        return "Find the exit, at the bottom right"

    @property
    def status(self) -> str:
        """Words and gems so far."""
        return f"{counted(self.words, 'word')}, {self.collected} of {counted(len(self.maze.gems), 'gem')}"

    @property
    def surroundings(self) -> str:
        """The open directions, how far a word leads in each, and where the exit is."""
        ways = [
            f"{direction} {len(path)}{' to a gem' if path[-1] in self._gems else ''}"
            for direction in DELTAS
            if (path := self.maze.run(self._room, direction, self._gems))
        ]
        return f"open: {', '.join(ways)}; the exit is {route_text(self._room, self.maze.goal)}"

    def checksum(self) -> str:
        """Return a stable hash of the visible state."""
        return self.field.checksum(self._pen, (self.words, self.wrong, self.ended))

    # Result

    def result(self) -> RoundResult:
        """Return the result so far: 100 points for the fewest words, and points for gems."""
        won = self._room == self.maze.goal
        points = round(100 * self.par / max(self.words, 1)) + GEM_POINTS * self.collected if won else 0
        return self._result(
            points,
            won=won,
            finished=won,
            medal=medal_of(points) if won else "",
            par=self.par,
            seed=self.setup.seed,
            details={"gems": f"{self.collected} of {len(self.maze.gems)}", "moved nothing": self._nothing},
        )

    def hint(self) -> str:
        """The shortest path, and the shortest one with every gem."""
        every = self.maze.best(all_gems=True)
        text = f"the shortest path has {counted(self.par, 'word')}: {', '.join(self.maze.best())}"
        return f"{text}; with every gem it has {len(every)}" if self.maze.gems else text

    def share_text(self, result: RoundResult) -> str:
        """Return a character for each word, without its direction: ``=`` forward, ``*`` gem, ``<`` back, ``x`` wall."""
        lines = [self._signs[:WRONG_WORDS] + ("+" if len(self._signs) > WRONG_WORDS else "")] if self._signs else []
        gems = f"{self.collected} of {counted(len(self.maze.gems), 'gem')}, {counted(result.score, 'point')}"
        return compose_share_text(f"maze: {result.level}", result, [*lines, gems])

    # Moves

    def _do(self, item: Input) -> Done:
        match item:
            case Move(direction, by):
                return self._move(direction, by)
            case Go(by) if self._pen.direction is not None:
                return self._move(self._pen.direction, by)
        return NOTHING

    def _move(self, direction: Direction, by: By) -> Done:
        self._begin()
        path = self.maze.run(self._room, direction, self._gems)
        if not path:
            self._nothing += 1
            self._signs += "x"
            self._count(direction, by, wrong=True, moved=False)
            return f"{direction}: there is a wall", True
        back = self._pen.direction is not None and direction == OPPOSITE[self._pen.direction]
        self._draw(self._room, direction, len(path))
        self._look_around([self._room, *path])
        self._room = path[-1]
        self._pen = Pen(*self._cell(self._room), direction)
        self._count(direction, by)
        gem = self._room in self._gems
        self._signs += "*" if gem else "<" if back else "="
        if gem:
            self._gems -= {self._room}
        if self._room == self.maze.goal:
            self._end()
            return "you are out of the maze", False
        return f"{direction}: you collect a gem" if gem else direction, False

    def _draw(self, room: Cell, direction: Direction, rooms: int) -> None:
        """Draw the trail from room to room."""
        dx, dy = DELTAS[direction]
        x, y = self._cell(room)
        for _ in range(rooms * (ROOM_WIDTH if dx else ROOM_HEIGHT)):
            self._add_arm((x, y), ARMS[direction])
            x, y = x + dx, y + dy
            self._add_arm((x, y), ARMS[OPPOSITE[direction]])

    def _add_arm(self, cell: Cell, arm: int) -> None:
        mark = self.field.at(cell)
        self.field.put(cell, Mark("trail", (mark.mask if mark.role == "trail" else 0) | arm))

    # Visibility

    def _look_around(self, rooms: list[Cell]) -> None:
        """Reveal rooms and everything in straight open corridors from them, and draw what is newly visible."""
        seen = set(rooms)
        for room in rooms:
            for direction in DELTAS:
                here = room
                while direction in self.maze.exits[here]:
                    here = neighbor(here, direction)
                    seen.add(here)
        new = seen - self._seen
        self._seen |= new
        for x, y in new:
            for cell in [
                (ROOM_WIDTH * x + dx, ROOM_HEIGHT * y + dy) for dx in range(ROOM_WIDTH + 1) for dy in range(ROOM_HEIGHT + 1)
            ]:
                if self.field.at(cell).role != "trail":
                    self._show_cell(cell)

    def _show_cell(self, cell: Cell) -> None:
        """Draw a cell of the maze, or fog."""
        x, y = cell
        across, down = x % ROOM_WIDTH, y % ROOM_HEIGHT
        if not across or not down:
            mask = sum(ARMS[direction] for direction in DELTAS if self._wall_goes(cell, direction))
            if mask:
                self.field.put(cell, Mark("wall", mask))
            else:
                hidden = not any(room in self._seen for room in self._rooms_at(cell))
                self.field.put(cell, Mark("fog") if hidden else Mark())
            return
        room = x // ROOM_WIDTH, y // ROOM_HEIGHT
        if room not in self._seen:
            self.field.put(cell, Mark("fog"))
        elif cell == self._cell(room) and room == self.maze.goal:
            self.field.put(cell, Mark("goal"))
        elif cell == self._cell(room) and room in self._gems:
            self.field.put(cell, Mark("gem"))
        else:
            self.field.put(cell, Mark())

    def _wall_goes(self, cell: Cell, direction: Direction) -> bool:
        """Return whether a visible wall goes from a cell in a direction."""
        x, y = cell
        dx, dy = DELTAS[direction]
        if (dx and y % ROOM_HEIGHT) or (dy and x % ROOM_WIDTH):
            return False
        # A piece of wall separates two rooms.
        if dx:
            column = (x if dx > 0 else x - 1) // ROOM_WIDTH
            below = y // ROOM_HEIGHT
            return self._is_wall((column, below - 1), (column, below), "down")
        row = (y if dy > 0 else y - 1) // ROOM_HEIGHT
        right = x // ROOM_WIDTH
        return self._is_wall((right - 1, row), (right, row), "right")

    def _is_wall(self, one: Cell, other: Cell, direction: Direction) -> bool:
        exits = self.maze.exits
        if one not in exits and other not in exits:
            return False
        if one in exits and other in exits and direction in exits[one]:
            return False
        # The outer wall is visible from the start, because it reveals nothing.
        return one not in exits or other not in exits or one in self._seen or other in self._seen

    def _rooms_at(self, cell: Cell) -> list[Cell]:
        """Return the rooms that a cell belongs to, or that it separates."""
        x, y = cell
        columns = {x // ROOM_WIDTH, (x - 1) // ROOM_WIDTH}
        rows = {y // ROOM_HEIGHT, (y - 1) // ROOM_HEIGHT}
        return [(column, row) for column in columns for row in rows if (column, row) in self.maze.exits]

    @staticmethod
    def _cell(room: Cell) -> Cell:
        """Return the center cell of a room."""
        return ROOM_WIDTH * room[0] + ROOM_WIDTH // 2, ROOM_HEIGHT * room[1] + ROOM_HEIGHT // 2
