"""Scores in log-odds: there a step means the same near one as in the middle, and none leaves the range."""

from __future__ import annotations

import math

STEEP = 0.16
"""The slope of the logistic function at 0.8: there a shift moves a score by just as much as it says."""
FINEST = 0.0005
"""Scores come in thousandths; log-odds are taken no nearer to 0 and 1 than this."""


def log_odds(score: float, finest: float = FINEST) -> float:
    """The log-odds of a score.

    Args:
        score: between 0 and 1.
        finest: how near to 0 and 1 a score is taken for what it says; a nearer one counts as this.
    """
    held = min(max(score, finest), 1.0 - finest)
    return math.log(held / (1.0 - held))


def shift_in_log_odds(score: float, shift: float, finest: float = FINEST) -> float:
    """A score moved in log-odds: by ``shift`` where it is about 0.8, by less the nearer it is to 0 or 1, which it never reaches."""
    return from_log_odds(log_odds(score, finest) + shift / STEEP) if shift else score


def from_log_odds(odds: float) -> float:
    """The score of log-odds, between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0
