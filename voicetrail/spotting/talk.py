"""The talk level: how much of the last seconds was running speech. It separates a command from the
same word in a conversation.

A player says a word and waits. In running speech a syllable that sounds like a direction stands in the middle of other words. One
window of a second can hardly distinguish the two; the seconds before it can. So at a high talk level a word needs a higher score
(``DetectorSettings.talk_shift``): a command is less likely a priori there, and the posterior has to make up for it.

The talk level is the exponential mean of the posterior of ``_unknown_``, so one number is all that is remembered.
"""

from __future__ import annotations

import math

from voicetrail.events import seconds
from voicetrail.log_odds import shift_in_log_odds

MEMORY_S = 8.0
"""Time constant of the mean, in s."""
LEAD_S = 3 * MEMORY_S
"""How much of the past is enough, in s, to know the talk level: what was before has a twentieth of the weight."""
TALK_MIN = 0.7
"""Talk level from which on thresholds rise, in full at 1. Commands among as many other words, a second apart, stay below it, and after
three seconds of silence every talk level is."""
HIGHEST = 0.96
"""Running speech raises no threshold above this. Scores end at some 0.97, and a clear word is to be heard beside a radio too."""


def update_talk_level(talk_level: float, unknown: float, samples: int) -> float:
    """The talk level after some more sound.

    Args:
        talk_level: before, between 0 and 1.
        unknown: posterior of ``_unknown_`` during that sound.
        samples: how long that was.
    """
    return unknown + (talk_level - unknown) * math.exp(-seconds(samples) / MEMORY_S)


def steady_posterior(after: float, samples: int) -> float:
    """The constant posterior of ``_unknown_`` that moves the talk level from 0 to ``after`` within ``samples``."""
    return after / -math.expm1(-seconds(samples) / MEMORY_S)


def talk_confidence(talk_level: float) -> float:
    """How surely this is running speech: 0 up to ``TALK_MIN``, 1 at a talk level of 1."""
    return max(0.0, talk_level - TALK_MIN) / (1.0 - TALK_MIN)


def raise_threshold(threshold: float, by: float) -> float:
    """A threshold during running speech.

    Args:
        threshold: where nobody talks.
        by: how far, as ``log_odds.shift_in_log_odds`` takes it.
    """
    return max(threshold, min(shift_in_log_odds(threshold, by), HIGHEST))


def remove_talk_shift(score: float, by: float) -> float:
    """The highest threshold, where nobody talks, that a score during running speech reaches: the inverse of ``raise_threshold``."""
    return score if score >= HIGHEST else shift_in_log_odds(score, -by)
