"""The recognizer at any moment of a replay: its scores, its settings, and the threshold shift."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voicetrail.events import SAMPLE_RATE, DetectorChanged, ListeningChanged, SourceLost
from voicetrail.replay.file.entries import Entry, RecognizerStarted, ScoreRun
from voicetrail.replay.file.scores import THOUSANDTHS, Row, decode
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.talk import LEAD_S, talk_confidence, update_talk_level
from voicetrail.vocabulary import UNKNOWN

RUNS_HELD = 32
"""Runs of scores that stay decoded: more than the seconds (``LEAD_S``) over which talk is followed."""
STALE_MS = 500
"""Scores older than this are not shown: there was no sound at that time."""


@dataclass(frozen=True, slots=True)
class RecognizerState:
    """The recognizer and its detector from a moment on."""

    at_ms: int
    labels: tuple[str, ...]
    hop_ms: float
    settings: DetectorSettings
    source: str
    listening: bool


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Scores of one recognizer between two losses of the source."""

    labels: int
    hop_ms: float
    unknown: int | None
    """The index of the label of unknown words."""
    talk: float
    """The talk level at its beginning."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A line of scores."""

    begin_ms: float
    """When its first hop arrived."""
    scores: ScoreRun
    stretch: _Stretch


class ScoreIndex:
    """Looks up scores by time."""

    def __init__(self) -> None:
        self.states: list[RecognizerState] = []
        """Every change of the recognizer, the detector's settings and listening, by time."""
        self._state: RecognizerState | None = None
        self._stretch: _Stretch | None = None
        self._runs: list[_Run] = []
        """By the time of their first hop."""
        self._unpacked: OrderedDict[int, list[Row]] = OrderedDict()
        self._talk_after: dict[int, float] = {}
        """The talk level after a run, by the identity of the run."""

    def add(self, entry: Entry) -> None:
        """Take the next line of the file."""
        item, before = entry.item, self._state
        match item:
            case ScoreRun():
                self._add_run(item, entry.at_ms)
                return
            case SourceLost() if self._stretch is not None:
                old = self._stretch
                self._stretch = _Stretch(old.labels, old.hop_ms, old.unknown, 0.0)
                return
            case RecognizerStarted():
                hop_ms = 1000 * item.hop / SAMPLE_RATE
                unknown = item.labels.index(UNKNOWN) if UNKNOWN in item.labels else None
                self._stretch = _Stretch(len(item.labels), hop_ms, unknown, item.state.talk_level)
                state = RecognizerState(entry.at_ms, item.labels, hop_ms, item.settings, item.source, item.listening)
            case DetectorChanged() if before is not None:
                settings = item.settings
                state = RecognizerState(entry.at_ms, before.labels, before.hop_ms, settings, before.source, before.listening)
            case ListeningChanged() if before is not None:
                state = RecognizerState(
                    entry.at_ms, before.labels, before.hop_ms, before.settings, before.source, item.listening
                )
            case _:
                return
        self._state = state
        insort(self.states, state, key=lambda one: one.at_ms)

    def state_at(self, at_ms: int) -> RecognizerState | None:
        """The recognizer at a moment; ``None`` before it was loaded."""
        place = bisect_right(self.states, at_ms, key=lambda state: state.at_ms) - 1
        return self.states[place] if place >= 0 else None

    def scores_at(self, at_ms: int) -> tuple[float, ...] | None:
        """The smoothed scores at a moment, as the bars showed them; ``None`` where there are none."""
        state = self.state_at(at_ms)
        if state is None:
            return None
        smoothing_ms = 1000 * state.settings.smoothing
        rows = list(self._rows(at_ms - STALE_MS - smoothing_ms, at_ms, len(state.labels)))
        if not rows or at_ms - rows[-1][0] > STALE_MS:
            return None
        oldest_ms = rows[-1][0] - smoothing_ms
        recent = [row for when, row in rows if when > oldest_ms] or [rows[-1][1]]
        return tuple(sum(column) / len(recent) / THOUSANDTHS for column in zip(*recent, strict=True))

    def smoothed_between(self, since_ms: float, until_ms: float) -> Iterator[tuple[float, tuple[float, ...]]]:
        """The smoothed scores of every hop between two moments, with their times in ms."""
        state = self.state_at(int(until_ms))
        if state is None:
            return
        smoothing_ms = 1000 * state.settings.smoothing
        window: deque[tuple[float, Row]] = deque()
        for when, row in self._rows(since_ms - smoothing_ms, until_ms, len(state.labels)):
            window.append((when, row))
            while len(window) > 1 and window[0][0] <= when - smoothing_ms:
                window.popleft()
            if when >= since_ms:
                columns = zip(*(one for _, one in window), strict=True)
                yield when, tuple(sum(column) / len(window) / THOUSANDTHS for column in columns)

    def talk_shift_at(self, at_ms: int) -> float:
        """The threshold shift at a moment (``spotting.talk.raise_threshold``)."""
        state = self.state_at(at_ms)
        if state is None or not state.settings.talk_shift:
            return 0.0
        place = bisect_right(self._runs, float(at_ms), key=lambda run: run.begin_ms) - 1
        if place < 0 or self._runs[place].stretch.unknown is None:
            return 0.0
        run = self._runs[place]
        hops = sum(when <= at_ms for when, _ in self._hops(run))
        return state.settings.talk_shift * talk_confidence(self._talk(run, self._talk_before(place), hops))

    def hop_times(self) -> Iterator[float]:
        """When each hop with scores arrived, in ms, run by run."""
        for run in self._runs:
            for number in range(run.scores.hops):
                yield run.begin_ms + number * run.stretch.hop_ms

    def _add_run(self, item: ScoreRun, at_ms: int) -> None:
        if self._stretch is not None:
            begin_ms = at_ms - item.late_ms - (item.hops - 1) * self._stretch.hop_ms
            insort(self._runs, _Run(begin_ms, item, self._stretch), key=lambda run: run.begin_ms)

    def _talk_before(self, place: int) -> float:
        """The talk level before a run: from the runs before it, as far back as they matter."""
        run, first = self._runs[place], place
        oldest_ms = run.begin_ms - 1000 * LEAD_S
        talk = 0.0
        while True:
            if first == 0 or self._runs[first - 1].stretch is not run.stretch:
                talk = run.stretch.talk
                break
            if id(self._runs[first - 1]) in self._talk_after:
                talk = self._talk_after[id(self._runs[first - 1])]
                break
            if self._runs[first - 1].begin_ms < oldest_ms:
                break
            first -= 1
        for one in self._runs[first:place]:
            talk = self._talk(one, talk, one.scores.hops)
            self._talk_after[id(one)] = talk
        return talk

    def _talk(self, run: _Run, talk: float, hops: int) -> float:
        """The talk level after some hops of a run."""
        unknown = run.stretch.unknown
        if unknown is None:
            return 0.0
        hop_samples = round(run.stretch.hop_ms * SAMPLE_RATE / 1000)
        for row in self._unpack(run)[:hops]:
            talk = update_talk_level(talk, row[unknown] / THOUSANDTHS, hop_samples)
        return talk

    def _rows(self, since_ms: float, until_ms: float, labels: int) -> Iterator[tuple[float, Row]]:
        """The scores between two moments, with their times in ms."""
        first = max(0, bisect_left(self._runs, since_ms, key=lambda run: run.begin_ms) - 1)
        for place in range(first, len(self._runs)):
            run = self._runs[place]
            if run.begin_ms > until_ms:
                return
            if run.stretch.labels == labels:
                yield from ((when, row) for when, row in self._hops(run) if since_ms <= when <= until_ms)

    def _hops(self, run: _Run) -> Iterable[tuple[float, Row]]:
        for number, row in enumerate(self._unpack(run)):
            yield run.begin_ms + number * run.stretch.hop_ms, row

    def _unpack(self, run: _Run) -> Sequence[Row]:
        if id(run) not in self._unpacked:
            try:
                self._unpacked[id(run)] = decode(run.scores.text, run.scores.hops, run.stretch.labels)
            except ValueError:
                self._unpacked[id(run)] = []
            while len(self._unpacked) > RUNS_HELD:
                self._unpacked.popitem(last=False)
        return self._unpacked[id(run)]
