"""How a round ended, with what a player wants to know beside the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicetrail.game.levels import all_levels
from voicetrail.game.modes.maze import SIZES
from voicetrail.game.rules import Result, Rules
from voicetrail.play.progress import ScoreStore
from voicetrail.play.rounds import new_seed

if TYPE_CHECKING:
    from voicetrail.game import RoundSetup
    from voicetrail.play.round import Round

MISHEARD_PART = 0.25
"""A word is worth tuning when more than this part of it was wrong, and"""
MISHEARD_LEAST = 2
"""at least so often."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a round."""

    rules: Rules
    result: Result
    near_misses: int = 0
    """Words that came close and were not given out."""
    best_before: int | None = None
    """The best score of this mode and level before the round."""
    counts: bool = True
    """It counts among the bests (of the maze of a day only the first try does)."""
    recorded: str = ""
    """Name of the recording; empty without one."""
    problem: str = ""
    """Why the result could not be kept."""

    @property
    def is_best(self) -> bool:
        """Better than everything before."""
        return self.result.finished and self.counts and (self.best_before is None or self.result.score > self.best_before)

    @property
    def misheard(self) -> tuple[str, ...]:
        """Words that were wrong so often that tuning them is worth it, the worst first."""
        wrong = {
            word: count.wrong / count.heard
            for word, count in self.result.by_word.items()
            if count.wrong >= MISHEARD_LEAST and count.wrong > MISHEARD_PART * count.heard
        }
        return tuple(sorted(wrong, key=lambda word: -wrong[word]))


def keep_result(scores: ScoreStore | None, current: Round, recorded: str) -> Outcome:
    """Take the result of a round, and keep it among the scores.

    Args:
        scores: keeps results; ``None`` keeps none.
        current: the round, which is over.
        recorded: the name of its recording; empty without one.
    """
    result = current.rules.result()
    return Outcome(current.rules, result, current.near_misses, recorded=recorded)


def next_level(setup: RoundSetup) -> RoundSetup | None:
    """The level after one; ``None`` where there is none."""
    if setup.mode == "trace" and not setup.text:
        names = [level.name for level in all_levels()]
        place = names.index(setup.level) + 1 if setup.level in names else len(names)
        return replace(setup, level=names[place], line="") if place < len(names) else None
    if setup.mode == "maze" and not setup.day:
        sizes = list(SIZES)
        place = sizes.index(setup.level) + 1 if setup.level in sizes else len(sizes)
        return replace(setup, level=sizes[place], seed=new_seed()) if place < len(sizes) else None
    return None
