"""Snake: the snake moves without a pause, and a word turns its head."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from voicetrail.errors import VoicetrailError
from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Move
from voicetrail.game.levels.line import neighbor
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done, route_text
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.rules import Mark, Medal, RoundResult
from voicetrail.game.seeded_random import SeededRandom
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import compose_share_text
from voicetrail.game.trail import ARMS, DELTAS, OPPOSITE, SIDEWAYS, Cell, Direction, Pen
from voicetrail.text import printable

START_SPEED = 2.0
"""Speed at the start, in cells per second."""
TOP_SPEED = 5.0
"""Maximum speed, in cells per second: a spoken word must still arrive in time."""
SPEED_PER_FOOD = 0.12
"""Increase of the speed for each piece of food, in cells per second."""
WORD_LATENCY_S = 0.25
"""Time from the end of a word to its detection, in s, without a network connection (see ``make bench``)."""
START_LENGTH = 3
GROWTH = 2
"""Growth for each piece of food, in cells."""
MAX_QUEUED_TURNS = 2
"""Maximum number of queued turns, one for each of the next cells: two quick words make a U-turn."""

SIZES: dict[str, tuple[int, int]] = {"small": (13, 9), "medium": (21, 13), "large": (30, 18)}
"""Columns and rows of the field, in cells of the snake, by the name of the size."""
MEDALS: tuple[tuple[int, Medal], ...] = ((30, "gold"), (15, "silver"), (5, "bronze"))


def medal_of(food: int) -> Medal:
    """Return the medal for a number of pieces of food."""
    return next((medal for least, medal in MEDALS if food >= least), "")


def top_speed(delay_ms: int) -> float:
    """Return the maximum speed of a snake when words arrive over a connection, in cells per second.

    Between the end of a word and the turn, the head moves no further than at ``TOP_SPEED`` without a connection.

    Args:
        delay_ms: one-way delay of the connection, in ms.
    """
    return TOP_SPEED * WORD_LATENCY_S / (WORD_LATENCY_S + delay_ms / 1000)


class Snake(FieldRules):
    """A snake that the player steers.

    Args:
        setup: uses ``level`` (the size), ``seed`` and ``delay_ms``.

    Raises:
        VoicetrailError: the size does not exist.
    """

    mode_name: ClassVar[ModeName] = "snake"

    def __init__(self, setup: RoundSetup) -> None:
        setup = replace(setup, level=setup.level or "medium")
        if setup.level not in SIZES:
            raise VoicetrailError(f"there is no snake size {printable(setup.level)!r}; there are {', '.join(SIZES)}")
        self.columns, self.rows = SIZES[setup.level]
        super().__init__(setup, Field(SIDEWAYS * self.columns + 3, self.rows + 2))
        middle = self.columns // 2, self.rows // 2
        self.body: tuple[Cell, ...] = tuple((middle[0] - back, middle[1]) for back in range(START_LENGTH))
        """The snake's cells, the head first."""
        self.direction: Direction = "right"
        self.food = 0
        """Number of pieces of food that were eaten."""
        self._growing = 0
        self._turns: tuple[Direction, ...] = ()
        """Queued turns, one for each of the next cells."""
        self._next_ms: int | None = None
        """When the head moves next, by the round's clock; ``None`` until the first word."""
        self._bitten = ""
        self._drawn: dict[Cell, Mark] = {}
        self._put_walls()
        self._food_at = self._new_food()
        self._draw()

    # Display

    @property
    def pen(self) -> Pen:
        """The position of the head; its direction shows a turn at once."""
        return Pen(*self._cell(self.body[0]), self._turns[0] if self._turns else self.direction)

    @property
    def moving(self) -> bool:
        """Whether the snake is moving."""
        return self._next_ms is not None and not self.paused and not self.ended

    @property
    def speed(self) -> float:
        """Current speed, in cells per second."""
        top = top_speed(self.setup.delay_ms)
        return min(top, START_SPEED + SPEED_PER_FOOD * self.food)

    @property
    def headline(self) -> str:
        """What the player has to do now."""
        if self.ended:
            return self._bitten or ("The field is full" if self.result().won else "You left the round")
        slow = self.setup.delay_ms >= 20
        text = "Say up, down or right to start" if self._next_ms is None else "Eat the food, and do not hit anything"
        return f"{text} (at most {top_speed(self.setup.delay_ms):.1f} cells/s over this connection)" if slow else text

    @property
    def status(self) -> str:
        """Food, length and speed so far."""
        return f"{self.food} eaten, length {len(self.body)}, {self.speed:.1f} cells/s"

    @property
    def surroundings(self) -> str:
        """Where the food is, and how many cells ahead are free."""
        direction = self._turns[0] if self._turns else self.direction
        place, free = neighbor(self.body[0], direction), 0
        while 0 <= place[0] < self.columns and 0 <= place[1] < self.rows and place not in self.body:
            place, free = neighbor(place, direction), free + 1
        return f"food {route_text(self.body[0], self._food_at)}; going {direction}, {free} free ahead"

    def checksum(self) -> str:
        """Return a stable hash of the visible state."""
        return self.field.checksum(self.pen, (self.food, self.words, self.ended))

    # Result

    def result(self) -> RoundResult:
        """Return the result so far: a point for each piece of food."""
        won = len(self.body) == self.columns * self.rows
        return self._result(
            self.food,
            won=won,
            finished=won or bool(self._bitten),
            medal=medal_of(self.food) if self.ended else "",
            seed=self.setup.seed,
            details={"food": self.food, "length": len(self.body), "top speed": f"{self.speed:.1f} cells/s"},
        )

    def share_text(self, result: RoundResult) -> str:
        """Return the snake as a line of text, and the counts."""
        length = len(self.body)
        picture = "o" * min(length, 30) + ">" + (f" x{length}" if length > 30 else "")
        return compose_share_text(f"snake: {result.level}", result, [picture, f"{self.food} eaten, length {length}"])

    def copy(self) -> Self:
        """Return an independent copy of the round in the same state."""
        other = super().copy()
        other._drawn = dict(self._drawn)
        return other

    # Time and words

    def _advance(self, time_ms: int) -> Done:
        """Move the snake by the cells that are due; return the last event."""
        done, moved = NOTHING, False
        while self._next_ms is not None and self._next_ms <= time_ms and not self.ended:
            at_ms, moved = self._next_ms, True
            done = self._go_on(at_ms) or done
            self._next_ms = at_ms + round(1000 / self.speed)
        if moved:
            self._draw()
        return done

    def _go_on(self, at_ms: int) -> Done | None:
        if self._turns:
            self.direction, self._turns = self._turns[0], self._turns[1:]
        head = neighbor(self.body[0], self.direction)
        body = self.body if self._growing else self.body[:-1]
        if not (0 <= head[0] < self.columns and 0 <= head[1] < self.rows):
            return self._die("The snake ran into the wall", at_ms)
        if head in body:
            return self._die("The snake bit itself", at_ms)
        self.body = (head, *body)
        self._growing = max(0, self._growing - 1)
        if head != self._food_at:
            return None
        self.food += 1
        self._growing += GROWTH
        if len(self.body) == self.columns * self.rows:
            self._end(at_ms)
            return "the field is full", False
        self._food_at = self._new_food()
        return f"{self.food} eaten", False

    def _die(self, why: str, at_ms: int) -> Done:
        self._bitten = why
        self._end(at_ms)
        return why, True

    def _do(self, item: Input) -> Done:
        match item:
            case Move(direction, by):
                return self._turn(direction, by)
            case Go(by):
                return self._turn(self.direction, by)
        return NOTHING

    def _turn(self, direction: Direction, by: By) -> Done:
        """Turn in the current cell of the head; a second turn is queued for the next cell."""
        facing = self._turns[-1] if self._turns else self.direction
        if direction == OPPOSITE[facing]:
            self._count(direction, by, wrong=True, moved=False)
            return f"{direction}: the body is in the way", False
        if self._next_ms is None:
            self._begin()
            self._next_ms = self.clock.time_ms + round(1000 / self.speed)
            self._count(direction, by)
            self.direction = direction
            return direction, False
        if direction == facing or len(self._turns) == MAX_QUEUED_TURNS:
            self._count(direction, by, moved=False)
            return "", False
        self._turns = (*self._turns, direction)
        self._count(direction, by)
        return direction, False

    def _new_food(self) -> Cell:
        """Return a free cell, which the seed and the number of the piece determine."""
        free = [(x, y) for y in range(self.rows) for x in range(self.columns) if (x, y) not in {*self.body}]
        return SeededRandom(self.setup.seed, self.food).choice(free)

    # Cells

    @staticmethod
    def _cell(place: Cell) -> Cell:
        return SIDEWAYS * place[0] + 2, place[1] + 1

    def _put_walls(self) -> None:
        right, bottom = self.field.width - 1, self.field.height - 1
        for x in range(right + 1):
            for y in range(bottom + 1):
                across = (ARMS["left"] if x else 0) | (ARMS["right"] if x < right else 0) if y in (0, bottom) else 0
                down = (ARMS["up"] if y else 0) | (ARMS["down"] if y < bottom else 0) if x in (0, right) else 0
                if across or down:
                    self.field.put((x, y), Mark("wall", across | down))

    def _draw(self) -> None:
        """Draw the snake and the food."""
        marks: dict[Cell, Mark] = {self._cell(self._food_at): Mark("food")}
        arms: dict[Cell, int] = {self._cell(place): 0 for place in self.body}
        for place, after in zip(self.body, self.body[1:], strict=False):
            direction = next(one for one in DELTAS if neighbor(place, one) == after)
            x, y = self._cell(place)
            arms[x, y] |= ARMS[direction]
            arms[self._cell(after)] |= ARMS[OPPOSITE[direction]]
            if DELTAS[direction][0]:
                arms[x + DELTAS[direction][0], y] = ARMS["left"] | ARMS["right"]
        marks.update((cell, Mark("body", mask)) for cell, mask in arms.items())
        for cell in self._drawn.keys() - marks.keys():
            self.field.put(cell, Mark())
        for cell, mark in marks.items():
            self.field.put(cell, mark)
        self._drawn = marks
