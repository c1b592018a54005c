"""A session as text, one line per event."""

from __future__ import annotations

from collections.abc import Iterator

from voicetrail.events import (
    DetectorChanged,
    ListeningChanged,
    SamplesLost,
    SourceBack,
    SourceDelayed,
    SourceEnded,
    SourceLost,
    WordHeard,
    WordRejected,
)
from voicetrail.game.inputs import is_input
from voicetrail.game.rules import Rules
from voicetrail.progress import Report, report_nothing
from voicetrail.replay.file.entries import EarlierInputs, End, Item, Marker, RecognizerStarted, SettingChanged
from voicetrail.replay.history import new_game
from voicetrail.replay.timeline import Timeline
from voicetrail.text import counted, printable


def time_text(ms: int) -> str:
    """A time of the file for people: ``m:ss.cc``, or with hours."""
    hundredths = ms // 10
    seconds, hundredths = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}" if hours else f"{minutes}:{seconds:02}.{hundredths:02}"


def near_miss_text(item: WordRejected) -> str:
    """Why a near miss was not detected."""
    match item.reason:
        case "threshold":
            why = f"{item.lacking:.2f} below the threshold"
        case "refractory":
            why = f"{item.lacking:.2f} s too soon after the last detection"
        case "margin":
            why = f"too close to {item.rival}" if item.rival else "too close to another word"
        case "muted":
            why = "not listening"
    return f"nearly {item.word} {item.score:.2f}: {why}"


def describe(item: Item, game: Rules, at_ms: int) -> str:
    """Describe an item, after applying it to the game if it is an input; empty for what needs no line."""
    if is_input(item):
        message = game.apply(item, at_ms).message
        by_word = getattr(item, "by", "key") == "voice"
        return f"{'word' if by_word else 'key'}: {message or 'nothing moves'}"
    match item:
        case SettingChanged(name, value):
            return f"setting {name} = {value}"
        case Marker(label):
            return f"marker {label}".rstrip()
        case EarlierInputs(inputs):
            for when, one in inputs:
                game.apply(one, when)
            return f"{counted(len(inputs), 'input')} from before the recording"
        case End(reason):
            return f"end: {reason}" if reason else "end"
    return _listening_text(item) or _sound_text(item)


def _listening_text(item: Item) -> str:
    """What became of the words."""
    match item:
        case WordHeard():
            return f"heard {item.word} {item.score:.2f}"
        case WordRejected():
            return near_miss_text(item)
        case ListeningChanged():
            return "listening" if item.listening else "not listening"
        case DetectorChanged():
            own = "".join(f" {word} {value:g}" for word, value in item.settings.thresholds.items())
            return f"detector: threshold {item.settings.threshold:g}{own}, refractory time {item.settings.refractory:g} s"
        case RecognizerStarted():
            return f"the recognizer started: {item.weights or 'unnamed weights'} on {item.source or 'an unnamed source'}"
    return ""


def _sound_text(item: Item) -> str:
    """What became of the sound."""
    match item:
        case SourceLost() | SourceDelayed():
            return f"sound: {item.message}"
        case SourceBack():
            return f"sound is back: {item.name}"
        case SourceEnded():
            return "the sound ended"
        case SamplesLost():
            return f"{counted(item.count, 'sample')} lost"
    return ""


def transcript(timeline: Timeline, progress: Report = report_nothing) -> Iterator[str]:
    """The whole session, one line per event, safe to print."""
    header, replay = timeline.header, timeline.replay
    about = [header.date, header.title, header.vocabulary, f"source {header.source}" if header.source else ""]
    yield printable(" · ".join(part for part in about if part) or replay.path.name)
    game = new_game(header)
    for number, entry in enumerate(sorted(replay.entries, key=lambda entry: entry.at_ms)):
        line = describe(entry.item, game, timeline.session_ms(entry.at_ms))
        if line:
            yield f"{time_text(entry.at_ms):>9}  {printable(line)}"
        progress(number / len(replay.entries))
    final = timeline.final
    result = final.result()
    words = counted(result.words, "word or key", "words and keys")
    yield f"{final.mode_name}: {final.status} ({words}, {result.words - result.presses} by voice, {result.wrong} wrong)"
    if replay.remark:
        yield printable(replay.remark)
