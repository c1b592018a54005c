"""A replay with an index: the game, the scores and the words at any moment, without playing from the start."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from voicetrail.events import ListeningChanged, WordHeard, WordRejected
from voicetrail.game.inputs import Input, is_input
from voicetrail.game.rules import Rules
from voicetrail.progress import Report, report_nothing
from voicetrail.replay.file.entries import Entry, Marker, SettingChanged
from voicetrail.replay.file.format import Header
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.history import Difference, GameHistory
from voicetrail.replay.score_index import RecognizerState, ScoreIndex

_SHOWN = (WordHeard, WordRejected, SettingChanged, ListeningChanged, Marker)


class Timeline:
    """Looks up the state at any moment of a replay.

    Creating one plays the inputs once, keeps copies of the game at intervals, and compares every checksum with the game's.

    Args:
        replay: the session; while it is still being recorded, ``extend`` adds what was recorded since.
        progress: called with the part that is done.
    """

    def __init__(self, replay: Replay, progress: Report = report_nothing) -> None:
        self.replay = replay
        self.shown: list[Entry] = []
        """The events that the player can jump to, by time."""
        self.detected: list[Entry] = []
        """Words and near misses, by time."""
        self.markers: list[Entry] = []
        self._history = GameHistory(replay.header)
        self._scores = ScoreIndex()
        self.extend(replay, replay.entries, progress)

    def extend(self, replay: Replay, entries: Sequence[Entry], progress: Report = report_nothing) -> None:
        """Add what was recorded since.

        Args:
            replay: the whole of it.
            entries: the new entries.
            progress: called with the part that is done.
        """
        self.replay = replay
        for number, entry in enumerate(entries):
            self._history.add(entry)
            self._scores.add(entry)
            item = entry.item
            if isinstance(item, WordHeard | WordRejected):
                _put(self.detected, entry)
            elif isinstance(item, Marker):
                _put(self.markers, entry)
            if isinstance(item, _SHOWN) or is_input(item):
                _put(self.shown, entry)
            progress(number / len(entries))
        self.stops = sorted({entry.at_ms for entry in self.shown})
        """The times of ``shown``."""

    @property
    def header(self) -> Header:
        """The replay's header."""
        return self.replay.header

    @property
    def duration_ms(self) -> int:
        """The latest time of any entry."""
        return self.replay.duration_ms

    @property
    def inputs(self) -> list[tuple[int, Input]]:
        """Every input with its time on the file's clock, in order."""
        return self._history.inputs

    @property
    def checked(self) -> int:
        """How many checksums were compared."""
        return self._history.checked

    @property
    def differences(self) -> list[Difference]:
        """Checksums that were wrong, in order."""
        return self._history.differences

    @property
    def recognizer_states(self) -> list[RecognizerState]:
        """Every change of the recognizer, the detector's settings and listening, by time."""
        return self._scores.states

    @property
    def scores(self) -> ScoreIndex:
        """The scores by time."""
        return self._scores

    @property
    def final(self) -> Rules:
        """The game at the end, a copy of its own."""
        return self.game_at(self.duration_ms)

    def inputs_until(self, at_ms: int) -> int:
        """How many inputs there were up to a moment, it included."""
        return self._history.inputs_until(at_ms)

    def session_ms(self, at_ms: int) -> int:
        """The time of the session's clock at a time of the file's."""
        return self.header.began_ms + at_ms

    def game_at(self, at_ms: int) -> Rules:
        """The game at a moment, a copy of its own."""
        return self._history.game_at(at_ms)

    def recognizer_at(self, at_ms: int) -> RecognizerState | None:
        """The recognizer at a moment; ``None`` before it was loaded."""
        return self._scores.state_at(at_ms)

    def scores_at(self, at_ms: int) -> tuple[float, ...] | None:
        """The smoothed scores at a moment, as the bars showed them; ``None`` where there are none."""
        return self._scores.scores_at(at_ms)

    def talk_shift_at(self, at_ms: int) -> float:
        """The threshold shift at a moment."""
        return self._scores.talk_shift_at(at_ms)

    def detected_until(self, at_ms: int, count: int) -> list[Entry]:
        """The last ``count`` words and near misses up to a moment, oldest first."""
        end = bisect_right(self.detected, at_ms, key=_time)
        return self.detected[max(0, end - count) : end]

    def detected_between(self, since_ms: int, until_ms: int) -> list[Entry]:
        """The words and near misses between two moments, both included."""
        return self.detected[bisect_left(self.detected, since_ms, key=_time) : bisect_right(self.detected, until_ms, key=_time)]

    def shown_between(self, after_ms: int, until_ms: int) -> list[Entry]:
        """The events of ``shown`` after one moment and up to another, which is included."""
        return self.shown[bisect_right(self.shown, after_ms, key=_time) : bisect_right(self.shown, until_ms, key=_time)]


def _put(entries: list[Entry], entry: Entry) -> None:
    """Insert an entry by time, which is nearly always at the end."""
    if not entries or entries[-1].at_ms <= entry.at_ms:
        entries.append(entry)
    else:
        insort(entries, entry, key=_time)


def _time(entry: Entry) -> int:
    return entry.at_ms
