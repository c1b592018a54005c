"""A recording with an index: the game, the scores and the words at any moment, without playing from the start."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from voicetrail.events import SAMPLE_RATE, DetectorChanged, ListeningChanged, WordHeard, WordRejected
from voicetrail.game import Sketch
from voicetrail.game.inputs import Input, Tick, is_input
from voicetrail.replay.file.entries import (
    Checksum,
    Entry,
    KeyPressed,
    Marker,
    News,
    Past,
    RecognizerInfo,
    ScoreRun,
    SettingChanged,
)
from voicetrail.replay.file.format import Header
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.file.scores import THOUSANDTHS, Row, decode
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.talk import LEAD, talk_confidence, update_talk_level
from voicetrail.vocabulary import UNKNOWN

SNAPSHOT_INPUTS = 200
"""Inputs between two snapshots of the game, to begin with."""
SNAPSHOT_CELLS = 1_000_000
"""Cells that all snapshots together may hold; with more, every second one goes."""
RUNS_KEPT = 32
"""Runs of scores that stay unpacked: more than the seconds (``LEAD``) that talk is followed."""
STALE_MS = 500
"""Scores older than this are not shown: nothing was heard at that moment."""
_SHOWN = (WordHeard, WordRejected, KeyPressed, SettingChanged, ListeningChanged, Marker)


@dataclass(frozen=True, slots=True)
class Difference:
    """A checksum that the drawing does not have."""

    since_ms: int
    """The last checksum that was right, by the file's clock; the difference began after it."""
    at_ms: int
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class ScoresAt:
    """How it was listened from some moment on."""

    at_ms: int
    labels: tuple[str, ...]
    hop_ms: float
    settings: DetectorSettings
    source: str
    listening: bool


def new_game(header: Header) -> Sketch:
    """The game as it was before anything was done to it."""
    return Sketch(
        header.width,
        header.height,
        step=header.step,
        movement=header.mode,
        glide_speed=header.glide_speed,
        glide_silence=header.glide_silence,
        rules=header.rules,
    )


