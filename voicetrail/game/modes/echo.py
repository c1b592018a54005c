"""Echo: a sequence of directions is shown, and the player repeats it. Each time it has one more direction."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal, Self

from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Move
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.rules import Mark, Medal, RoundResult
from voicetrail.game.seeded_random import SeededRandom
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import bar, compose_share_text
from voicetrail.game.trail import Direction
from voicetrail.text import counted

START_LENGTH = 2
"""Length of the first sequence, in directions."""
LONGEST = 32
"""Length of the last sequence; a player who repeats it has won."""
LIVES = 3
"""Wrong words until the round ends; after each of them the sequence is shown again."""
LEAD_MS = 600
"""Time before the first direction of a sequence is shown, in ms."""
SHOW_MS = 650
"""Time between two directions, in ms."""
HOLD_MS = 900
"""Time for which the whole sequence stays visible, in ms."""
ROW_PLACES = 8
"""Directions in one row of the field."""
MEDALS: tuple[tuple[int, Medal], ...] = ((12, "gold"), (8, "silver"), (5, "bronze"))
_DIRECTIONS: tuple[Direction, ...] = ("up", "down", "left", "right")


def medal_of(length: int) -> Medal:
    """Return the medal for a sequence of this length."""
    return next((medal for least, medal in MEDALS if length >= least), "")


class Echo(FieldRules):
    """Sequences of directions that the player repeats.

    Args:
        setup: uses ``seed``.
    """

    mode_name: ClassVar[ModeName] = "echo"

    def __init__(self, setup: RoundSetup) -> None:
        super().__init__(setup, Field(4 * ROW_PLACES + 1, 2 * (LONGEST // ROW_PLACES) + 1))
        rng = SeededRandom(setup.seed)
        self.sequence: tuple[Direction, ...] = tuple(rng.choice(_DIRECTIONS) for _ in range(LONGEST))
        """The longest sequence; every shorter one is its beginning."""
        self.length = START_LENGTH
        """Length of the current sequence."""
        self.longest = 0
        """Length of the longest sequence that was repeated."""
        self.lives = LIVES
        self.misheard: Counter[tuple[str, str]] = Counter()
        """How often one word was asked for and another one was detected, by (asked for, detected)."""
        self._said = 0
        self._shown_ms: int | None = 0
        """When the current sequence began to be shown, by the round's clock; ``None`` while the player repeats it."""
        self._shown = 0
        self._show_places()

    # Display

    @property
    def pen(self) -> None:
        """Echo has no pen."""
        return None

    @property
    def moving(self) -> bool:
        """Whether a sequence is being shown."""
        return self._shown_ms is not None and not self.paused and not self.ended

    @property
    def watching(self) -> bool:
        """Whether a sequence is being shown, so that words do nothing."""
        return self._shown_ms is not None

    @property
    def headline(self) -> str:
        """What the player has to do now."""
        if self.ended:
            return f"The longest sequence: {self.longest}"
        if self.watching:
            return f"Watch: {self.length} directions"
        return f"Repeat: {self._said + 1} of {self.length}"

    @property
    def status(self) -> str:
        """Best sequence and lives."""
        return f"longest {self.longest}, {counted(self.lives, 'life', 'lives')} left"

    def checksum(self) -> str:
        """Return a stable hash of the visible state."""
        return self.field.checksum(self.pen, (self.length, self.longest, self.lives, self.words, self.ended))

    # Result

    def result(self) -> RoundResult:
        """Return the result so far: the score is the length of the longest sequence."""
        return self._result(
            self.longest,
            won=self.longest == LONGEST,
            finished=self.lives == 0 or self.longest == LONGEST,
            medal=medal_of(self.longest) if self.ended else "",
            seed=self.setup.seed,
            details={"sequence": self.longest, "misheard": self._misheard_text()},
        )

    def _misheard_text(self) -> str:
        return ", ".join(
            f"{asked} as {said}" + (f" ({n} times)" if n > 1 else "") for (asked, said), n in self.misheard.items()
        )

    def hint(self) -> str:
        """Which words were misheard."""
        text = self._misheard_text()
        return f"misheard or mixed up: {text}" if text else ""

    def share_text(self, result: RoundResult) -> str:
        """Return the length of the sequence, without its directions."""
        return compose_share_text("echo", result, [bar(self.longest / MEDALS[0][0]), f"longest sequence: {self.longest}"])

    def copy(self) -> Self:
        """Return an independent copy of the round in the same state."""
        other = super().copy()
        other.misheard = Counter(self.misheard)
        return other

    # Time and words

    def _advance(self, time_ms: int) -> Done:
        if self._shown_ms is None:
            return NOTHING
        passed = time_ms - self._shown_ms - LEAD_MS
        shown = max(0, min(self.length, passed // SHOW_MS + 1))
        if passed >= self.length * SHOW_MS + HOLD_MS:
            self._shown_ms, self._shown, self._said = None, 0, 0
            self._show_places()
            return f"repeat the {self.length} directions, one by one", False
        if shown == self._shown:
            return NOTHING
        self._shown = shown
        self._show_places()
        return self.sequence[shown - 1], False

    def _do(self, item: Input) -> Done:
        match item:
            case Move(direction, by):
                return self._say(direction, by)
            case Go(by) if self._said and not self.watching:
                return self._say(self.sequence[self._said - 1], by)
        return NOTHING

    def _say(self, direction: Direction, by: By) -> Done:
        if self.watching:
            return "wait until the whole sequence is shown", False
        self._begin()
        asked = self.sequence[self._said]
        self._count(asked, by, wrong=direction != asked)
        if direction != asked:
            self.misheard[asked, direction] += 1
            self.lives -= 1
            if not self.lives:
                self._show_places(wrong=direction)
                self._end()
                return f"{direction} is wrong, it was {asked}: the round is over", True
            self._show_again()
            return f"{direction} is wrong, it was {asked}: watch again", True
        self._said += 1
        if self._said < self.length:
            self._show_places()
            return direction, False
        self.longest = self.length
        if self.length == LONGEST:
            self._show_places()
            self._end()
            return "that was the longest sequence", False
        self.length += 1
        self._show_again()
        return f"right: you repeated {self.longest} directions", False

    def _show_again(self) -> None:
        self._shown_ms, self._shown, self._said = self.clock.time_ms, 0, 0
        self._show_places()

    def _show_places(self, wrong: Direction | Literal[""] = "") -> None:
        """Draw the sequence; a direction that is not shown yet is an empty place."""
        for number in range(LONGEST):
            cell = 4 * (number % ROW_PLACES) + 2, 2 * (number // ROW_PLACES) + 1
            mark = Mark()
            if number < self.length:
                known = self._shown if self.watching else self._said
                mark = Mark("asked" if self.watching else "said", 0, self.sequence[number]) if number < known else Mark("asked")
            if wrong and number == self._said:
                mark = Mark("wrong", 0, wrong)
            self.field.put(cell, mark)
