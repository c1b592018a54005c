"""Thresholds proposed from what the player did: what was taken back was no word, what was marked was missed or wrong.

What counts as what:

- A word whose move is undone within ``UNDO_MS``, with no other stroke in between, was *false*.
- A marker says that something went wrong just before it, within ``MARK_MS``. If the last decision there was a near miss (for
  want of score), that word was *missed*; if it was a word, that was *false*; if there was none, the word with the highest score
  there, if it has ``HEARD_A_BIT``, was *missed*.
- Every other word was *meant*.

The threshold of a word is then put where it gives the fewest errors: between the highest score of a false one and the lowest of
a meant or missed one where there is such a gap, and as near to the present one as that allows. A word without false or missed
ones keeps its threshold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

from voicetrail.events import WordHeard, WordRejected
from voicetrail.game.inputs import Go, Step, Undo, input_of, is_input
from voicetrail.replay.file.entries import Entry, RecognizerInfo
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.talk import remove_talk_shift
from voicetrail.vocabulary import is_word

UNDO_MS = 3000
MARK_MS = 4000
HEARD_A_BIT = 0.15
PEAK_MS = 400
"""A word's score goes on rising for so long after it is given out."""
LOW, HIGH = 0.05, 0.99
"""Least and greatest threshold that is proposed."""
MARGIN = 0.02
"""How far from the scores themselves a threshold keeps where there is room."""
HOP_MS = 40


@dataclass(frozen=True, slots=True)
class Case:
    """A word at a moment, with the score that it reached, and what it turned out to be."""

    at_ms: int
    word: str
    score: float
    meant: bool
    """It should be a word at the threshold that is sought."""
    heard: bool
    """It was given out in the session."""


@dataclass(frozen=True, slots=True)
class ThresholdSuggestion:
    """A threshold for a word, and why."""

    word: str
    present: float
    proposed: float
    meant: int
    """Words that were heard and stood."""
    false: int
    missed: int
    still_wrong: int
    """Cases that the proposed threshold does not put right."""

    @property
    def changed(self) -> bool:
        """Another threshold than the present one is proposed."""
        return round(self.proposed - self.present, 3) != 0

    @property
    def reason(self) -> str:
        """Why, in words."""
        counts = f"{self.meant} right, {self.false} taken back, {self.missed} missed"
        if not self.false and not self.missed:
            return f"{counts}: nothing to put right"
        if self.still_wrong:
            return f"{counts}: no threshold puts all right, this one leaves {self.still_wrong}"
        return counts


def suggest(recording: Replay) -> list[ThresholdSuggestion]:
    """Propose a threshold for every word that the session's recognizer knew."""
    timeline = Timeline(recording)
    found = cases(timeline)
    labels = next((entry.item.labels for entry in reversed(recording.entries) if isinstance(entry.item, RecognizerInfo)), ())
    words = [label for label in labels if is_word(label)] or sorted({case.word for case in found})
    hearing = timeline.hearing_at(timeline.duration_ms)
    out = []
    for word in words:
        present = hearing.settings.threshold_of(word) if hearing is not None else 0.75
        out.append(_propose(word, present, [case for case in found if case.word == word]))
    return out


def cases(timeline: Timeline) -> list[Case]:
    """Everything in a session that says something about a threshold."""
    heard = [entry for entry in timeline.detected if isinstance(entry.item, WordHeard)]
    false = _taken_back(timeline)
    out: list[Case] = []
    for marker in timeline.markers:
        wrong, missed = _marked(timeline, marker)
        if wrong is not None:
            false.add(wrong)
        if missed is not None:
            out.append(missed)
    for entry in heard:
        if isinstance(entry.item, WordHeard):
            word = entry.item.word
            out.append(Case(entry.at_ms, word, _peak(timeline, entry), entry not in false, True))
    return sorted(out, key=lambda case: case.at_ms)


