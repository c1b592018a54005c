"""A session told in words, a line an event."""

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
from voicetrail.game import Sketch
from voicetrail.game.inputs import Go, Step, Stop, is_input
from voicetrail.replay.file.entries import (
    Checksum,
    End,
    Item,
    KeyPressed,
    Marker,
    Past,
    RecognizerInfo,
    ScoreRun,
    SettingChanged,
    SoundAt,
)
from voicetrail.replay.timeline import Timeline, new_game
from voicetrail.text import printable


def stamp(ms: int) -> str:
    """A time of the file for people: ``m:ss.cc``, or with hours."""
    hundredths = ms // 10
    seconds, hundredths = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}" if hours else f"{minutes}:{seconds:02}.{hundredths:02}"


def miss(item: WordRejected) -> str:
    """Why a word that nearly was given out was not."""
    match item.reason:
        case "threshold":
            why = f"{item.lacking:.2f} below the threshold"
        case "refractory":
            why = f"{item.lacking:.2f} s too soon after the last"
        case "margin":
            why = f"too near to {item.rival}" if item.rival else "too near to another word"
        case "muted":
            why = "not listening"
    return f"nearly {item.word} {item.score:.2f}: {why}"


def told(item: Item, game: Sketch, at_ms: int) -> str:
    """What an item did, applying it to the game if it is an input; empty for what needs no words."""
    if is_input(item):
        message = game.apply(item, at_ms).message
        by = {"key": "key", "voice": "word"}[item.by] if isinstance(item, Step | Go | Stop) else "key"
        return f"{by}: {message or 'nothing moves'}"
    match item:
        case WordHeard():
            return f"heard {item.word} {item.score:.2f}"
        case WordRejected():
            return miss(item)
        case KeyPressed(action):
            return f"key: {action}"
        case SettingChanged(name, value):
            return f"setting {name} = {value}"
        case ListeningChanged():
            return "listening" if item.listening else "not listening"
        case DetectorChanged():
            own = "".join(f" {word} {value:g}" for word, value in item.thresholds.items())
            return f"detector: threshold {item.threshold:g}{own}, refractory {item.refractory:g} s"
        case RecognizerInfo():
            return f"the ears are open: {item.weights or 'unnamed weights'} on {item.source or 'a source without a name'}"
        case SourceLost() | SourceDelayed():
            return f"sound: {item.message}"
        case SourceBack():
            return f"sound is back: {item.name}"
        case SourceEnded():
            return "the sound ended"
        case SamplesLost():
            return f"{item.count} samples lost"
        case Marker(label):
            return f"marker {label}".rstrip()
        case Past(inputs):
            for when, one in inputs:
                game.apply(one, when)
            return f"{len(inputs)} inputs from before the recording"
        case End(reason):
            return f"end: {reason}" if reason else "end"
        case ScoreRun() | Checksum() | SoundAt():
            return ""
    return ""


def story(timeline: Timeline) -> Iterator[str]:
    """The whole session, a line an event, safe to print."""
    header, recording = timeline.header, timeline.recording
    about = [header.date, header.title, f"{header.vocabulary}", f"source {header.source}" if header.source else ""]
    yield printable(" · ".join(part for part in about if part) or recording.path.name)
    game = new_game(header)
    for entry in sorted(recording.entries, key=lambda entry: entry.at_ms):
        line = told(entry.item, game, timeline.session_ms(entry.at_ms))
        if line:
            yield f"{stamp(entry.at_ms):>9}  {printable(line)}"
    tally = timeline.final.tally
    yield f"drawn: {tally.strokes} strokes ({tally.words} by voice), {tally.length} steps, {tally.undone} undone"
    if recording.remark:
        yield printable(recording.remark)
