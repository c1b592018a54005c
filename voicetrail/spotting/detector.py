"""Scores become words: smoothing over hops, a threshold for each word (higher amid talk), one word a crossing, a refractory time.

The scheme is the posterior handling of Chen, Parada and Heigold, "Small-footprint keyword spotting using deep neural networks"
(ICASSP 2014, section 2.3: smoothed posteriors held against a threshold), with a trigger that has to fall before it arms again,
so that one spoken word is one move however long its score stays high.

Pure arithmetic over numbers that a replay keeps: no clock, no torch. The same scores always give the same words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voicetrail.events import SAMPLE_RATE, DetectorChanged, RejectionReason, WordHeard, WordRejected, seconds
from voicetrail.spotting.talk import raise_threshold, talk_confidence, update_talk_level
from voicetrail.vocabulary import UNKNOWN, is_word

REARM = 0.8
"""A word is armed again once its smoothed score has fallen below this part of its threshold."""
FALLING = -1.0
"""In place of a peak: the score has not been quiet since the word was given out."""
NEAR = 0.5
"""A peak of at least this part of the threshold is a near miss worth telling."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What decides when scores are a word. Replace the whole record to change one while playing."""

    threshold: float = 0.75
    """Smoothed score a word needs where ``thresholds`` has none for it."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Threshold of single words."""
    smoothing: float = 0.12
    """Time, in s, over which posteriors are averaged; 0 takes each hop as it is."""
    refractory: float = 0.6
    """Time, in s, after a word in which the same word is not given again."""
    margin: float = 0.1
    """How far a word's smoothed score must be ahead of every other word's."""
    talk_shift: float = 0.0
    """How far running talk moves every threshold up, as ``spotting.talk.raise_threshold`` does."""

    def threshold_of(self, word: str) -> float:
        """The threshold that holds for a word."""
        return self.thresholds.get(word, self.threshold)

    def as_dict(self) -> dict[str, object]:
        """As plain values by their names: what a replay and the line of words keep."""
        return {
            "threshold": self.threshold,
            "thresholds": dict(self.thresholds),
            "smoothing": self.smoothing,
            "refractory": self.refractory,
            "margin": self.margin,
            "talk_shift": self.talk_shift,
        }

    def to_event(self, time: int) -> DetectorChanged:
        """The event that tells of these settings."""
        return DetectorChanged(
            time, self.threshold, self.thresholds, self.smoothing, self.refractory, self.margin, self.talk_shift
        )

    @classmethod
    def from_event(cls, change: DetectorChanged) -> DetectorSettings:
        """The settings that an event tells of."""
        return cls(change.threshold, change.thresholds, change.smoothing, change.refractory, change.margin, change.talk_shift)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a detector remembers between hops."""

    recent: tuple[tuple[int, tuple[float, ...]], ...] = ()
    """Time and posteriors of the hops that are still being averaged."""
    words: Mapping[str, tuple[bool, int | None, float]] = field(default_factory=dict)
    """Of each word: whether it is armed, when it was last given out, and its peak since it was quiet (``FALLING``: it is not)."""
    talk: float = 0.0
    """How much of the last seconds was talk (``spotting.talk``)."""


@dataclass(slots=True)
class _WordState:
    """What is remembered of one word between hops."""

    armed: bool = True
    last_heard: int | None = None
    peak: float = 0.0
    """Highest smoothed score since the word was last quiet, for telling a near miss once it has passed."""


class Detector:
    """Turns the posteriors of each hop into words and near misses.

    Args:
        labels: the recognizer's labels, in the order of the posteriors.
        settings: thresholds and times; may be replaced between hops through the attribute of that name.
    """

    def __init__(self, labels: Sequence[str], settings: DetectorSettings | None = None) -> None:
        self.labels = tuple(labels)
        self.settings = settings or DetectorSettings()
        self.applied = self.settings
        """The settings that decided the last hop: ``settings`` may have been replaced since, from another thread."""
        self._words = [(index, label) for index, label in enumerate(self.labels) if is_word(label)]
        self._unknown = self.labels.index(UNKNOWN) if UNKNOWN in self.labels else None
        self._states = {label: _WordState() for _, label in self._words}
        self._recent: deque[tuple[int, tuple[float, ...]]] = deque()
        self.smoothed: tuple[float, ...] = (0.0,) * len(self.labels)
        """Smoothed posteriors of the last hop, in the order of the labels."""
        self.talk = 0.0
        """How much of the last seconds was talk, between 0 and 1 (``spotting.talk``)."""
        self.threshold_shift = 0.0
        """How far talk has moved the thresholds up at the last hop: ``talk_shift`` or a part of it."""

    def reset(self) -> None:
        """Forget everything heard so far (a new stream begins)."""
        self._recent.clear()
        self._states = {label: _WordState() for _, label in self._words}
        self.smoothed = (0.0,) * len(self.labels)
        self.talk = self.threshold_shift = 0.0

    def snapshot(self) -> Snapshot:
        """What is remembered of the sound so far, so that a replay can decide on from here. Call it between hops."""
        words = {word: (state.armed, state.last_heard, state.peak) for word, state in self._states.items()}
        return Snapshot(tuple(self._recent), words, self.talk)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; what it does not name starts afresh."""
        self.reset()
        self._recent.extend(row for row in snapshot.recent if len(row[1]) == len(self.labels))
        self.talk = snapshot.talk
        for word, (armed, last_heard, peak) in snapshot.words.items():
            if word in self._states:
                self._states[word] = _WordState(armed, last_heard, peak)

    def feed(
        self, time: int, posteriors: Sequence[float], *, muted: bool = False, captured: float | None = None
    ) -> list[WordHeard | WordRejected]:
        """Take the posteriors of one hop.

        Args:
            time: samples consumed up to the end of the hop's window; must not fall.
            posteriors: one a label, between 0 and 1.
            muted: listening is off: a word that would be given out is rejected with the reason ``muted``.
            captured: passed on to the words, for the delay on the screen.

        Returns:
            The words and near misses of this hop, most often none.
        """
        self.applied = self.settings
        self._smooth(time, tuple(posteriors))
        out: list[WordHeard | WordRejected] = []
        for index, word in self._words:
            event = self._decide(time, word, index, muted, captured)
            if event is not None:
                out.append(event)
        return out

    def _smooth(self, time: int, posteriors: tuple[float, ...]) -> None:
        if self._recent and self._unknown is not None:
            self.talk = update_talk_level(self.talk, posteriors[self._unknown], time - self._recent[-1][0])
            self.threshold_shift = self.applied.talk_shift * talk_confidence(self.talk)
        self._recent.append((time, posteriors))
        oldest = time - round(self.applied.smoothing * SAMPLE_RATE)
        while len(self._recent) > 1 and self._recent[0][0] <= oldest:
            self._recent.popleft()
        count = len(self._recent)
        self.smoothed = tuple(sum(column) / count for column in zip(*(row for _, row in self._recent), strict=True))

    def _decide(self, time: int, word: str, index: int, muted: bool, captured: float | None) -> WordHeard | WordRejected | None:
        state, score, threshold = self._states[word], self.smoothed[index], self.applied.threshold_of(word)
        if self.threshold_shift:
            threshold = raise_threshold(threshold, self.threshold_shift)
        if score < threshold:
            return self._below(time, word, score, threshold)
        if not state.armed:
            return None
        rival_score, rival = max(((self.smoothed[i], label) for i, label in self._words if i != index), default=(0.0, None))
        lead = score - rival_score
        if lead < self.applied.margin:
            # Not disarmed: the word may still pull ahead within the same crossing. It is told as beaten when it falls.
            if score >= state.peak:
                state.peak = score
            return None if lead >= 0 else self._reject(time, word, "margin", self.applied.margin - lead, rival)
        state.peak = max(state.peak, score)
        if muted:
            return self._reject(time, word, "muted", 0.0)
        if state.last_heard is not None:
            left = self.applied.refractory - seconds(time - state.last_heard)
            if left > 0:
                return self._reject(time, word, "refractory", left)
        state.armed, state.last_heard, state.peak = False, time, 0.0
        return WordHeard(time, word, round(score, 4), captured)

    def _below(self, time: int, word: str, score: float, threshold: float) -> WordRejected | None:
        """Below the threshold: arm again once quiet, and tell of a peak that came near."""
        state = self._states[word]
        if not state.armed:
            if score < threshold * REARM:
                # The score is still on its way down from the word: that is no near miss.
                state.armed, state.peak = True, FALLING
            return None
        if score >= threshold * NEAR:
            if state.peak != FALLING:
                state.peak = max(state.peak, score)
            return None
        if state.peak <= 0.0:
            state.peak = 0.0
            return None
        peak, state.peak = state.peak, 0.0
        lacking = max(threshold - peak, 0.0)
        reason: RejectionReason = "threshold" if lacking > 0 else "margin"
        return WordRejected(time, word, round(peak, 4), reason, round(lacking, 4))

    def _reject(self, time: int, word: str, reason: RejectionReason, lacking: float, rival: str | None = None) -> WordRejected:
        """Tell why a word that reached its threshold is not given out, once a crossing."""
        state = self._states[word]
        peak = max(state.peak, self.smoothed[self.labels.index(word)])
        state.armed, state.peak = False, 0.0
        return WordRejected(time, word, round(peak, 4), reason, round(lacking, 4), rival)
