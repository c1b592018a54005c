"""The outcome of a round: the result, with further information for the player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from voicetrail.errors import VoicetrailError
from voicetrail.game.levels import all_levels
from voicetrail.game.modes.maze import SIZES
from voicetrail.game.rules import RoundResult, Rules
from voicetrail.play.rounds.setups import new_seed
from voicetrail.scores.rows import row_of

if TYPE_CHECKING:
    from voicetrail.game import RoundSetup
    from voicetrail.play.rounds.round import Round
    from voicetrail.scores.store import ScoreStore

MISHEARD_PART = 0.25
"""A word counts as misheard if more than this fraction of its detections was wrong, and"""
MISHEARD_LEAST = 2
"""at least this many of them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a round."""

    rules: Rules
    result: RoundResult
    near_misses: int = 0
    """Number of near misses."""
    best_before: int | None = None
    """The best score of this mode and level before the round."""
    counts: bool = True
    """Whether the round counts for best scores (of a daily maze, only the first try does)."""
    recorded: str = ""
    """Name of the recording; empty without one."""
    problem: str = ""
    """Why the result could not be saved; empty without a problem."""

    @property
    def is_best(self) -> bool:
        """Whether the result is a new best score; without a point it is none."""
        return self.result.finished and self.counts and self.result.score > (self.best_before or 0)

    @property
    def misheard(self) -> tuple[str, ...]:
        """Words that were wrong so often that calibration is worthwhile, the worst first."""
        wrong = {
            word: count.wrong / count.heard
            for word, count in self.result.by_word.items()
            if count.wrong >= MISHEARD_LEAST and count.wrong > MISHEARD_PART * count.heard
        }
        return tuple(sorted(wrong, key=lambda word: -wrong[word]))


def begin_counting(scores: ScoreStore | None, setup: RoundSetup, profile: str) -> bool:
    """Record the start of a round; return whether it counts (of a daily maze, only the first try does).

    A database that cannot be written does not prevent the round.
    """
    if scores is None or not setup.day:
        return True
    try:
        return scores.begin_daily(date.fromisoformat(setup.day), datetime.now(UTC), profile)
    except VoicetrailError:
        return True


def keep_result(scores: ScoreStore | None, current: Round, recorded: str, profile: str) -> Outcome:
    """Save the result of a round, and return its outcome.

    Args:
        scores: the store of results; ``None`` saves none.
        current: the finished round.
        recorded: name of its recording; empty without one.
        profile: profile of the settings.
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
    """Return the setup of the next level; ``None`` if there is none."""
    if setup.mode == "trace" and not setup.text:
        names = [level.name for level in all_levels()]
        place = names.index(setup.level) + 1 if setup.level in names else len(names)
        return replace(setup, level=names[place], line="") if place < len(names) else None
    if setup.mode == "maze" and not setup.day:
        sizes = list(SIZES)
        place = sizes.index(setup.level) + 1 if setup.level in sizes else len(sizes)
        return replace(setup, level=sizes[place], seed=new_seed()) if place < len(sizes) else None
    return None
