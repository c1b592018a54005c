"""Thresholds suggested by what the player did: a word that was undone was false, a marked moment was missed or wrong.

What counts as what:

- A word whose move is undone within ``UNDO_MS``, with no other stroke in between, was *false*.
- A marker says that something went wrong within the ``MARK_MS`` before it. If the last decision there was a near miss below the
threshold, that word was *missed*; if it was a word, that word was *false*; if there was none, the word with the highest score
there was *missed*, provided that the score is at least ``LEAST_SCORE``.
- Every other word was *meant*.

A word's threshold is then placed where it gives the fewest errors: between the highest score of a false word and the lowest of
a meant or missed one where there is such a gap, and otherwise as close to the present threshold as possible. A word that was
never false or missed keeps its threshold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from voicetrail.events import WordHeard, WordRejected
from voicetrail.game.inputs import Go, Move, Undo, input_of, is_input
from voicetrail.progress import Report, report_nothing
from voicetrail.replay.file.entries import Entry, RecognizerStarted
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.timeline import Timeline
from voicetrail.spotting.talk import remove_talk_shift
from voicetrail.vocabulary import is_word

UNDO_MS = 3000
MARK_MS = 4000
MARK_APART_MS = 500
"""Markers closer together than this count as one."""
LEAST_SCORE = 0.15
PEAK_MS = 400
"""How long a word's score may still rise after the word is detected."""
LOW, HIGH = 0.05, 0.99
"""The lowest and the highest threshold that is proposed."""
MARGIN = 0.02
"""How far a threshold stays away from the scores, where there is room."""


@dataclass(frozen=True, slots=True)
class Case:
    """A word at a moment, with the score that it reached, and whether it was meant."""

    at_ms: int
    word: str
    score: float
    meant: bool
    """The threshold that is sought should let it through."""
    heard: bool
    """It was detected in the session."""


@dataclass(frozen=True, slots=True)
class ThresholdSuggestion:
    """A threshold for a word, and why."""

    word: str
    present: float
    proposed: float
    meant: int
    """Words that were detected and not undone."""
    false: int
    missed: int
    still_wrong: int
    """Cases that the proposed threshold does not correct."""

    @property
    def changed(self) -> bool:
        """The proposed threshold differs from the present one."""
        return round(self.proposed - self.present, 3) != 0

    @property
    def reason(self) -> str:
        """Why, in words."""
        counts = f"{self.meant} right, {self.false} undone, {self.missed} missed"
        if not self.false and not self.missed:
            return f"{counts}: nothing to correct"
        if self.still_wrong:
            return f"{counts}: no threshold corrects all errors; this one leaves {self.still_wrong}"
        return counts


def suggest(replay: Replay, progress: Report = report_nothing) -> list[ThresholdSuggestion]:
    """Propose a threshold for every word that the session's recognizer knew."""
    timeline = Timeline(replay)
    by_word: dict[str, list[Case]] = {}
    for case in cases(timeline, progress):
        by_word.setdefault(case.word, []).append(case)
    started = [entry.item for entry in replay.entries if isinstance(entry.item, RecognizerStarted)]
    labels = started[-1].labels if started else ()
    state = timeline.recognizer_at(timeline.duration_ms)
    out = []
    for word in [label for label in labels if is_word(label)] or sorted(by_word):
        present = state.settings.threshold_of(word) if state is not None else 0.75
        out.append(_propose(word, present, by_word.get(word, [])))
    return out


def cases(timeline: Timeline, progress: Report = report_nothing) -> list[Case]:
    """Every case in a session that counts for a threshold."""
    false = _undone_words(timeline)
    out: list[Case] = []
    for marker in _separate(timeline.markers):
        decided = _last_decision(timeline, marker)
        if decided is None:
            missed = _best_score(timeline, marker)
        elif isinstance(decided.item, WordHeard):
            false.add(id(decided))
            continue
        else:
            assert isinstance(decided.item, WordRejected)
            score = _without_talk_shift(timeline, decided.at_ms, decided.item.score)
            missed = Case(decided.at_ms, decided.item.word, score, True, False)
        if missed is not None:
            out.append(missed)
    for number, entry in enumerate(timeline.detected):
        if isinstance(entry.item, WordHeard):
            out.append(Case(entry.at_ms, entry.item.word, _peak(timeline, entry, entry.item), id(entry) not in false, True))
        progress(number / len(timeline.detected))
    return sorted(out, key=lambda case: case.at_ms)


