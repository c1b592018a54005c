"""Recorded sound through a recognizer again: the same weights, or others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from voicetrail.audio.blocks import BlockSource
from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, SourceLost, WordHeard, WordRejected
from voicetrail.game.inputs import Go, Step, Stop, is_input
from voicetrail.listening import Gain, Listener, RecognizerProtocol
from voicetrail.replay.analysis.whatif import WhatIfResult, compare
from voicetrail.replay.file.entries import Checksum, Entry, RecognizerInfo, ScoreRun, SoundAt
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.file.sound import read_sound
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable


def rehear(
    recording: Replay,
    recognizer: RecognizerProtocol,
    settings: DetectorSettings,
    *,
    gain: Callable[[], Gain | None] = lambda: None,
    progress: Callable[[float], None] = lambda part: None,
) -> WhatIfResult:
    """Hear the session's sound again, and compare the words with those that were heard then.

    The stretches of sound are heard one by one, each from the sample at which it began and without the silence that was filled
    in, so that with the session's own weights the windows are the same as they were. Muted stretches were kept as silence and
    stay without words.

    Args:
        recording: the session; its sound lies beside it.
        recognizer: what hears.
        settings: what its detector decides with.
        gain: makes the gain stage of a stretch.
        progress: is told which part is done, between 0 and 1.

    Raises:
        ReplayError: there is no sound, or it cannot be read.
    """
    if recording.sound is None:
        raise ReplayError(f"there is no sound beside {printable(recording.path.name)}; record with --record-audio")
    samples = read_sound(recording.sound)
    heard: list[Entry] = []
    for pieces in _stretches(recording, len(samples)):
        sound = np.concatenate([samples[piece.position : piece.position + piece.length] for piece in pieces])
        source = BlockSource([sound], recording.sound.name)
        listener = Listener(source, recognizer, Detector(recognizer.labels, settings), gain=gain())
        for event in listener.events():
            piece = [piece for piece in pieces if piece.offset < max(1, listener.time)][-1]
            position = piece.position + listener.time - piece.offset
            progress(min(1.0, position / max(1, len(samples))))
            if isinstance(event, WordHeard | WordRejected):
                heard.append(Entry(position * 1000 // SAMPLE_RATE, replace(event, time=position)))
    kept = [entry for entry in recording.entries if _stays(entry)]
    return compare(recording, kept, heard)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Sound that lies in the file without silence filled in."""

    offset: int
    """Where it lies in its stretch."""
    position: int
    """Where it lies in the file."""
    length: int


def _stretches(recording: Replay, total: int) -> list[list[_Piece]]:
    """The pieces of sound that one listener heard one after the other, between one loss of the source and the next."""
    marks: list[SoundAt | SourceLost] = [
        entry.item for entry in recording.entries if isinstance(entry.item, SoundAt | SourceLost)
    ]
    marks = marks or [SoundAt(0, 0)]
    stretches: list[list[_Piece]] = []
    before: SoundAt | None = None
    for mark in marks:
        if isinstance(mark, SourceLost):
            before = None
            continue
        position = min(mark.position, total)
        if before is not None and 0 < mark.time - before.time <= position - before.position:
            # The same stream goes on; only silence was filled in, to keep in step with the clock.
            last = stretches[-1][-1]
            stretches[-1][-1] = replace(last, length=mark.time - before.time)
            offset = last.offset + mark.time - before.time
            stretches[-1].append(_Piece(offset, position, total - position))
        else:
            if stretches:
                last = stretches[-1][-1]
                stretches[-1][-1] = replace(last, length=max(0, min(last.length, position - last.position)))
            stretches.append([_Piece(0, position, total - position)])
        before = mark
    return stretches


def _stays(entry: Entry) -> bool:
    """Whether an entry has nothing to do with what was heard."""
    item = entry.item
    if isinstance(item, WordHeard | WordRejected | ScoreRun | RecognizerInfo | Checksum):
        return False
    return not (is_input(item) and isinstance(item, Step | Go | Stop) and item.by == "voice")
