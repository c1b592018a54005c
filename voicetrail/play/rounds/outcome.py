"""How a round ended, with what a player wants to know beside the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from voicetrail.errors import VoicetrailError
from voicetrail.game.levels import all_levels
from voicetrail.game.modes.maze import SIZES
from voicetrail.game.rules import Result, Rules
from voicetrail.play.rounds.setups import new_seed
from voicetrail.scores.rows import row_of

if TYPE_CHECKING:
    from voicetrail.game import RoundSetup
    from voicetrail.play.rounds.round import Round
    from voicetrail.scores.store import ScoreStore

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


def begin_counting(scores: ScoreStore | None, setup: RoundSetup, profile: str) -> bool:
    """Note that a round begins; return whether it counts: of the maze of a day only the first try does.

    A database that cannot be written keeps nobody from playing.
    """
    if scores is None or not setup.day:
        return True
    try:
        return scores.begin_daily(date.fromisoformat(setup.day), datetime.now(UTC), profile)
    except VoicetrailError:
        return True


def keep_result(scores: ScoreStore | None, current: Round, recorded: str, profile: str) -> Outcome:
    """Take the result of a round, and keep it among the scores.

    Args:
        scores: keeps results; ``None`` keeps none.
        current: the round, which is over.
        recorded: the name of its recording; empty without one.
        profile: the settings' profile.
    """
    rules, result = current.rules, current.rules.result()
    outcome = Outcome(rules, result, current.near_misses, counts=current.counts, recorded=recorded)
    if scores is None:
        return outcome
    day = date.fromisoformat(rules.setup.day) if rules.setup.day else None
    row = row_of(result, current.began, day=day, profile=profile, replay=recorded)
    try:
        best = scores.best(result.mode, row.group, profile=profile)
        if day is not None and current.counts:
            scores.end_daily(day, row)
        else:
            scores.add(row)
    except VoicetrailError as error:
        return replace(outcome, problem=str(error))
    return replace(outcome, best_before=None if best is None else best.score)


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
