"""Which threshold each word gets.

The thresholds that ship are where it starts from: they were chosen on many speakers in many rooms, and a few seconds of one know
less. What these few seconds do know is how high this player's words come in this room, and how high the room comes by itself:

- A word that falls short is lowered as far as it helps, while all words together keep to a budget of false moves: those of
  the room by the tail of its scores, those of talk by the curves measured with the weights. The words share the budget so
  that it hears most.
- A word is raised above what ships only where the room itself came near to it, never to make up for another word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voicetrail.calibration.tail import RoomTail, SpeechCurve
from voicetrail.log_odds import from_log_odds, log_odds

FALSE_MOVES_ALLOWED = 1.0
"""False moves in an hour of play that all words together may make, more than they do with the thresholds that ship."""
BUDGET_PARTS = 100
"""Parts that this budget is divided into."""
TALK_SHARE = 1 / 30
"""Part of the time in which somebody talks while the game listens and does not mean it: two minutes in an hour."""
LOWEST, HIGHEST = 0.25, 0.93
"""No threshold outside these is proposed: many a network's scores go no higher than 0.95."""
FURTHEST_BELOW = 1.0
"""No threshold is proposed further below the one that ships, in log-odds: beyond that words are taken for each other."""
GRID = 0.01
"""Step between the thresholds that are tried."""
ROOM_NEAR = 0.8
"""A room that takes a word's score to this part of the threshold that ships may raise it; what stays lower is no evidence."""
STILL_HEARD = 0.5
"""The room raises no threshold so far that less than this part of the words heard before is left."""
SPREAD = 1.6
"""Width of one speaker's scores for a word, in log-odds, as measured over many speakers."""
SPREAD_WEIGHT = 4
"""How many answers the measured width counts for."""
ENOUGH = 2
"""Answers that say how a player says a word."""
STAY_BONUS = 0.02
"""A threshold moves only for at least this part of words heard more, and as much again for each false move an hour."""


@dataclass(frozen=True, slots=True)
class WordEvidence:
    """What a calibration has found out about one word."""

    word: str
    now: float
    shipped: float
    peaks: tuple[float, ...]
    """Of the answers that count: the word was said and the sound was not clipped."""
    mistaken: tuple[float, ...]
    """How high it came, ahead of all others, while another word was asked for; as many as there were such answers."""
    room: RoomTail | None
    room_near: bool
    """The room itself came near to the threshold that ships."""
    speech: SpeechCurve

    @property
    def enough(self) -> bool:
        """Whether there are answers to go by."""
        return len(self.peaks) >= ENOUGH

    def heard(self, threshold: float) -> float:
        """How likely the word is to reach a threshold: a normal distribution of log-odds around those of the answers."""
        odds = [log_odds(peak) for peak in self.peaks]
        mean = sum(odds) / len(odds)
        square = sum((value - mean) ** 2 for value in odds)
        width = math.sqrt((SPREAD_WEIGHT * SPREAD**2 + square) / (SPREAD_WEIGHT + len(odds) - 1) * (1 + 1 / len(odds)))
        return 0.5 * math.erfc((log_odds(threshold) - mean) / (width * math.sqrt(2.0)))

    def room_moves(self, threshold: float) -> float:
        """False moves by an hour of the room."""
        return 0.0 if self.room is None else self.room.per_hour(threshold)

    def false_moves(self, threshold: float) -> float:
        """False moves in an hour of play."""
        return self.room_moves(threshold) + TALK_SHARE * self.speech.per_hour(threshold)

    def benefit(self, threshold: float) -> float:
        """What a threshold is good for: the larger, the better.

        The part of the words that is heard, less the part of other words at which it would be a wrong move, less ``STAY_BONUS`` for
        each false move an hour, and with ``STAY_BONUS`` for keeping the threshold or going back to the one that ships.
        """
        stays = STAY_BONUS if threshold in (self.now, self.shipped) else 0.0
        if not self.enough:
            return stays
        wrong = sum(peak >= threshold for peak in self.mistaken) / max(len(self.mistaken), 1)
        return self.heard(threshold) - wrong + stays - STAY_BONUS * self.false_moves(threshold)

    @property
    def start(self) -> float:
        """The threshold that it starts from: what ships, or what holds now while nothing speaks for another."""
        return self.shipped if self.enough else self.now

    def parts(self, threshold: float) -> int:
        """How much of the budget a threshold takes, in ``BUDGET_PARTS``."""
        more = self.false_moves(threshold) - self.false_moves(self.start)
        return max(0, math.ceil(more / FALSE_MOVES_ALLOWED * BUDGET_PARTS - 1e-9))

    def candidates(self, share: float) -> list[float]:
        """The thresholds that may be proposed.

        Args:
            share: false moves an hour that a room that comes near may make with this word.
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
        """The lowest threshold that the room reaches seldom enough, so far as the player is still heard."""
        first = math.ceil(LOWEST / GRID)
        grid = [round(number * GRID, 4) for number in range(first, round(HIGHEST / GRID) + 1)]
        if self.enough:
            least = STILL_HEARD * self.heard(self.shipped)
            grid = [threshold for threshold in grid if threshold <= self.shipped or self.heard(threshold) >= least]
        return next((threshold for threshold in grid if self.room_moves(threshold) <= share), max([*grid, self.shipped]))


def choose(words: Sequence[WordEvidence]) -> dict[str, float]:
    """The threshold of each word.

    What all words together may add is dealt out in small parts, and each word in turn takes of what is left as many as serve the
    whole best (the multiple-choice knapsack, solved by dynamic programming). Words that the room decides take no part.
    """
    share = FALSE_MOVES_ALLOWED / max(len(words), 1)
    # For each number of parts spent: what is heard for them, and the thresholds that hear it.
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
