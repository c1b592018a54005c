"""The codes of the lines: one table of what each line holds, with its bounds and its conversion to a record and back.

``docs/replays.md`` shows this table; ``time`` there counts samples of the stream of sound at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from voicetrail.detector_settings import BOUNDS, DetectorSettings
from voicetrail.events import (
    DetectorChanged,
    ListeningChanged,
    RejectionReason,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game import inputs
from voicetrail.replay.file.entries import (
    Checksum,
    EarlierInputs,
    End,
    Item,
    Marker,
    RecognizerStarted,
    ScoreRun,
    SettingChanged,
    SoundStart,
    SourceChange,
    Totals,
)
from voicetrail.replay.file.fields import (
    FLAG,
    SCALAR,
    SCORE,
    TEXT,
    TIME,
    Either,
    FieldType,
    ListOf,
    MapOf,
    Maybe,
    Number,
    Object,
    OneOf,
    Row,
    Text,
    Whole,
)
from voicetrail.replay.file.scores import HOPS_MAX, LABELS_MAX
from voicetrail.spotting.detector import Phase, Snapshot, WordState
from voicetrail.text import is_unicode

EARLIER_MAX = 200
"""Most inputs in one line of earlier inputs; a recorder writes more lines."""
LATE_MAX_MS = 24 * 3_600_000
"""Longest time that scores may wait for their line: a suspended program may wait for hours."""


class _Input:
    """An input of the game in its own JSON form, which has its own bounds (``game.inputs``)."""

    about = '{"do": name, …}'

    def read(self, value: object) -> inputs.Input:
        if isinstance(value, dict) and not all(is_unicode(one) for one in value.values() if isinstance(one, str)):
            raise ValueError("text that is not Unicode")
        return inputs.from_json(value)

    def write(self, value: inputs.Input) -> inputs.Json:
        return {
            name: one.encode("utf-8", "replace").decode() if isinstance(one, str) else one
            for name, one in inputs.to_json(value).items()
        }


class _WordState:
    """The detector's state of one word; earlier files have another row, which is read as well."""

    _row = Row(
        phase=OneOf([phase.value for phase in Phase]),
        last_heard=Maybe(TIME),
        extreme=SCORE,
        lead=Maybe(Number(-1, 1)),
        rival=Maybe(TEXT),
    )
    _earlier = Row(armed=FLAG, last_heard=Maybe(TIME), peak=Number(-1, 1))
    about = _row.about

    def read(self, value: object) -> WordState:
        if not isinstance(value, list) or len(value) != 3:
            phase, last_heard, extreme, lead, rival = self._row.read(value)
            return WordState(Phase(phase), last_heard, extreme, lead, rival)
        armed, last_heard, peak = self._earlier.read(value)
        # A peak of -1 meant that the score was still falling.
        phase = Phase.FIRED if not armed else Phase.FALLING if peak < 0 else Phase.RISING if peak > 0 else Phase.IDLE
        return WordState(phase, last_heard, 0.0 if phase is Phase.FIRED else peak if peak >= 0 else 1.0)

    def write(self, value: WordState) -> list[object]:
        return self._row.write((value.phase.value, value.last_heard, value.extreme, value.lead, value.rival))


