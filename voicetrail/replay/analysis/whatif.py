"""Runs the recorded scores through the detector with other settings, and plays the game that would have resulted."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, DetectorChanged, ListeningChanged, SourceLost, WordHeard, WordRejected
from voicetrail.game.inputs import Go, Input, PenDown, PenUp, SetColor, Stop, Tick, input_of, is_input
from voicetrail.progress import Report, report_nothing
from voicetrail.replay.file.entries import Checksum, Detected, EarlierInputs, End, Entry, RecognizerStarted, ScoreRun
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.file.scores import THOUSANDTHS, decode
from voicetrail.replay.history import new_game
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable
from voicetrail.vocabulary import DIGITS

MOVED_MS = 500
"""A word that is lost at one time and gained at another, no further away than this, has moved."""
SAME_MS = 100
"""Words recognized from the recorded sound match recorded words within this time: the sound waited in queues on its way."""
INPUT_WITHIN_MS = 5000
"""Longest time from a word to the input that it became, allowing for a slow screen."""

Change = Callable[[DetectorSettings], DetectorSettings]


@dataclass(frozen=True, slots=True)
class Override:
    """Settings to try in place of the recorded ones; what is ``None`` stays as recorded, with all its changes."""

    threshold: float | None = None
    """For all words; the recorded thresholds of single words are then ignored."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)
    """Other settings of the detector, by their names in ``detector_settings.BOUNDS``."""

    def __call__(self, settings: DetectorSettings) -> DetectorSettings:
        """The settings with the override applied."""
        if self.threshold is not None:
            settings = replace(settings, threshold=self.threshold, thresholds={})
        others: dict[str, Any] = dict(self.others)
        return replace(settings, thresholds={**settings.thresholds, **self.thresholds}, **others)

    @property
    def empty(self) -> bool:
        """Nothing is changed."""
        return self == Override()


def last_weights(replay: Replay) -> tuple[str, str]:
    """Name and hash of the weights that the session used last."""
    for entry in reversed(replay.entries):
        if isinstance(entry.item, RecognizerStarted):
            return entry.item.weights, entry.item.weights_hash
    return replay.header.weights, replay.header.weights_hash