class Timeline:
    """Looks up what was at a moment of a recording.

    Making one plays the inputs once, keeping a copy of the game now and then, and holds every checksum against the drawing.

    Args:
        recording: the session.
    """

    def __init__(self, recording: Replay) -> None:
        self.recording = recording
        self.duration_ms = recording.duration_ms
        self.inputs: list[tuple[int, Input]] = []
        """Every input with its time on the file's clock, in order."""
        self.checked = 0
        """Checksums that were looked at."""
        self.differences: list[Difference] = []
        """Checksums that were wrong, in order."""
        self._snapshots: list[tuple[int, Sketch]] = []
        """Games with the number of inputs that were applied to them, in order."""
        self._game = new_game(recording.header)
        self._unpacked: OrderedDict[int, list[Row]] = OrderedDict()
        self._play()
        entries = sorted(recording.entries, key=lambda entry: entry.at_ms)
        self.shown = [entry for entry in entries if isinstance(entry.item, _SHOWN) or is_input(entry.item)]
        """What a player steps through, by time."""
        self.detected = [entry for entry in entries if isinstance(entry.item, WordHeard | WordRejected)]
        """Words and near misses, by time."""
        self.markers = [entry for entry in entries if isinstance(entry.item, Marker)]
        self.news = [entry for entry in entries if isinstance(entry.item, News)]
        self.hearings = hearings(recording.entries)
        self._input_times = [at_ms for at_ms, _ in self.inputs]
        self._detected_times = [entry.at_ms for entry in self.detected]
        self._shown_times = [entry.at_ms for entry in self.shown]
        self._hearing_times = [hearing.at_ms for hearing in self.hearings]
        self.stops = sorted(set(self._shown_times))
        """The times of ``shown``."""
        runs = [(entry.at_ms - entry.item.late_ms, entry.item) for entry in entries if isinstance(entry.item, ScoreRun)]
        self._runs: list[tuple[int, ScoreRun]] = sorted(runs, key=lambda run: run[0])
        """Runs of scores by the time of their last hop."""
        self._run_times = [at_ms for at_ms, _ in self._runs]

    @property
    def header(self) -> Header:
        """The recording's header."""
        return self.recording.header

    @property
    def final(self) -> Sketch:
        """The game at the end, a copy of its own."""
        return self.game_at(self.duration_ms)

    def inputs_until(self, at_ms: int) -> int:
        """How many inputs there were up to a moment, it included."""
        return bisect_right(self._input_times, at_ms)

    def session_ms(self, at_ms: int) -> int:
        """The session's clock at a time of the file's."""
        return self.header.began_ms + at_ms

    def game_at(self, at_ms: int) -> Sketch:
        """The game at a moment, a copy of its own."""
        wanted = self.inputs_until(at_ms)
        place = bisect_right(self._snapshots, wanted, key=lambda snapshot: snapshot[0]) - 1
        # A snapshot is a game right after its last input, so that it lies before any moment with as many inputs.
        done, kept = self._snapshots[place]
        game = kept.copy()
        for at, item in self.inputs[done:wanted]:
            game.apply(item, self.session_ms(at))
        game.apply(Tick(), self.session_ms(at_ms))
        return game

    def hearing_at(self, at_ms: int) -> ScoresAt | None:
        """How it was listened at a moment; ``None`` before the recognizer was there."""
        place = bisect_right(self._hearing_times, at_ms) - 1
        return self.hearings[place] if place >= 0 else None

    def detected_until(self, at_ms: int, count: int) -> list[Entry]:
        """The last ``count`` words and near misses up to a moment, oldest first."""
        end = bisect_right(self._detected_times, at_ms)
        return self.detected[max(0, end - count) : end]

    def between(self, after_ms: int, until_ms: int) -> list[Entry]:
        """What happened after one moment and up to another, it included, of what a player steps through."""
        first = bisect_right(self._shown_times, after_ms)
        return self.shown[first : bisect_right(self._shown_times, until_ms)]

    def scores_at(self, at_ms: int) -> tuple[float, ...] | None:
        """The smoothed scores at a moment, as the bars showed them; ``None`` where there are none."""
        hearing = self.hearing_at(at_ms)
        if hearing is None:
            return None
        rows = self._rows(hearing, at_ms - STALE_MS - 1000 * hearing.settings.smoothing, at_ms)
        if not rows or at_ms - rows[-1][0] > STALE_MS:
            return None
        oldest = rows[-1][0] - 1000 * hearing.settings.smoothing
        recent = [row for when, row in rows if when > oldest] or [rows[-1][1]]
        return tuple(sum(column) / len(recent) / THOUSANDTHS for column in zip(*recent, strict=True))

    def threshold_shift_at(self, at_ms: int) -> float:
        """How far talk had moved the thresholds up at a moment, by the scores before (``spotting.talk.raise_threshold``)."""
        hearing = self.hearing_at(at_ms)
        if hearing is None or not hearing.settings.talk_shift or UNKNOWN not in hearing.labels:
            return 0.0
        rows = self._rows(hearing, at_ms - 1000 * LEAD, at_ms)
        unknown, talk = hearing.labels.index(UNKNOWN), 0.0
        for (before, _), (when, row) in pairwise(rows):
            talk = update_talk_level(talk, row[unknown] / THOUSANDTHS, round((when - before) * SAMPLE_RATE / 1000))
        return hearing.settings.talk_shift * talk_confidence(talk)

    def _rows(self, hearing: ScoresAt, since_ms: float, at_ms: int) -> list[tuple[float, Row]]:
        """The scores from about a moment to another, with their times in ms."""
        first = bisect_left(self._run_times, since_ms)
        rows: list[tuple[float, Row]] = []
        for place in range(first, len(self._runs)):
            end_ms, run = self._runs[place]
            begin_ms = end_ms - (run.hops - 1) * hearing.hop_ms
            if begin_ms > at_ms:
                break
            for number, row in enumerate(self._unpack(place, len(hearing.labels))):
                when = begin_ms + number * hearing.hop_ms
                if when <= at_ms:
                    rows.append((when, row))
        return rows

    def _unpack(self, place: int, labels: int) -> Sequence[Row]:
        if place not in self._unpacked:
            run = self._runs[place][1]
            try:
                self._unpacked[place] = decode(run.text, run.hops, labels)
            except ValueError:
                self._unpacked[place] = []
            while len(self._unpacked) > RUNS_KEPT:
                self._unpacked.popitem(last=False)
        rows = self._unpacked[place]
        return rows if not rows or len(rows[0]) == labels else ()

    def _play(self) -> None:
        """Apply everything once, in the file's order."""
        game, good_ms, held, last_ms = self._game, 0, 0, 0
        self._snapshots.append((0, game.copy()))
        spacing = since = SNAPSHOT_INPUTS
        for entry in self.recording.entries:
            item = entry.item
            if isinstance(item, Past):
                for at_ms, one in item.inputs:
                    game.apply(one, at_ms)
                if not self.inputs:
                    self._snapshots[0] = (0, game.copy())
            elif is_input(item):
                # Inputs come from one thread, so their times do not fall; in a damaged file they may seem to.
                last_ms = max(last_ms, entry.at_ms)
                game.apply(item, self.session_ms(last_ms))
                self.inputs.append((last_ms, item))
                since -= 1
                if since <= 0:
                    self._snapshots.append((len(self.inputs), game.copy()))
                    held += len(game.trail.cells)
                    if held > SNAPSHOT_CELLS:
                        del self._snapshots[1::2]
                        held //= 2
                        spacing *= 2
                    since = spacing
            elif isinstance(item, Checksum):
                game.apply(Tick(), min(item.at_ms, self.session_ms(entry.at_ms)))
                self.checked += 1
                if game.checksum() == item.value:
                    good_ms = entry.at_ms
                else:
                    self.differences.append(Difference(good_ms, entry.at_ms, item.value, game.checksum()))


def hearings(entries: Sequence[Entry]) -> list[ScoresAt]:
    """Every change of how it was listened, in order of time."""
    out: list[ScoresAt] = []
    now: ScoresAt | None = None
    for entry in entries:
        item = entry.item
        if isinstance(item, RecognizerInfo):
            hop_ms = 1000 * item.hop / SAMPLE_RATE
            now = ScoresAt(entry.at_ms, item.labels, hop_ms, item.settings, item.source, item.listening)
        elif now is not None and isinstance(item, DetectorChanged):
            now = ScoresAt(entry.at_ms, now.labels, now.hop_ms, DetectorSettings.from_event(item), now.source, now.listening)
        elif now is not None and isinstance(item, ListeningChanged):
            now = ScoresAt(entry.at_ms, now.labels, now.hop_ms, now.settings, now.source, item.listening)
        else:
            continue
        out.append(now)
    return sorted(out, key=lambda hearing: hearing.at_ms)
