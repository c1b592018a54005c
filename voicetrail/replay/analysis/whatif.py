"""What if: the recorded scores decided again with other settings, and what that would have drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, DetectorChanged, ListeningChanged, SourceLost, WordHeard, WordRejected
from voicetrail.game.inputs import Go, Input, Step, Stop, input_of, is_input
from voicetrail.replay.file.entries import Checksum, Detected, End, Entry, RecognizerInfo, ScoreRun
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.file.scores import THOUSANDTHS, decode
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable

MOVED_MS = 500
"""A word that goes at one time and comes at another, not further away, has moved."""
SAME_MS = 100
"""Words that were heard again from the sound have no common clock finer than this (the sound waits in queues on its way)."""

Change = Callable[[DetectorSettings], DetectorSettings]


@dataclass(frozen=True, slots=True)
class Override:
    """Settings to try in place of the recorded ones; what is ``None`` stays as it was, with all its changes."""

    threshold: float | None = None
    """For all words; the recorded thresholds of single words then hold no longer."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    refractory: float | None = None
    smoothing: float | None = None
    margin: float | None = None
    talk_shift: float | None = None

    def __call__(self, settings: DetectorSettings) -> DetectorSettings:
        """The settings with the override in place."""
        if self.threshold is not None:
            settings = replace(settings, threshold=self.threshold, thresholds={})
        settings = replace(settings, thresholds={**settings.thresholds, **self.thresholds})
        for name in ("refractory", "smoothing", "margin", "talk_shift"):
            value = getattr(self, name)
            if value is not None:
                settings = replace(settings, **{name: value})
        return settings

    @property
    def empty(self) -> bool:
        """Nothing is changed."""
        return self == Override()


def last_weights(recording: Replay) -> tuple[str, str]:
    """Name and hash of the weights that the session heard with last."""
    for entry in reversed(recording.entries):
        if isinstance(entry.item, RecognizerInfo):
            return entry.item.weights, entry.item.weights_hash
    return recording.header.weights, recording.header.weights_hash


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a decision the same one: when in which stretch of sound it was, and what was decided."""

    stretch: int
    """How many times a recognizer had begun to listen."""
    time: int
    word: str
    heard: bool


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a detector gave out for the recorded scores."""

    entries: tuple[tuple[Key, Entry], ...]
    """The words and near misses, by time."""
    hops: frozenset[tuple[int, int]]
    """Every stretch and time that was decided again."""


def decide(recording: Replay, change: Change) -> Decisions:
    """Run the recorded scores through a detector again.

    Every change of its settings, of listening and of the source takes its place among the scores as it did in the game.

    Args:
        recording: the session.
        change: makes the settings to decide with out of the recorded ones.
    """
    detector: Detector | None = None
    recognizer: RecognizerInfo | None = None
    listening, stretch, last = True, 0, -1
    out: list[tuple[Key, Entry]] = []
    hops: set[tuple[int, int]] = set()
    for entry in recording.entries:
        item = entry.item
        match item:
            case RecognizerInfo():
                recognizer, listening, stretch, last = item, item.listening, stretch + 1, item.time
                detector = Detector(item.labels, change(item.settings))
                detector.restore(item.state)
            case DetectorChanged() if detector is not None:
                detector.settings = change(DetectorSettings.from_event(item))
            case ListeningChanged():
                listening = item.listening
            case SourceLost() if detector is not None:
                detector.reset()
            case ScoreRun() if detector is not None and recognizer is not None and item.time > last:
                try:
                    rows = decode(item.text, item.hops, len(recognizer.labels))
                except ValueError:
                    continue
                for number, row in enumerate(rows):
                    last = item.time + number * recognizer.hop
                    hops.add((stretch, last))
                    late = item.late_ms + (item.hops - 1 - number) * recognizer.hop * 1000 // SAMPLE_RATE
                    at_ms = max(0, entry.at_ms - late)
                    scores = [value / THOUSANDTHS for value in row]
                    for event in detector.feed(last, scores, muted=not listening):
                        out.append((_key(stretch, event), Entry(at_ms, event)))
    return Decisions(tuple(out), frozenset(hops))


@dataclass(frozen=True, slots=True)
class MovedWord:
    """A word that would have come at another time."""

    before: Entry
    after: Entry


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """What other settings would have made of a session."""

    before: Replay
    after: Replay
    gained: tuple[Entry, ...]
    """Words that would have been heard and were not."""
    lost: tuple[Entry, ...]
    """Words that were heard and would not have been."""
    moved: tuple[MovedWord, ...]

    @property
    def same(self) -> bool:
        """No word would have changed."""
        return not (self.gained or self.lost or self.moved)


