"""Scores in log-odds: there a step means the same near one as in the middle, and none leaves the range."""

from __future__ import annotations

import math

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


def from_log_odds(odds: float) -> float:
    """The score of log-odds, between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0