@dataclass(frozen=True, slots=True)
class Key:
    """Identifies a decision: in which stretch of sound and when it was made, and what was decided."""

    stretch: int
    """How many times a recognizer had started to listen."""
    time: int
    word: str
    detected: bool

    @classmethod
    def of(cls, stretch: int, event: Detected) -> Key:
        """The key of a word or near miss."""
        return cls(stretch, event.time, event.word, isinstance(event, WordHeard))


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a detector makes of the recorded scores."""

    entries: tuple[tuple[Key, Entry], ...]
    """The words and near misses, by time."""
    hops: frozenset[tuple[int, int]]
    """Every stretch and time for which there are scores."""


def decide(replay: Replay, change: Change, progress: Report = report_nothing) -> Decisions:
    """Run the recorded scores through a detector again.

    Changes of its settings, of listening and of the source are applied between the same scores as in the game.

    Args:
        replay: the session.
        change: turns the recorded settings into those to try.
        progress: called with the part that is done.
    """
    again = _DecidingAgain(change)
    for number, entry in enumerate(replay.entries):
        again.take(entry)
        progress(number / len(replay.entries))
    return Decisions(tuple(again.out), frozenset(again.hops))


class _DecidingAgain:
    """A detector that is fed from the lines of a file."""

    def __init__(self, change: Change) -> None:
        self.out: list[tuple[Key, Entry]] = []
        self.hops: set[tuple[int, int]] = set()
        self._change = change
        self._detector: Detector | None = None
        self._recognizer: RecognizerStarted | None = None
        self._listening = True
        self._stretch = 0
        self._last_time = -1

    def take(self, entry: Entry) -> None:
        item, detector = entry.item, self._detector
        match item:
            case RecognizerStarted():
                self._recognizer, self._listening, self._last_time = item, item.listening, item.time
                self._stretch += 1
                self._detector = Detector(item.labels, self._change(item.settings))
                self._detector.restore(item.state)
            case DetectorChanged() if detector is not None:
                detector.settings = self._change(item.settings)
            case ListeningChanged():
                self._listening = item.listening
            case SourceLost() if detector is not None:
                detector.reset()
            case ScoreRun():
                self._decide(entry.at_ms, item)

    def _decide(self, at_ms: int, run: ScoreRun) -> None:
        detector, recognizer = self._detector, self._recognizer
        if detector is None or recognizer is None or run.time <= self._last_time:
            return
        try:
            rows = decode(run.text, run.hops, len(recognizer.labels))
        except ValueError:
            return
        for number, row in enumerate(rows):
            time = run.time + number * recognizer.hop
            late_ms = run.late_ms + (run.hops - 1 - number) * recognizer.hop * 1000 // SAMPLE_RATE
            self.hops.add((self._stretch, time))
            self._last_time = time
            for event in detector.feed(time, [value / THOUSANDTHS for value in row], muted=not self._listening):
                self.out.append((Key.of(self._stretch, event), Entry(max(0, at_ms - late_ms), event)))


@dataclass(frozen=True, slots=True)
class MovedWord:
    """A word that would have been detected at another time."""

    before: Entry
    after: Entry


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """The effect that other settings would have had on a session."""

    before: Replay
    after: Replay
    gained: tuple[Entry, ...]
    """Words that would have been detected and were not."""
    lost: tuple[Entry, ...]
    """Words that were detected and would not have been."""
    moved: tuple[MovedWord, ...]

    @property
    def same(self) -> bool:
        """No word would have changed."""
        return not (self.gained or self.lost or self.moved)


def what_if(replay: Replay, change: Change, progress: Report = report_nothing) -> WhatIfResult:
    """Find out what effect other settings would have had on a session.

    A word that is detected as before stays where it is, with its move. A lost word is removed with its move. A gained word is
    added at the time of its hop, and moves if it means something in the game. Words in stretches without scores stay as they
    were.

    Raises:
        ReplayError: the file holds no scores.
    """
    decisions = decide(replay, change, progress)
    if not decisions.hops:
        raise ReplayError(
            f"{printable(replay.path.name)} contains no scores, so other settings cannot be tried; record with the "
            "setting record_scores on"
        )
    staying, lost, new = _held_against(replay, decisions)
    return _result(replay, staying, new, lost, [entry for entry in new if isinstance(entry.item, WordHeard)])


def compare(replay: Replay, staying: list[Entry], detected: list[Entry]) -> WhatIfResult:
    """Find out what words that were recognized from the sound would have made of a session.

    Args:
        replay: the session as it was.
        staying: its entries without the words and their inputs.
        detected: the words and near misses in their place.
    """
    after = _WordsByTime(entry for entry in detected if isinstance(entry.item, WordHeard))
    before = [entry for entry in replay.entries if isinstance(entry.item, WordHeard)]
    lost = [entry for entry in before if after.take_nearest(entry, SAME_MS) is None]
    return _result(replay, staying, detected, lost, after.left())


def _held_against(replay: Replay, decisions: Decisions) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Compare the file's words with the decisions.

    Returns:
        The entries that stay, the words that are lost, and the decisions that the file does not have.
    """
    new = dict(decisions.entries)
    staying: list[Entry] = []
    lost: list[Entry] = []
    became = _inputs_of_words(replay)
    gone: set[int] = set()
    stretch = 0
    for number, entry in enumerate(replay.entries):
        item = entry.item
        if isinstance(item, Checksum) or number in gone:
            continue  # a checksum is of the drawing as it was
        if isinstance(item, RecognizerStarted):
            stretch += 1
        elif isinstance(item, WordHeard | WordRejected) and not _decided_alike(stretch, item, new, decisions):
            if isinstance(item, WordHeard):
                lost.append(entry)
                if number in became:
                    gone.add(became[number])
            continue
        staying.append(entry)
    return staying, lost, list(new.values())


def _decided_alike(stretch: int, item: Detected, new: dict[Key, Entry], decisions: Decisions) -> bool:
    """Whether a word or near miss was decided as in the file, or there were no scores to decide it; it is removed from
    ``new``.
    """
    keys = [Key.of(stretch, item)]
    if isinstance(item, WordRejected) and item.reason == "muted":
        # Earlier versions wrote this for a word that was detected but not taken by the game.
        keys.append(Key(stretch, item.time, item.word, True))
    found = [key for key in keys if new.pop(key, None) is not None]
    return bool(found) or (stretch, item.time) not in decisions.hops


