"""How much of the last seconds was talk: what tells a command from a word that somebody happens to say.

A player says a word and waits; in running talk a syllable that sounds like a direction stands in the middle of other speech. One
window of a second can hardly tell the two apart, the seconds before it can. Amid talk a word therefore needs a higher score
(``DetectorSettings.talk_shift``): the prior odds of a command are lower there, and the posterior has to make up for it.

Talk is what the recognizer gives to ``_unknown_``, averaged exponentially, so that all that is to be remembered is one number.
"""

from __future__ import annotations

import math

from voicetrail.events import seconds
from voicetrail.log_odds import shift_in_log_odds

MEMORY = 8.0
"""Time constant of the mean, in s."""
LEAD = 3 * MEMORY
"""How much of the past is enough, in s, to know what is talk now: what was before has a twentieth of the weight."""
RUNNING = 0.7
"""Talk from which on thresholds rise, fully where all is talk. Commands among as many other words, a second apart, stay below it, and
three seconds of silence end the longest talk."""
HIGHEST = 0.96
"""Talk raises no threshold above this. Scores end at some 0.97, and a clear word is to be heard also where a radio never stops."""


def update_talk_level(talk: float, unknown: float, samples: int) -> float:
    """The talk after some more sound.

    Args:
        talk: before, between 0 and 1.
        unknown: posterior of ``_unknown_`` meanwhile.
        samples: how long that was.
    """
    return unknown + (talk - unknown) * math.exp(-seconds(samples) / MEMORY)


def steady_posterior(after: float, samples: int) -> float:
    """The steady posterior that, from no talk at all, leads to the talk ``after`` within ``samples``: what may stand for a stretch."""
    return after / -math.expm1(-seconds(samples) / MEMORY)


def talk_confidence(talk: float) -> float:
    """How surely this is running talk: 0 up to ``RUNNING``, 1 where all is talk."""
    return max(0.0, talk - RUNNING) / (1.0 - RUNNING)


def raise_threshold(threshold: float, by: float) -> float:
    """A threshold amid talk.

    Args:
        threshold: where nobody talks.
        by: the shift, as ``odds.shift`` takes it.
    """
    return max(threshold, min(shift_in_log_odds(threshold, by), HIGHEST))


def remove_talk_shift(score: float, by: float) -> float:
    """The highest threshold, where nobody talks, that a score amid talk would have reached: the inverse of ``raise_threshold``."""
    return score if score >= HIGHEST else shift_in_log_odds(score, -by)