def what_if(recording: Replay, change: Change) -> WhatIfResult:
    """Decide the session again.

    A word that is decided as it was keeps its place and what it did. One that is lost goes, with its move; one that is gained
    comes at the time of its hop, and moves if it means something. Words of stretches without scores stay as they were.

    Raises:
        ReplayError: the file holds no scores.
    """
    decisions = decide(recording, change)
    if not decisions.hops:
        raise ReplayError(
            f"{printable(recording.path.name)} holds no scores, so nothing can be decided again; record with the setting"
            " record_scores on"
        )
    return _outcome(recording, decisions)


def _outcome(recording: Replay, decisions: Decisions) -> WhatIfResult:
    pending = dict(decisions.entries)
    kept: list[Entry] = []
    lost: list[Entry] = []
    stretch = 0
    dropped: Input | None = None
    meanings = recording.meanings
    for entry in recording.entries:
        item = entry.item
        if isinstance(item, RecognizerInfo):
            stretch += 1
        if isinstance(item, WordHeard | WordRejected):
            dropped = None
            if isinstance(item, WordRejected) and item.reason == "muted":
                # The game held back a word that was on its way when listening was turned off.
                pending.pop(Key(stretch, item.time, item.word, True), None)
                kept.append(entry)
                continue
            if pending.pop(_key(stretch, item), None) is None and (stretch, item.time) in decisions.hops:
                if isinstance(item, WordHeard):
                    lost.append(entry)
                    dropped = input_of(meanings.get(item.word, item.word))
                continue
        elif dropped is not None and is_input(item):
            same, dropped = item == dropped, None if isinstance(item, Step | Go | Stop) and item.by == "voice" else dropped
            if same:
                continue
        elif isinstance(item, Checksum):
            # They are of the drawing as it was.
            continue
        kept.append(entry)
    gained = [entry for entry in pending.values() if isinstance(entry.item, WordHeard)]
    after = replace(recording, entries=_merged(kept, list(pending.values()), meanings))
    moved, gained, lost = _moved(gained, lost)
    return WhatIfResult(recording, after, tuple(gained), tuple(lost), tuple(moved))


def compare(recording: Replay, kept: list[Entry], heard: list[Entry]) -> WhatIfResult:
    """What words that were heard anew make of a session.

    Args:
        recording: the session as it was.
        kept: what stays of it, without its words and what they did.
        heard: the words and near misses in their place.
    """
    before = [entry for entry in recording.entries if isinstance(entry.item, WordHeard)]
    after = [entry for entry in heard if isinstance(entry.item, WordHeard)]
    # Words of the same name within a hop or so of each other are the same word.
    for old in list(before):
        twin = next((new for new in after if _word(new) == _word(old) and abs(new.at_ms - old.at_ms) <= SAME_MS), None)
        if twin is not None:
            before.remove(old)
            after.remove(twin)
    moved, gained, lost = _moved(after, before)
    entries = _merged(kept, heard, recording.meanings)
    return WhatIfResult(recording, replace(recording, entries=entries), tuple(gained), tuple(lost), tuple(moved))


def _merged(kept: list[Entry], new: list[Entry], meanings: Mapping[str, str]) -> tuple[Entry, ...]:
    """Put new words, each with what it does, between the entries that were there, by time."""
    out: list[Entry] = []
    waiting = sorted(new, key=lambda entry: entry.at_ms, reverse=True)

    def release(until_ms: float) -> None:
        while waiting and waiting[-1].at_ms < until_ms:
            entry = waiting.pop()
            out.append(entry)
            heard = entry.item.word if isinstance(entry.item, WordHeard) else None
            does = None if heard is None else input_of(meanings.get(heard, heard))
            if does is not None:
                out.append(Entry(entry.at_ms, does))

    for entry in kept:
        if is_input(entry.item) or isinstance(entry.item, WordHeard | End):
            release(entry.at_ms)
        out.append(entry)
    release(float("inf"))
    return tuple(out)


def _moved(gained: list[Entry], lost: list[Entry]) -> tuple[list[MovedWord], list[Entry], list[Entry]]:
    """Take out pairs of a lost and a gained word that are one word at another time."""
    moved: list[MovedWord] = []
    still_lost: list[Entry] = []
    for old in lost:
        near = [new for new in gained if _word(new) == _word(old) and abs(new.at_ms - old.at_ms) <= MOVED_MS]
        if not near:
            still_lost.append(old)
            continue
        new = min(near, key=lambda entry: abs(entry.at_ms - old.at_ms))
        gained = [entry for entry in gained if entry is not new]
        moved.append(MovedWord(old, new))
    return moved, gained, still_lost


def _key(stretch: int, event: Detected) -> Key:
    return Key(stretch, event.time, event.word, isinstance(event, WordHeard))


def _word(entry: Entry) -> str:
    return entry.item.word if isinstance(entry.item, WordHeard | WordRejected) else ""
