"""The talk level: how much of the last seconds was running speech. It separates a command from the same word in a conversation.

A player says a word and waits. In running speech, a syllable that sounds like a direction is surrounded by other words. One window of
a second can hardly distinguish the two cases; the seconds before it can. At a high talk level, a word therefore needs a higher score
(``DetectorSettings.talk_shift``): a command is less likely a priori, so the posterior has to be higher.

The talk level is the exponential moving average of the posterior of ``_unknown_``.
"""

from __future__ import annotations

import math

from voicetrail.events import seconds
from voicetrail.log_odds import shift_in_log_odds

MEMORY_S = 8.0
"""Time constant of the average, in s."""
LEAD_S = 3 * MEMORY_S
"""How much of the past determines the talk level, in s: everything earlier has a weight of one twentieth."""
TALK_MIN = 0.7
"""Thresholds rise above this talk level, fully at 1. Commands among as many other words, a second apart, stay below it, and after
three seconds of silence every talk level does."""
HIGHEST = 0.96
"""Running speech raises no threshold above this. Scores reach at most about 0.97, and a clear word should be detected beside a
radio."""


def update_talk_level(talk_level: float, unknown: float, samples: int) -> float:
    """Update the talk level.

    Args:
        talk_level: the level before, 0 to 1.
        unknown: the posterior of ``_unknown_`` since then.
        samples: the time since then, in samples.
    """
    return unknown + (talk_level - unknown) * math.exp(-seconds(samples) / MEMORY_S)


def steady_posterior(after: float, samples: int) -> float:
    """The constant posterior of ``_unknown_`` that moves the talk level from 0 to ``after`` within ``samples``."""
    return after / -math.expm1(-seconds(samples) / MEMORY_S)


def talk_confidence(talk_level: float) -> float:
    """The confidence that this is running speech: 0 up to ``TALK_MIN``, rising to 1 at a talk level of 1."""
    return max(0.0, talk_level - TALK_MIN) / (1.0 - TALK_MIN)


def raise_threshold(threshold: float, by: float) -> float:
    """Raise a threshold for running speech.

    Args:
        threshold: the threshold without speech.
        by: the shift, as in ``log_odds.shift_in_log_odds``.
    """
    return max(threshold, min(shift_in_log_odds(threshold, by), HIGHEST))


def remove_talk_shift(score: float, by: float) -> float:
    """The highest threshold that a score during running speech would reach without the shift: the inverse of ``raise_threshold``."""
    return score if score >= HIGHEST else shift_in_log_odds(score, -by)