def _undone_words(timeline: Timeline) -> set[int]:
    """The words, by the identity of their entries, whose move was undone at once."""
    out: set[int] = set()
    meanings = timeline.replay.meanings
    last: Entry | None = None
    for entry in timeline.shown:
        item = entry.item
        if isinstance(item, WordHeard) and input_of(meanings.get(item.word, item.word)) is not None:
            last = entry
        elif isinstance(item, Undo):
            if last is not None and entry.at_ms - last.at_ms <= UNDO_MS:
                out.add(id(last))
            last = None
        elif is_input(item) and not (isinstance(item, Move | Go) and item.by == "voice"):
            last = None
    return out


def _separate(markers: Iterable[Entry]) -> list[Entry]:
    """The markers, without those that closely follow another."""
    out: list[Entry] = []
    for marker in markers:
        if not out or marker.at_ms - out[-1].at_ms >= MARK_APART_MS:
            out.append(marker)
    return out


def _last_decision(timeline: Timeline, marker: Entry) -> Entry | None:
    """The last word before a marker, or the last near miss below its threshold."""
    for entry in reversed(timeline.detected_between(marker.at_ms - MARK_MS, marker.at_ms)):
        if isinstance(entry.item, WordHeard) or (isinstance(entry.item, WordRejected) and entry.item.reason == "threshold"):
            return entry
    return None


def _best_score(timeline: Timeline, marker: Entry) -> Case | None:
    """The word with the highest score before a marker, if that score is high enough."""
    state = timeline.recognizer_at(marker.at_ms)
    if state is None:
        return None
    words = [(place, label) for place, label in enumerate(state.labels) if is_word(label)]
    since_ms = max(0, marker.at_ms - MARK_MS)
    found = [
        (scores[place], at_ms, label)
        for at_ms, scores in timeline.scores.smoothed_between(since_ms, marker.at_ms)
        for place, label in words
        if scores[place] >= LEAST_SCORE
    ]
    if not found:
        return None
    score, at_ms, label = max(found, key=lambda one: one[0])
    return Case(int(at_ms), label, _without_talk_shift(timeline, int(at_ms), score), True, False)


def _without_talk_shift(timeline: Timeline, at_ms: int, score: float) -> float:
    """What a score counts for: during talk it counts for less, by as much as the thresholds were raised."""
    return remove_talk_shift(score, timeline.talk_shift_at(at_ms))


def _peak(timeline: Timeline, entry: Entry, item: WordHeard) -> float:
    """The highest score that a detected word reached."""
    state = timeline.recognizer_at(entry.at_ms)
    peak = item.score
    if state is not None and item.word in state.labels:
        place = state.labels.index(item.word)
        after = timeline.scores.smoothed_between(entry.at_ms, entry.at_ms + PEAK_MS)
        peak = max([peak, *(scores[place] for _, scores in after if place < len(scores))])
    return _without_talk_shift(timeline, entry.at_ms, peak)


def _propose(word: str, present: float, found: list[Case]) -> ThresholdSuggestion:
    meant = sum(case.meant and case.heard for case in found)
    false = sum(not case.meant for case in found)
    missed = sum(case.meant and not case.heard for case in found)
    errors = _Errors(found)
    proposed = present
    if false or missed:
        # Between any two neighboring scores every threshold does the same, so one candidate a gap is enough.
        edges = [0.0, *sorted({case.score for case in found}), 1.0]
        gaps = [_within(low, high, present) for low, high in pairwise(edges)]
        proposed = min(gaps, key=lambda value: (errors.at(value), abs(value - present)))
        if errors.at(present) <= errors.at(proposed):
            proposed = present
    return ThresholdSuggestion(word, present, proposed, meant, false, missed, errors.at(proposed))


def _within(low: float, high: float, wish: float) -> float:
    """The threshold above ``low`` and up to ``high`` that is nearest to a target, at some distance from both where there is
    room.
    """
    room = min(MARGIN, (high - low) / 2)
    value = round(min(max(wish, low + room), high - room), 3)
    return min(max(value, LOW), HIGH)


class _Errors:
    """How many cases a threshold gets wrong.

    Args:
        found: the cases of one word.
    """

    def __init__(self, found: list[Case]) -> None:
        self._meant = sorted(case.score for case in found if case.meant)
        self._false = sorted(case.score for case in found if not case.meant)

    def at(self, threshold: float) -> int:
        """The meant words below a threshold, and the false ones that reach it."""
        return bisect_left(self._meant, threshold) + len(self._false) - bisect_left(self._false, threshold)