INPUT = _Input()
_SETTINGS: dict[str, FieldType] = {
    "thresholds": MapOf(Number(BOUNDS["threshold"].low, BOUNDS["threshold"].high)),
    **{name: Number(bounds.low, bounds.high) for name, bounds in BOUNDS.items()},
}
_SETTINGS_ADDED_LATER = {"thresholds": {}, **{name: bounds.default for name, bounds in BOUNDS.items() if bounds.added_later}}
SETTINGS = Object(_SETTINGS, _SETTINGS_ADDED_LATER)
"""The detector's settings."""


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of line."""

    code: str
    what: str
    """For the docs."""
    data: FieldType
    kinds: tuple[type, ...]
    """The records that become such a line."""
    values: Callable[[Any], Any]
    """The values of a record that ``data`` writes."""
    record: Callable[[Any], Item]
    """The record of the values that ``data`` read."""


def to_line(item: Item) -> tuple[str, object]:
    """The code and the data of a record, within the bounds.

    Raises:
        TypeError: no line holds such a thing.
    """
    code = _BY_KIND.get(type(item))
    if code is None:
        raise TypeError(f"no line holds a {type(item).__name__}")
    return code.code, code.data.write(code.values(item))


def from_line(code: str, data: object) -> Item:
    """The record that a line holds; its code is one of ``CODES``.

    Raises:
        ValueError: the data are not within the bounds.
    """
    known = CODES[code]
    return known.record(known.data.read(data))


def _source_change(kind: str, time: int, rest: Any) -> SourceChange:
    if kind == "dropped":
        if isinstance(rest, str):
            raise ValueError("not two numbers")
        return SamplesLost(time, *rest)
    if not isinstance(rest, str):
        raise ValueError("not a text")
    match kind:
        case "lost":
            return SourceLost(time, rest)
        case "delayed":
            return SourceDelayed(time, rest)
        case "back":
            return SourceBack(time, rest)
    return SourceEnded(time)


def _source_values(item: SourceChange) -> tuple[str, int, object]:
    match item:
        case SourceLost(time, message):
            return "lost", time, message
        case SourceDelayed(time, message):
            return "delayed", time, message
        case SourceBack(time, name):
            return "back", time, name
        case SamplesLost(time, count, total):
            return "dropped", time, (count, total)
        case SourceEnded(time):
            return "ended", time, ""


def _recognizer_values(item: RecognizerStarted) -> dict[str, object]:
    return {
        "time": item.time,
        "labels": item.labels,
        "hop": item.hop,
        "weights": item.weights,
        "hash": item.weights_hash,
        "source": item.source,
        "listening": item.listening,
        "settings": item.settings.to_dict(),
        "recent": item.state.recent,
        "words": item.state.words,
        "talk": item.state.talk_level,
        "meanings": item.meanings,
    }


def _recognizer(values: dict[str, Any]) -> RecognizerStarted:
    labels = tuple(values["labels"])
    if not labels or len(set(labels)) < len(labels):
        raise ValueError("no labels, or one twice")
    recent = tuple((time, tuple(posteriors)) for time, posteriors in values["recent"])
    if any(len(posteriors) != len(labels) for _, posteriors in recent):
        raise ValueError("not a posterior for each label")
    return RecognizerStarted(
        time=values["time"],
        labels=labels,
        hop=values["hop"],
        weights=values["weights"],
        weights_hash=values["hash"],
        source=values["source"],
        settings=DetectorSettings.from_dict(values["settings"]),
        listening=values["listening"],
        state=Snapshot(recent, values["words"], values["talk"]),
        meanings={label: meaning for label, meaning in values["meanings"].items() if label in labels},
    )


_RECOGNIZER = Object(
    {
        "time": TIME,
        "labels": ListOf(TEXT, LABELS_MAX),
        "hop": Whole(1, 160_000),
        "weights": TEXT,
        "hash": TEXT,
        "source": TEXT,
        "listening": FLAG,
        "settings": SETTINGS,
        "recent": ListOf(Row(time=TIME, posteriors=ListOf(SCORE, LABELS_MAX))),
        "words": MapOf(_WordState()),
        "talk": SCORE,
        "meanings": MapOf(TEXT),
    },
    {"listening": True, "recent": [], "words": {}, "talk": 0.0, "meanings": {}},
)

_TABLE = (
    Code("i", "an input of the game", INPUT, get_args(inputs.Input), lambda item: item, lambda item: item),
    Code(
        "w",
        "a word was detected",
        Row(word=TEXT, score=SCORE, time=TIME),
        (WordHeard,),
        lambda item: (item.word, item.score, item.time),
        lambda row: WordHeard(row[2], row[0], row[1]),
    ),
    Code(
        "n",
        "a near miss",
        Row(
            word=TEXT,
            score=SCORE,
            reason=OneOf(get_args(RejectionReason)),
            lacking=Number(0, 1e6),
            time=TIME,
            rival=Maybe(TEXT),
        ),
        (WordRejected,),
        lambda item: (item.word, item.score, item.reason, item.lacking, item.time, item.rival),
        lambda row: WordRejected(row[4], row[0], row[1], row[2], row[3], row[5]),
    ),
    Code(
        "s",
        "the scores of some hops, see [scores](#scores)",
        Row(time_of_the_first=TIME, hops=Whole(1, HOPS_MAX), scores=Text(64_000), late_ms=Whole(-LATE_MAX_MS, LATE_MAX_MS)),
        (ScoreRun,),
        lambda item: (item.time, item.hops, item.text, item.late_ms),
        lambda row: ScoreRun(*row),
    ),
    Code(
        "v",
        "a setting changed",
        Row(name=TEXT, value=SCALAR),
        (SettingChanged,),
        lambda item: (item.name, item.value),
        lambda row: SettingChanged(*row),
    ),
    Code(
        "l",
        "listening on or off",
        Row(listening=FLAG, time=TIME),
        (ListeningChanged,),
        lambda item: (item.listening, item.time),
        lambda row: ListeningChanged(row[1], row[0]),
    ),
    Code(
        "d",
        "the detector's settings changed",
        Object({"time": TIME, **_SETTINGS}, _SETTINGS_ADDED_LATER),
        (DetectorChanged,),
        lambda item: {"time": item.time, **item.settings.to_dict()},
        lambda values: DetectorChanged(values["time"], DetectorSettings.from_dict(values)),
    ),
    Code(
        "e",
        "the recognizer listens: its labels and the detector's state",
        _RECOGNIZER,
        (RecognizerStarted,),
        _recognizer_values,
        _recognizer,
    ),
    Code(
        "b",
        "the source was lost, delayed, came back or ended, or samples were dropped",
        Row(
            kind=OneOf(("lost", "delayed", "back", "ended", "dropped")),
            time=TIME,
            message_or_counts=Either(TEXT, Row(now=TIME, in_all=TIME)),
        ),
        get_args(SourceChange),
        _source_values,
        lambda row: _source_change(*row),
    ),
    Code("m", "a marker", TEXT, (Marker,), lambda item: item.label, Marker),
    Code(
        "c",
        "a checksum of the game",
        Row(checksum=Text(64), session_ms=TIME),
        (Checksum,),
        lambda item: (item.value, item.at_ms),
        lambda row: Checksum(*row),
    ),
    Code(
        "a",
        "the sound file's sample `position` is sample `time` of the stream",
        Row(position=TIME, time=TIME),
        (SoundStart,),
        lambda item: (item.position, item.time),
        lambda row: SoundStart(*row),
    ),
    Code(
        "p",
        "inputs from before the recording",
        ListOf(Row(session_ms=TIME, input=INPUT), EARLIER_MAX),
        (EarlierInputs,),
        lambda item: item.inputs,
        lambda rows: EarlierInputs(tuple((at_ms, one) for at_ms, one in rows)),
    ),
    Code(
        "t",
        "totals for a list of replays, just before the end",
        Object({"duration_ms": TIME, "words": TIME, "movements": ListOf(TEXT, 16)}),
        (Totals,),
        lambda item: {"duration_ms": item.duration_ms, "words": item.words, "movements": item.movements},
        lambda values: Totals(values["duration_ms"], values["words"], tuple(values["movements"])),
    ),
    Code("x", "the end", TEXT, (End,), lambda item: item.reason, End),
)

CODES: Mapping[str, Code] = {one.code: one for one in _TABLE}
"""Every kind of line by its code."""
_BY_KIND = {kind: one for one in _TABLE for kind in one.kinds}
