"""Turns scores into detections: smoothing over hops, a threshold for each word (higher during speech), and a refractory time.

The scheme follows the posterior handling of Chen, Parada and Heigold, "Small-footprint keyword spotting using deep neural networks"
(ICASSP 2014, section 2.3: smoothed posteriors are compared with a threshold). In addition, a score has to fall before its word can
be detected again, so that one spoken word is one move, however long its score stays high.

This is pure arithmetic on numbers that a replay stores, without a clock or torch. The same scores always give the same words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from voicetrail.detector_settings import DetectorSettings as DetectorSettings
from voicetrail.events import SAMPLE_RATE, WordHeard, WordRejected, seconds
from voicetrail.spotting.talk import raise_threshold, talk_confidence, update_talk_level
from voicetrail.vocabulary import UNKNOWN, is_word

REARM = 0.8
"""A detected word is armed again once its smoothed score has fallen below this part of its threshold,"""
DIP = 0.6
"""or below this part of the highest score that it reached: with a low threshold, the score may never fall below the first bound."""
RISE = 0.1
"""The score then has to rise by this much from its minimum before the word is detected again."""
NEAR = 0.5
"""A peak of at least this part of the threshold is reported as a near miss."""

BLANK_DELAY_S = 0.2
"""Blanking of the sound of a detected word starts this long after the detection. Until then its score can reach its peak, which
what-if with other thresholds needs."""
BLANK_REACH_S = 0.1
"""Blanking covers the sound up to this long after the detection: the rest of the word. More would cover the start of the next word."""


class Phase(Enum):
    """The state of a word between two hops."""

    IDLE = "idle"
    """The score is low; the word may be detected."""
    RISING = "rising"
    """The score is near the threshold, or above it without the margin over a rival; the word may be detected."""
    FIRED = "fired"
    """The word was detected, or finally rejected; it is not detected again before its score has fallen."""
    FALLING = "falling"
    """The score has fallen since then, but was not low yet: the word may be detected again, but its score is not a near miss."""


@dataclass(frozen=True, slots=True)
class WordState:
    """What the detector remembers of one word between hops."""

    phase: Phase = Phase.IDLE
    last_heard: int | None = None
    """When the word was last detected, in samples."""
    extreme: float = 0.0
    """``RISING`` and ``FIRED``: the highest smoothed score of the phase. ``FALLING``: the lowest."""
    lead: float | None = None
    """``RISING``: the largest lead over its rival while above its threshold; ``None`` if it was never above."""
    rival: str | None = None
    """The other word at that moment."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a detector remembers between hops."""

    recent: tuple[tuple[int, tuple[float, ...]], ...] = ()
    """Time (samples) and posteriors of the hops within the smoothing time."""
    words: Mapping[str, WordState] = field(default_factory=dict)
    talk_level: float = 0.0
    """How much of the last seconds was running speech (``spotting.talk``)."""