def _inputs_of_words(replay: Replay) -> dict[int, int]:
    """The index of the input that a word became, by the index of the word; a word that the game did not take is missing."""
    meanings = replay.meanings
    became: dict[int, int] = {}
    waiting: deque[tuple[int, Entry]] = deque()
    for number, entry in enumerate(replay.entries):
        item = entry.item
        while waiting and entry.at_ms - waiting[0][1].at_ms > INPUT_WITHIN_MS:
            waiting.popleft()
        if isinstance(item, WordHeard):
            waiting.append((number, entry))
        elif is_input(item) and (isinstance(item, SetColor) or getattr(item, "by", "") == "voice"):
            for one in reversed(waiting):
                if _could_become(meanings.get(_word(one[1]), _word(one[1])), item):
                    became[one[0]] = number
                    waiting.remove(one)
                    break
    return became


def _result(replay: Replay, staying: list[Entry], new: list[Entry], lost: list[Entry], gained: list[Entry]) -> WhatIfResult:
    """The result. A lost and a gained word that are the same word at another time count as one moved word."""
    left = _WordsByTime(gained)
    pairs = [(old, left.take_nearest(old, MOVED_MS)) for old in lost]
    return WhatIfResult(
        before=replay,
        after=replace(replay, entries=_merged(replay, staying, new)),
        gained=tuple(left.left()),
        lost=tuple(old for old, other in pairs if other is None),
        moved=tuple(MovedWord(old, other) for old, other in pairs if other is not None),
    )


def _could_become(word: str, item: Input) -> bool:
    """Whether a word can have become an input: what some words mean depends on the state of the game."""
    meaning = input_of(word)
    match item:
        case SetColor():
            return word in DIGITS
        case PenDown():
            return isinstance(meaning, Go)
        case PenUp():
            return isinstance(meaning, Stop)
    return meaning == item


def _merged(replay: Replay, staying: list[Entry], new: list[Entry]) -> tuple[Entry, ...]:
    """Insert new words, each with its input, between the entries that stay, by time; the game decides what a word means."""
    merging = _Merging(replay)
    waiting = deque(sorted(new, key=_time))
    for entry in staying:
        # Only inputs, words and the end are in the game's order: other lines carry the times of other threads.
        if is_input(entry.item) or isinstance(entry.item, WordHeard | End):
            while waiting and waiting[0].at_ms < entry.at_ms:
                merging.add_new(waiting.popleft())
        merging.add(entry)
    for entry in waiting:
        merging.add_new(entry)
    return tuple(merging.out)


class _Merging:
    """Collects entries in the game's order and plays the game along with them."""

    def __init__(self, replay: Replay) -> None:
        self.out: list[Entry] = []
        self._game = new_game(replay.header)
        self._began_ms = replay.header.began_ms
        self._meanings = replay.meanings

    def add(self, entry: Entry) -> None:
        """Add an entry of the file."""
        self.out.append(entry)
        if is_input(entry.item):
            self._game.apply(entry.item, self._began_ms + entry.at_ms)
        elif isinstance(entry.item, EarlierInputs):
            for at_ms, item in entry.item.inputs:
                self._game.apply(item, at_ms)

    def add_new(self, entry: Entry) -> None:
        """Add a word or near miss that the file does not have, and the input that the word becomes."""
        self.add(entry)
        if isinstance(entry.item, WordHeard):
            # A glide goes on until this moment: what the word means may depend on it.
            self._game.apply(Tick(), self._began_ms + entry.at_ms)
            item = self._game.input_of(self._meanings.get(entry.item.word, entry.item.word))
            if item is not None:
                self.add(Entry(entry.at_ms, item))


class _WordsByTime:
    """Words from which matching ones are removed.

    Args:
        entries: words.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_word: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=_time):
            self._by_word.setdefault(_word(entry), []).append(entry)

    def take_nearest(self, entry: Entry, within_ms: int) -> Entry | None:
        """Remove and return the same word that is nearest in time; ``None`` where there is none within the time given."""
        same = self._by_word.get(_word(entry), [])
        place = bisect_left(same, entry.at_ms, key=_time)
        around = [number for number in (place - 1, place) if 0 <= number < len(same)]
        nearest = min(around, key=lambda number: abs(same[number].at_ms - entry.at_ms), default=None)
        if nearest is None or abs(same[nearest].at_ms - entry.at_ms) > within_ms:
            return None
        return same.pop(nearest)

    def left(self) -> list[Entry]:
        """The words that were not removed, by time."""
        return sorted((entry for same in self._by_word.values() for entry in same), key=_time)


def _time(entry: Entry) -> int:
    return entry.at_ms


def _word(entry: Entry) -> str:
    return entry.item.word if isinstance(entry.item, WordHeard | WordRejected) else ""
