"""Shifts scores in log-odds, where equal steps have equal weight over the whole range, and no score leaves it."""

from __future__ import annotations

import math

STEEP = 0.16
"""The slope of the logistic function at a score of 0.8, where a shift changes the score by exactly its value."""
FINEST = 0.0005
"""Scores have steps of a thousandth; scores nearer to 0 or 1 than this are treated as this far away."""


def log_odds(score: float, finest: float = FINEST) -> float:
    """The log-odds of a score.

    Args:
        score: between 0 and 1.
        finest: scores nearer to 0 or 1 than this are treated as this far away.
    """
    held = min(max(score, finest), 1.0 - finest)
    return math.log(held / (1.0 - held))


def shift_in_log_odds(score: float, shift: float, finest: float = FINEST) -> float:
    """Shift a score in log-odds: by ``shift`` near 0.8, and by less the nearer it is to 0 or 1, which it never reaches."""
    return from_log_odds(log_odds(score, finest) + shift / STEEP) if shift else score


def from_log_odds(odds: float) -> float:
    """Convert log-odds to a score between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0
