"""What all modes but the sketch share: they are played on a field of marks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

from voicetrail.game.field import Field
from voicetrail.game.modes.base import NOTHING, BaseRules, Done
from voicetrail.game.rules import Mark, Medal, RoundResult
from voicetrail.game.setup import RoundSetup
from voicetrail.game.trail import Cell, Pen


class FieldRules(BaseRules):
    """A round on a field.

    Args:
        setup: what the round begins with.
        field: the cells; the mode fills them.
    """

    def __init__(self, setup: RoundSetup, field: Field) -> None:
        super().__init__(setup)
        self.field = field

    @property
    def width(self) -> int:
        """Columns of the field."""
        return self.field.width

    @property
    def height(self) -> int:
        """Rows of the field."""
        return self.field.height

    @property
    @abstractmethod
    def pen(self) -> Pen | None:
        """The position of the pen, the player or the snake's head; ``None`` in a mode without one."""

    @property
    def moving(self) -> bool:
        """Whether something moves without input; ``False`` unless a mode overrides it."""
        return False

    def mark_at(self, cell: Cell) -> Mark:
        """Return the mark in a cell."""
        return self.field.at(cell)

    def marked(self) -> frozenset[Cell]:
        """The cells that are not empty."""
        return frozenset(self.field.marks)

    def copy(self) -> Self:
        """Return an independent copy. A mode with mutable containers overrides this and copies them too."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        self._copy_to(other)
        other.field = self.field.copy()
        return other

    def _watch(self) -> None:
        self.field.watch(self.pen)

    def _changed(self) -> frozenset[Cell]:
        return self.field.changed(self.pen)

    def _advance(self, time_ms: int) -> Done:
        """Let time pass; nothing happens unless a mode overrides it."""
        return NOTHING

    def _result(
        self,
        score: int,
        *,
        won: bool,
        finished: bool,
        medal: Medal,
        details: Mapping[str, int | float | str],
        par: int | None = None,
        seed: int | None = None,
    ) -> RoundResult:
        """Make a result of the mode's own values, with the time and the word counts of the round."""
        return RoundResult(
            self.mode_name,
            self.level,
            score=score,
            finished=finished,
            won=won,
            time_ms=self.played_ms,
            words=self.words,
            presses=self.presses,
            par=par,
            wrong=self.wrong,
            medal=medal,
            seed=seed,
            by_word=dict(self.by_word),
            details=details,
        )
