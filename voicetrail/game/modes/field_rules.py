"""What the rules of the modes on a field of marks share: all but the sketch, whose drawing has no marks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

from voicetrail.game.field import Field
from voicetrail.game.modes.base import NOTHING, BaseRules, Done
from voicetrail.game.rules import Mark, Medal, Result
from voicetrail.game.setup import RoundSetup
from voicetrail.game.trail import Cell, Pen


class FieldRules(BaseRules):
    """A round on a field.

    Args:
        setup: what the round begins with.
        field: the cells, which the mode fills.
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
        """Where the pen, the player or the head is; ``None`` where a mode has none."""

    @property
    def moving(self) -> bool:
        """Whether time alone changes something now: nothing, unless a mode says otherwise."""
        return False

    def mark_at(self, cell: Cell) -> Mark:
        """What a cell shows."""
        return self.field.at(cell)

    def marked(self) -> frozenset[Cell]:
        """Every cell that shows something."""
        return frozenset(self.field.marks)

    def copy(self) -> Self:
        """A round of its own in the same state. A mode with containers of its own that change copies these, too."""
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
        """Do what time alone does: nothing, unless a mode says otherwise."""
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
    ) -> Result:
        """How the round stands: what the mode says of it, with the time and the counts of the words."""
        return Result(
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