class Detector:
    """Turns the posteriors of each hop into detections and near misses.

    Args:
        labels: the recognizer's labels, in the order of the posteriors.
        settings: thresholds and times; the attribute of that name may be replaced between hops.
    """

    def __init__(self, labels: Sequence[str], settings: DetectorSettings | None = None) -> None:
        self.labels = tuple(labels)
        self.settings = settings or DetectorSettings()
        self.applied = self.settings
        """The settings that decided the last hop: ``settings`` may have been replaced since, from another thread."""
        self._words = [(index, label) for index, label in enumerate(self.labels) if is_word(label)]
        self._unknown = self.labels.index(UNKNOWN) if UNKNOWN in self.labels else None
        self._states = {label: WordState() for _, label in self._words}
        self._recent: deque[tuple[int, tuple[float, ...]]] = deque()
        self.smoothed: tuple[float, ...] = (0.0,) * len(self.labels)
        """Smoothed posteriors of the last hop, in the order of the labels."""
        self.talk_level = 0.0
        """How much of the last seconds was running speech, 0 to 1 (``spotting.talk``)."""
        self.talk_shift = 0.0
        """How far running speech raised the thresholds at the last hop: the setting ``talk_shift``, or a part of it."""
        self._blank_until = 0
        """The sound up to this time, in samples, is blanked."""
        self._decided: deque[int] = deque()
        """Times (samples) of detections and final rejections whose sound is not blanked yet."""

    def reset(self) -> None:
        """Forget everything (a new stream starts)."""
        self._recent.clear()
        self._states = {label: WordState() for _, label in self._words}
        self.smoothed = (0.0,) * len(self.labels)
        self.talk_level = self.talk_shift = 0.0
        self._blank_until = 0
        self._decided.clear()

    def blanked(self, time: int, window_samples: int) -> int:
        """How many samples at the start of a window to blank for the recognizer, because they belong to detected words.

        Without blanking, a word that is said twice within a second would be in one window twice, and its score would not fall in
        between.

        Args:
            time: the end of the window, in samples.
            window_samples: its length.
        """
        return max(0, self._blank_until - (time - window_samples)) if self._blank_until else 0

    def snapshot(self) -> Snapshot:
        """Return everything that the detector remembers, so that a replay can continue from here. Call it between hops."""
        return Snapshot(tuple(self._recent), dict(self._states), self.talk_level)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot; words that it does not contain start as idle."""
        self.reset()
        self._recent.extend(row for row in snapshot.recent if len(row[1]) == len(self.labels))
        self.talk_level = snapshot.talk_level
        self._states.update((word, state) for word, state in snapshot.words.items() if word in self._states)

    def feed(
        self, time: int, posteriors: Sequence[float], *, muted: bool = False, captured: float | None = None
    ) -> list[WordHeard | WordRejected]:
        """Process the posteriors of one hop.

        Args:
            time: samples consumed up to the end of the hop's window; must not decrease.
            posteriors: one per label, 0 to 1.
            muted: listening is off: a word that would be detected is rejected with the reason ``muted``.
            captured: copied to the events, for the delay on the screen.

        Returns:
            The detections and near misses of this hop, usually none.
        """
        self.applied = self.settings
        self._smooth(time, tuple(posteriors))
        while self._decided and self._decided[0] <= time - round(BLANK_DELAY_S * SAMPLE_RATE):
            self._blank_until = self._decided.popleft() + round(BLANK_REACH_S * SAMPLE_RATE)
        out: list[WordHeard | WordRejected] = []
        for index, word in self._words:
            event = self._decide(time, word, index, muted, captured)
            if event is not None:
                out.append(event)
        return out

    def _smooth(self, time: int, posteriors: tuple[float, ...]) -> None:
        if self._recent and self._unknown is not None:
            self.talk_level = update_talk_level(self.talk_level, posteriors[self._unknown], time - self._recent[-1][0])
            self.talk_shift = self.applied.talk_shift * talk_confidence(self.talk_level)
        self._recent.append((time, posteriors))
        oldest = time - round(self.applied.smoothing * SAMPLE_RATE)
        while len(self._recent) > 1 and self._recent[0][0] <= oldest:
            self._recent.popleft()
        count = len(self._recent)
        self.smoothed = tuple(sum(column) / count for column in zip(*(row for _, row in self._recent), strict=True))

    def _decide(self, time: int, word: str, index: int, muted: bool, captured: float | None) -> WordHeard | WordRejected | None:
        score, threshold = self.smoothed[index], self.applied.threshold_of(word)
        if self.talk_shift:
            threshold = raise_threshold(threshold, self.talk_shift)
        state = self._states[word] = _follow(self._states[word], score, threshold)
        if state.phase is Phase.FIRED:
            return None
        if score < threshold:
            return self._near_miss(time, word, threshold) if score < threshold * NEAR else None
        if state.phase is Phase.FALLING and score < state.extreme + RISE:
            return None
        rival_score, rival = max(((self.smoothed[i], label) for i, label in self._words if i != index), default=(0.0, None))
        lead = score - rival_score
        if lead < self.applied.margin:
            # It stays armed, since it may still take the lead while the word before it fades. It is reported as beaten when it falls.
            self._states[word] = _beside_rival(state, score, lead, rival)
            return None
        peak = score if state.phase is Phase.FALLING else max(state.extreme, score)
        left = 0.0 if state.last_heard is None else self.applied.refractory - seconds(time - state.last_heard)
        held_back = muted or left > 0
        self._states[word] = WordState(Phase.FIRED, state.last_heard if held_back else time, score)
        self._decided.append(time)
        if muted:
            return WordRejected(time, word, round(peak, 4), "muted")
        if left > 0:
            return WordRejected(time, word, round(peak, 4), "refractory", round(left, 4))
        return WordHeard(time, word, round(score, 4), captured)

    def _near_miss(self, time: int, word: str, threshold: float) -> WordRejected | None:
        """A word's score is low again: report its peak, if that was near the threshold."""
        state = self._states[word]
        self._states[word] = WordState(Phase.IDLE, state.last_heard)
        if state.phase is not Phase.RISING:
            return None
        peak = round(state.extreme, 4)
        if state.lead is not None:
            return WordRejected(time, word, peak, "margin", round(max(self.applied.margin - state.lead, 0.0), 4), state.rival)
        return WordRejected(time, word, peak, "threshold", round(max(threshold - state.extreme, 0.0), 4))


def _follow(state: WordState, score: float, threshold: float) -> WordState:
    """The state of a word after a hop, before deciding whether it is detected."""
    match state.phase:
        case Phase.FIRED:
            peak = max(state.extreme, score)
            fallen = score < max(threshold * REARM, peak * DIP)
            return replace(state, phase=Phase.FALLING, extreme=score) if fallen else replace(state, extreme=peak)
        case Phase.FALLING:
            return replace(state, extreme=min(state.extreme, score))
        case Phase.IDLE if score >= threshold * NEAR:
            return replace(state, phase=Phase.RISING, extreme=score)
        case Phase.RISING:
            return replace(state, extreme=max(state.extreme, score))
    return state


def _beside_rival(state: WordState, score: float, lead: float, rival: str | None) -> WordState:
    """The state of a word that is above its threshold, but not far enough ahead of another word."""
    peak = score if state.phase is Phase.FALLING else state.extreme
    if state.lead is not None and state.lead >= lead:
        return replace(state, phase=Phase.RISING, extreme=peak)
    return replace(state, phase=Phase.RISING, extreme=peak, lead=lead, rival=rival)
