"""The choice of the threshold of each word.

It starts from the shipped thresholds, which were chosen on many speakers in many rooms. The few seconds of a calibration add the
scores of this player's words in this room, and the scores of the room alone:

- The threshold of a word with too low scores is lowered as far as it helps, within a budget of false moves for all words together.
  False moves in the room are estimated from the tail of its scores, those in speech from curves measured with the weights. The
  budget is shared so that most words are detected.
- A threshold is raised above the shipped one only if the room itself came near to it, and never to compensate for another word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voicetrail.calibration.tail import RoomTail, SpeechCurve
from voicetrail.log_odds import from_log_odds, log_odds

FALSE_MOVES_ALLOWED = 1.0
"""Budget: additional false moves per hour of play, for all words together, compared to the shipped thresholds."""
BUDGET_PARTS = 100
"""Number of parts into which the budget is divided."""
TALK_SHARE = 1 / 30
"""Fraction of the time in which somebody talks near the game, but not to it: two minutes per hour."""
LOWEST, HIGHEST = 0.25, 0.93
"""Bounds of a proposed threshold. The scores of some networks do not exceed 0.95."""
FURTHEST_BELOW = 1.0
"""Maximum distance of a threshold below the shipped one, in log-odds; below that, words are confused with each other."""
GRID = 0.01
"""Distance between the candidate thresholds."""
ROOM_NEAR = 0.8
"""The room can raise a threshold only if its scores reach this fraction of the shipped threshold."""
STILL_HEARD = 0.5
"""The room cannot raise a threshold so far that fewer than this fraction of the previously detected words remain."""
SPREAD = 1.6
"""Standard deviation of one speaker's scores for a word, in log-odds, measured over many speakers."""
SPREAD_WEIGHT = 4
"""Weight of this prior width, in answers."""
ENOUGH = 2
"""Minimum number of answers to judge a word."""
STAY_BONUS = 0.02
"""Minimum gain in the fraction of detected words for a change of a threshold; also the cost of one false move per hour."""


@dataclass(frozen=True, slots=True)
class WordEvidence:
    """The measurements of a calibration for one word."""

    word: str
    now: float
    shipped: float
    peaks: tuple[float, ...]
    """Peak scores of the valid answers: the word was said, and the sound was not clipped."""
    mistaken: tuple[float, ...]
    """Peak scores of this word, ahead of all others, while another word was asked for; one per such answer."""
    room: RoomTail | None
    room_near: bool
    """Whether the room's scores came near to the shipped threshold."""
    speech: SpeechCurve

    @property
    def enough(self) -> bool:
        """Whether there are enough answers."""
        return len(self.peaks) >= ENOUGH

    def heard(self, threshold: float) -> float:
        """Return the probability that the word reaches a threshold: a normal distribution of log-odds, fitted to the answers."""
        odds = [log_odds(peak) for peak in self.peaks]
        mean = sum(odds) / len(odds)
        square = sum((value - mean) ** 2 for value in odds)
        width = math.sqrt((SPREAD_WEIGHT * SPREAD**2 + square) / (SPREAD_WEIGHT + len(odds) - 1) * (1 + 1 / len(odds)))
        return 0.5 * math.erfc((log_odds(threshold) - mean) / (width * math.sqrt(2.0)))

    def room_moves(self, threshold: float) -> float:
        """Return the false moves per hour of the room."""
        return 0.0 if self.room is None else self.room.per_hour(threshold)

    def false_moves(self, threshold: float) -> float:
        """Return the false moves per hour of play."""
        return self.room_moves(threshold) + TALK_SHARE * self.speech.per_hour(threshold)

    def benefit(self, threshold: float) -> float:
        """Return the benefit of a threshold; higher is better.

        It is the fraction of detected words, minus the fraction of other words that would be mistaken for it, minus ``STAY_BONUS`` for
        each false move per hour, plus ``STAY_BONUS`` for keeping the current threshold or returning to the shipped one.
        """
        stays = STAY_BONUS if threshold in (self.now, self.shipped) else 0.0
        if not self.enough:
            return stays
        wrong = sum(peak >= threshold for peak in self.mistaken) / max(len(self.mistaken), 1)
        return self.heard(threshold) - wrong + stays - STAY_BONUS * self.false_moves(threshold)

    @property
    def start(self) -> float:
        """The starting threshold: the shipped one, or the current one without evidence for another."""
        return self.shipped if self.enough else self.now

    def parts(self, threshold: float) -> int:
        """Return the part of the budget that a threshold uses, in units of 1 / ``BUDGET_PARTS``."""
        more = self.false_moves(threshold) - self.false_moves(self.start)
        return max(0, math.ceil(more / FALSE_MOVES_ALLOWED * BUDGET_PARTS - 1e-9))

    def candidates(self, share: float) -> list[float]:
        """Return the thresholds that can be proposed.

        Args:
            share: allowed false moves per hour of a room that comes near to this word.
        """
        for_room = self._threshold_for_room(share) if self.room_near else 0.0
        if for_room > self.start:
            return [for_room]
        if not self.enough:
            return [self.start]
        furthest = from_log_odds(log_odds(self.shipped) - FURTHEST_BELOW)
        low = min(max(LOWEST, furthest, for_room), self.shipped)
        grid = (
            round(number * GRID, 4) for number in range(math.ceil(low / GRID - 1e-6), math.ceil(self.shipped / GRID - 1e-6))
        )
        return [self.shipped, *grid, *([self.now] if low <= self.now <= self.shipped else [])]

    def _threshold_for_room(self, share: float) -> float:
        """Return the lowest threshold that the room reaches rarely enough, if the player's words still reach it."""
        first = math.ceil(LOWEST / GRID)
        grid = [round(number * GRID, 4) for number in range(first, round(HIGHEST / GRID) + 1)]
        if self.enough:
            least = STILL_HEARD * self.heard(self.shipped)
            grid = [threshold for threshold in grid if threshold <= self.shipped or self.heard(threshold) >= least]
        return next((threshold for threshold in grid if self.room_moves(threshold) <= share), max([*grid, self.shipped]))


def choose(words: Sequence[WordEvidence]) -> dict[str, float]:
    """Choose the threshold of each word.

    The budget is divided into small parts, and distributed so that the total benefit is maximal (the multiple-choice knapsack
    problem, solved by dynamic programming). Words whose threshold the room determines are left out.
    """
    share = FALSE_MOVES_ALLOWED / max(len(words), 1)
    # For each number of spent parts: the best total benefit, and its thresholds.
    best: list[tuple[float, dict[str, float]]] = [(0.0, {})] * (BUDGET_PARTS + 1)
    for word in words:
        options = [(word.benefit(t), 0 if word.room_near else word.parts(t), t) for t in word.candidates(share)]
        longer = []
        for spent in range(BUDGET_PARTS + 1):
            fitting = [
                (best[spent - parts][0] + benefit, spent - parts, threshold)
                for benefit, parts, threshold in options
                if parts <= spent
            ]
            value, before, threshold = max(fitting, key=lambda option: option[0])
            longer.append((value, {**best[before][1], word.word: threshold}))
        best = longer
    return best[BUDGET_PARTS][1]
