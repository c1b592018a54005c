"""The codes of the lines, and how the data of each is written and read.

==== ============================ ==========================================================
code what                         data
==== ============================ ==========================================================
i    an input of the game         ``{"do": name, …}``, see ``game.inputs``
w    a word was heard             ``[word, score, time]``
n    a word nearly was            ``[word, score, reason, lacking, time, rival]``
s    scores of some hops          ``[time of the first, hops, text, ms late]``, see ``replay.file.scores``
k    a key's action               name
v    a setting changed            ``[name, value]``
l    listening on or off          ``[on, time]``
d    the detector's settings      ``{"threshold": …, …, "time": time}``
e    the recognizer listens       ``{"labels": …, "hop": …, "weights": …, …, "time": time}``
b    news of the source           ``[kind, time, message or count]``
m    a marker                     label
c    a checksum of the drawing    ``[checksum, session ms]``
a    where the sound file is      ``[its sample, time]``
p    inputs before the recording  ``[[session ms, input], …]``
x    the end                      reason, empty where the player ended it
==== ============================ ==========================================================

``time`` counts samples of the stream of sound at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast, get_args

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
    End,
    Item,
    KeyPressed,
    Marker,
    News,
    Past,
    RecognizerInfo,
    ScoreRun,
    SettingChanged,
    SoundAt,
    Unknown,
)
from voicetrail.replay.file.fields import flag, number, plain, row, some, table, text, whole
from voicetrail.replay.file.scores import HOPS_MAX, LABELS_MAX
from voicetrail.spotting.detector import DetectorSettings, Phase, Snapshot, WordState

PAST_MAX = 200
"""Most inputs that one line of the past holds."""
RUN_TEXT_MAX = 64_000


def to_line(item: Item) -> tuple[str, object]:
    """The code and the data of something that happened."""
    if inputs.is_input(item):
        return "i", inputs.to_json(item)
    match item:
        case WordHeard(time, word, score):
            return "w", [word, score, time]
        case WordRejected(time, word, score, reason, lacking, rival):
            return "n", [word, score, reason, lacking, time, rival]
        case ScoreRun(time, hops, packed, late_ms):
            return "s", [time, hops, packed, late_ms]
        case KeyPressed(action):
            return "k", action
        case SettingChanged(name, value):
            return "v", [name, value]
        case ListeningChanged(time, listening):
            return "l", [listening, time]
        case DetectorChanged():
            return "d", {"time": item.time, **DetectorSettings.from_event(item).as_dict()}
        case RecognizerInfo():
            return "e", _recognizer_to_json(item)
        case SourceLost(time, message) | SourceDelayed(time, message):
            return "b", ["lost" if isinstance(item, SourceLost) else "delayed", time, message]
        case SourceBack(time, name):
            return "b", ["back", time, name]
        case SourceEnded(time):
            return "b", ["ended", time, ""]
        case SamplesLost(time, count, total):
            return "b", ["dropped", time, [count, total]]
        case Marker(label):
            return "m", label
        case Checksum(value, at_ms):
            return "c", [value, at_ms]
        case SoundAt(position, time):
            return "a", [position, time]
        case Past(past):
            return "p", [[at_ms, inputs.to_json(one)] for at_ms, one in past]
        case End(reason):
            return "x", reason
        case Unknown(code, data):
            return code, data
    raise TypeError(f"no line holds a {type(item).__name__}")


def from_line(code: str, data: object) -> Item:
    """What a line says happened; ``Unknown`` for a code that this version does not know.

    Raises:
        ValueError: the data are not what the code asks for.
    """
    reader = _READERS.get(code)
    return Unknown(code, data) if reader is None else reader(data)


def _word(data: object) -> WordHeard:
    word, score, time = row(data, 3)
    return WordHeard(whole(time), text(word), number(score, 0, 1))


def _near_miss(data: object) -> WordRejected:
    word, score, reason, lacking, time, rival = row(data, 6)
    if reason not in get_args(RejectionReason):
        raise ValueError("not a reason")
    other = None if rival is None else text(rival)
    return WordRejected(
        whole(time), text(word), number(score, 0, 1), cast(RejectionReason, reason), number(lacking, 0, 1e6), other
    )


def _scores(data: object) -> ScoreRun:
    time, hops, packed, late_ms = row(data, 4)
    return ScoreRun(whole(time), whole(hops, 1, HOPS_MAX), text(packed, RUN_TEXT_MAX), whole(late_ms, -60_000, 60_000))


def _setting(data: object) -> SettingChanged:
    name, value = row(data, 2)
    return SettingChanged(text(name), plain(value))


def _listening(data: object) -> ListeningChanged:
    listening, time = row(data, 2)
    return ListeningChanged(whole(time), flag(listening))


def detector_settings(data: object) -> DetectorSettings:
    """Read a detector's settings from an object, each within what makes sense."""
    values = table(data)
    thresholds = {word: number(value, 0, 1) for word, value in table(values.get("thresholds", {})).items()}
    return DetectorSettings(
        number(values.get("threshold"), 0, 1),
        thresholds,
        number(values.get("smoothing"), 0, 10),
        number(values.get("refractory"), 0, 60),
        number(values.get("margin"), 0, 1),
        number(values.get("talk_shift", 0.0), 0, 1),  # files from before it have none
    )