def _taken_back(timeline: Timeline) -> set[Entry]:
    """The words whose move was undone at once."""
    out: set[Entry] = set()
    meanings = timeline.recording.meanings
    last: Entry | None = None
    for entry in timeline.shown:
        item = entry.item
        if isinstance(item, WordHeard) and input_of(meanings.get(item.word, item.word)) is not None:
            last = entry
        elif isinstance(item, Undo):
            if last is not None and entry.at_ms - last.at_ms <= UNDO_MS:
                out.add(last)
            last = None
        elif is_input(item) and not (isinstance(item, Step | Go) and item.by == "voice"):
            last = None
    return out


def _marked(timeline: Timeline, marker: Entry) -> tuple[Entry | None, Case | None]:
    """What a marker means: a word that was wrong, or one that was missed."""
    since = marker.at_ms - MARK_MS
    times = [entry.at_ms for entry in timeline.detected]
    for entry in reversed(timeline.detected[bisect_left(times, since) : bisect_right(times, marker.at_ms)]):
        item = entry.item
        if isinstance(item, WordHeard):
            return entry, None
        if isinstance(item, WordRejected) and item.reason == "threshold":
            return None, Case(entry.at_ms, item.word, _as_alone(timeline, entry.at_ms, item.score), True, False)
    best: Case | None = None
    hearing = timeline.hearing_at(marker.at_ms)
    for at_ms in range(max(0, since), marker.at_ms + 1, HOP_MS) if hearing is not None else ():
        scores = timeline.scores_at(at_ms)
        for label, score in zip(hearing.labels if hearing else (), scores or (), strict=False):
            if is_word(label) and score >= HEARD_A_BIT and (best is None or score > best.score):
                best = Case(at_ms, label, score, True, False)
    return None, best and replace(best, score=_as_alone(timeline, best.at_ms, best.score))


def _as_alone(timeline: Timeline, at_ms: int, score: float) -> float:
    """What a score counts for: less amid talk, by as much as thresholds were higher there."""
    return remove_talk_shift(score, timeline.threshold_shift_at(at_ms))


def _peak(timeline: Timeline, entry: Entry) -> float:
    """The highest score that a heard word reached."""
    item = entry.item
    assert isinstance(item, WordHeard)
    hearing = timeline.hearing_at(entry.at_ms)
    peak = item.score
    if hearing is None or item.word not in hearing.labels:
        return peak
    place = hearing.labels.index(item.word)
    step = max(1, round(hearing.hop_ms))
    for at_ms in range(entry.at_ms, entry.at_ms + PEAK_MS, step):
        scores = timeline.scores_at(at_ms)
        if scores is not None and place < len(scores):
            peak = max(peak, scores[place])
    return _as_alone(timeline, entry.at_ms, peak)


def _propose(word: str, present: float, found: list[Case]) -> ThresholdSuggestion:
    meant = sum(case.meant and case.heard for case in found)
    false = sum(not case.meant for case in found)
    missed = sum(case.meant and not case.heard for case in found)
    proposed = present
    if false or missed:
        # Between any two neighbouring scores every threshold does the same, so one candidate a gap is enough.
        scores = sorted({case.score for case in found})
        edges = [0.0, *scores, 1.0]
        gaps = [_within(low, high, present) for low, high in pairwise(edges)]
        proposed = min(gaps, key=lambda value: (_errors(value, found), abs(value - present)))
        if _errors(present, found) <= _errors(proposed, found):
            proposed = present
    return ThresholdSuggestion(word, present, proposed, meant, false, missed, _errors(proposed, found))


def _within(low: float, high: float, wish: float) -> float:
    """The threshold above ``low`` and at most ``high`` that is nearest to a wish, with some room where there is any."""
    room = min(MARGIN, (high - low) / 2)
    value = round(min(max(wish, low + room), high - room), 3)
    return min(max(value, LOW), HIGH)


def _errors(threshold: float, found: list[Case]) -> int:
    return sum((case.score >= threshold) != case.meant for case in found)
