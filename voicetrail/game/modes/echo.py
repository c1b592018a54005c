"""Say it back: a row of directions is shown, one more each time."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal, Self

from voicetrail.game.dice import Dice
from voicetrail.game.field import Field
from voicetrail.game.inputs import By, Go, Input, Step
from voicetrail.game.mode_list import ModeName
from voicetrail.game.modes.base import NOTHING, Done
from voicetrail.game.modes.field_rules import FieldRules
from voicetrail.game.rules import Mark, Medal, Result
from voicetrail.game.setup import RoundSetup
from voicetrail.game.share import bar, plain_lines
from voicetrail.game.trail import Direction

START_LENGTH = 2
"""Directions of the first row."""
LONGEST = 32
"""Who says this row back has won."""
LIVES = 3
"""Wrong words that end the round; after each the row is shown again."""
LEAD_MS = 600
"""Time before the first direction of a row is shown."""
SHOW_MS = 650
"""Time until the next one is."""
HOLD_MS = 900
"""Time for which the whole row stays."""
ROW_PLACES = 8
"""Directions beside each other."""
MEDALS: tuple[tuple[int, Medal], ...] = ((12, "gold"), (8, "silver"), (5, "bronze"))
_DIRECTIONS: tuple[Direction, ...] = ("up", "down", "left", "right")


def medal_of(length: int) -> Medal:
    """The medal for a row of this length."""
    return next((medal for least, medal in MEDALS if length >= least), "")


class Echo(FieldRules):
    """Rows of directions that are said back.

    Args:
        setup: the seed.
    """

    mode_name: ClassVar[ModeName] = "echo"

    def __init__(self, setup: RoundSetup) -> None:
        super().__init__(setup, Field(4 * ROW_PLACES + 1, 2 * (LONGEST // ROW_PLACES) + 1))
        dice = Dice(setup.seed)
        self.row: tuple[Direction, ...] = tuple(dice.choice(_DIRECTIONS) for _ in range(LONGEST))
        """What is asked, as far as it may ever go."""
        self.length = START_LENGTH
        """Directions of the row of the moment."""
        self.longest = 0
        """Directions of the longest row that was said back."""
        self.lives = LIVES
        self.misheard: Counter[tuple[str, str]] = Counter()
        """How often one word was asked for and another one came."""
        self._said = 0
        self._shown_ms: int | None = 0
        """When this row began to be shown, by the round's clock; ``None`` while it is said back."""
        self._shown = 0
        self._show_places()

    # What is shown

    @property
    def pen(self) -> None:
        """There is none."""
        return None

    @property
    def moving(self) -> bool:
        """A row is being shown."""
        return self._shown_ms is not None and not self.paused and not self.ended

    @property
    def watching(self) -> bool:
        """A row is being shown; words do nothing."""
        return self._shown_ms is not None

    @property
    def headline(self) -> str:
        """What to do now."""
        if self.ended:
            return f"The longest row: {self.longest}"
        if self.watching:
            return f"Watch: {self.length} directions"
        return f"Say it back: {self._said + 1} of {self.length}"

    @property
    def status(self) -> str:
        """What the round amounts to."""
        return f"best row {self.longest}, {self.lives} {'life' if self.lives == 1 else 'lives'} left"

    def checksum(self) -> str:
        """A stable hash of what can be seen."""
        return self.field.checksum(self.pen, (self.length, self.longest, self.lives, self.words, self.ended))

    # How it ends

    def result(self) -> Result:
        """How it stands: the length of the longest row."""
        return self._result(
            self.longest,
            won=self.longest == LONGEST,
            finished=self.lives == 0 or self.longest == LONGEST,
            medal=medal_of(self.longest) if self.ended else "",
            seed=self.setup.seed,
            details={"longest row": self.longest, "misheard": self._misheard_text()},
        )

    def _misheard_text(self) -> str:
        return ", ".join(
            f"{asked} as {said}" + (f" ({n} times)" if n > 1 else "") for (asked, said), n in self.misheard.items()
        )

    def hint(self) -> str:
        """Which words came as others."""
        text = self._misheard_text()
        return f"misheard or mistaken: {text}" if text else ""

    def share_text(self, result: Result) -> str:
        """The length, and no direction."""
        return plain_lines("echo", result, [bar(self.longest / MEDALS[0][0]), f"longest row: {self.longest}"])

    def copy(self) -> Self:
        """A round of its own in the same state."""
        other = super().copy()
        other.misheard = Counter(self.misheard)
        return other

    # What time and words do

    def _advance(self, time_ms: int) -> Done:
        if self._shown_ms is None:
            return NOTHING
        passed = time_ms - self._shown_ms - LEAD_MS
        shown = max(0, min(self.length, passed // SHOW_MS + 1))
        if passed >= self.length * SHOW_MS + HOLD_MS:
            self._shown_ms, self._shown, self._said = None, 0, 0
            self._show_places()
            return f"say it back: {self.length} directions", False
        if shown == self._shown:
            return NOTHING
        self._shown = shown
        self._show_places()
        return self.row[shown - 1], False

    def _do(self, item: Input) -> Done:
        match item:
            case Step(direction, by):
                return self._say(direction, by)
            case Go(by) if self._said and not self.watching:
                return self._say(self.row[self._said - 1], by)
        return NOTHING

    def _say(self, direction: Direction, by: By) -> Done:
        if self.watching:
            return "watch first: the row is being shown", False
        self._begin()
        asked = self.row[self._said]
        self._count(asked, by, wrong=direction != asked)
        if direction != asked:
            self.misheard[asked, direction] += 1
            self.lives -= 1
            if not self.lives:
                self._show_places(wrong=direction)
                self._end()
                return f"{direction}, but it was {asked}: the round is over", True
            self._show_again()
            return f"{direction}, but it was {asked}: watch again", True
        self._said += 1
        if self._said < self.length:
            self._show_places()
            return direction, False
        self.longest = self.length
        if self.length == LONGEST:
            self._show_places()
            self._end()
            return "the longest row there is", False
        self.length += 1
        self._show_again()
        return f"right: {self.longest}", False

    def _show_again(self) -> None:
        self._shown_ms, self._shown, self._said = self.clock.time_ms, 0, 0
        self._show_places()

    def _show_places(self, wrong: Direction | Literal[""] = "") -> None:
        """Show the row as far as it is known now: a place that waits has no direction."""
        for number in range(LONGEST):
            cell = 4 * (number % ROW_PLACES) + 2, 2 * (number // ROW_PLACES) + 1
            mark = Mark()
            if number < self.length:
                known = self._shown if self.watching else self._said
                mark = Mark("asked" if self.watching else "said", 0, self.row[number]) if number < known else Mark("asked")
            if wrong and number == self._said:
                mark = Mark("wrong", 0, wrong)
            self.field.put(cell, mark)