def _detector(data: object) -> DetectorChanged:
    return detector_settings(data).to_event(whole(table(data).get("time")))


def _news(data: object) -> News:
    kind, time, rest = row(data, 3)
    at = whole(time)
    match kind:
        case "lost":
            return SourceLost(at, text(rest))
        case "delayed":
            return SourceDelayed(at, text(rest))
        case "back":
            return SourceBack(at, text(rest))
        case "ended":
            return SourceEnded(at)
        case "dropped":
            count, total = row(rest, 2)
            return SamplesLost(at, whole(count), whole(total))
    raise ValueError("no such news")


def _recognizer_to_json(recognizer: RecognizerInfo) -> dict[str, object]:
    return {
        "time": recognizer.time,
        "labels": list(recognizer.labels),
        "hop": recognizer.hop,
        "weights": recognizer.weights,
        "hash": recognizer.weights_hash,
        "source": recognizer.source,
        "listening": recognizer.listening,
        "settings": recognizer.settings.as_dict(),
        "recent": [[time, list(posteriors)] for time, posteriors in recognizer.state.recent],
        "words": {
            word: [state.phase.value, state.last_heard, state.extreme, state.lead, state.rival]
            for word, state in recognizer.state.words.items()
        },
        "talk": recognizer.state.talk_level,
    } | ({"meanings": dict(recognizer.meanings)} if recognizer.meanings else {})


def _recognizer(data: object) -> RecognizerInfo:
    values = table(data)
    labels = tuple(text(label) for label in some(values.get("labels"), LABELS_MAX))
    if not labels or len(set(labels)) < len(labels):
        raise ValueError("no labels, or one twice")
    recent = []
    for one in some(values.get("recent", [])):
        time, posteriors = row(one, 2)
        recent.append((whole(time), tuple(number(value, 0, 1) for value in row(posteriors, len(labels)))))
    words = {word: _word_state(state) for word, state in table(values.get("words", {})).items()}
    return RecognizerInfo(
        time=whole(values.get("time")),
        labels=labels,
        hop=whole(values.get("hop"), 1, 160_000),
        weights=text(values.get("weights")),
        weights_hash=text(values.get("hash")),
        source=text(values.get("source")),
        settings=detector_settings(values.get("settings")),
        listening=flag(values.get("listening", True)),
        state=Snapshot(tuple(recent), words, number(values.get("talk", 0.0), 0, 1)),
        meanings={label: text(meaning) for label, meaning in table(values.get("meanings", {})).items() if label in labels},
    )


def _word_state(data: object) -> WordState:
    first, last_heard, extreme, lead, rival = [*row(data, 3, 5), None, None][:5]
    last_heard = None if last_heard is None else whole(last_heard)
    if isinstance(first, bool):
        # Earlier files say whether the word was armed, and -1 in place of the peak of one that was still falling.
        peak = number(extreme, -1, 1)
        phase = Phase.FIRED if not first else Phase.FALLING if peak < 0 else Phase.RISING if peak > 0 else Phase.IDLE
        return WordState(phase, last_heard, 0.0 if phase is Phase.FIRED else peak if peak >= 0 else 1.0)
    return WordState(
        Phase(text(first)),
        last_heard,
        number(extreme, 0, 1),
        None if lead is None else number(lead, -1, 1),
        None if rival is None else text(rival),
    )


def _checksum(data: object) -> Checksum:
    value, at_ms = row(data, 2)
    return Checksum(text(value, 64), whole(at_ms))


def _sound(data: object) -> SoundAt:
    position, time = row(data, 2)
    return SoundAt(whole(position), whole(time))


def _past(data: object) -> Past:
    pairs = [row(one, 2) for one in some(data, PAST_MAX)]
    return Past(tuple((whole(at_ms), inputs.from_json(one)) for at_ms, one in pairs))


_READERS: Mapping[str, Callable[[object], Item]] = {
    "i": inputs.from_json,
    "w": _word,
    "n": _near_miss,
    "s": _scores,
    "k": lambda data: KeyPressed(text(data)),
    "v": _setting,
    "l": _listening,
    "d": _detector,
    "e": _recognizer,
    "b": _news,
    "m": lambda data: Marker(text(data)),
    "c": _checksum,
    "a": _sound,
    "p": _past,
    "x": lambda data: End(text(data)),
}
