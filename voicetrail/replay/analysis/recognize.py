"""Recognizes recorded sound again, with the same weights or with others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from voicetrail.audio.blocks import BlockSource
from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, SourceLost, WordHeard, WordRejected
from voicetrail.game.inputs import is_input
from voicetrail.listening import Gain, Listener, RecognizerProtocol
from voicetrail.progress import Report, report_nothing
from voicetrail.replay.analysis.whatif import WhatIfResult, compare
from voicetrail.replay.file.entries import Checksum, Entry, RecognizerStarted, ScoreRun, SoundStart
from voicetrail.replay.file.reader import Replay
from voicetrail.replay.file.sound import read_sound
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable


def recognize_again(
    replay: Replay,
    recognizer: RecognizerProtocol,
    settings: DetectorSettings,
    *,
    gain: Callable[[], Gain | None] = lambda: None,
    progress: Report = report_nothing,
) -> WhatIfResult:
    """Recognize the session's sound again, and compare the words with those of the session.

    Each stretch of sound is recognized by itself, from the sample at which it began and without the silence that was filled in.
    With the session's own weights the windows are therefore the same as in the session. Muted stretches were recorded as
    silence and give no words.

    Args:
        replay: the session; its sound lies beside it.
        recognizer: the recognizer.
        settings: the detector's settings.
        gain: makes the gain stage of a stretch.
        progress: called with the part that is done.

    Raises:
        ReplayError: there is no sound, or it cannot be read.
    """
    if replay.sound is None:
        raise ReplayError(f"there is no sound beside {printable(replay.path.name)}; record with --record-audio")
    samples = read_sound(replay.sound)
    detected: list[Entry] = []
    for pieces in _stretches(replay, len(samples)):
        sound = np.concatenate([samples[piece.position : piece.position + piece.length] for piece in pieces])
        source = BlockSource([sound], replay.sound.name)
        listener = Listener(source, recognizer, Detector(recognizer.labels, settings), gain=gain())
        for event in listener.events():
            piece = [piece for piece in pieces if piece.offset < max(1, listener.time)][-1]
            position = piece.position + listener.time - piece.offset
            progress(min(1.0, position / max(1, len(samples))))
            if isinstance(event, WordHeard | WordRejected):
                detected.append(Entry(position * 1000 // SAMPLE_RATE, replace(event, time=position)))
    staying = [entry for entry in replay.entries if _stays(entry)]
    return compare(replay, staying, detected)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Sound that lies in the file without silence filled in."""

    offset: int
    """Its position in its stretch."""
    position: int
    """Its position in the file."""
    length: int


def _stretches(replay: Replay, total: int) -> list[list[_Piece]]:
    """The pieces of sound that one listener took without interruption, between one loss of the source and the next."""
    marks: list[SoundStart | SourceLost] = [
        entry.item for entry in replay.entries if isinstance(entry.item, SoundStart | SourceLost)
    ]
    marks = marks or [SoundStart(0, 0)]
    stretches: list[list[_Piece]] = []
    before: SoundStart | None = None
    for mark in marks:
        if isinstance(mark, SourceLost):
            before = None
            continue
        position = min(mark.position, total)
        if before is not None and 0 < mark.time - before.time <= position - before.position:
            # The same stream goes on: silence was filled in only to keep in step with the clock.
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
    """Whether an entry does not depend on what was recognized."""
    item = entry.item
    if isinstance(item, WordHeard | WordRejected | ScoreRun | RecognizerStarted | Checksum):
        return False
    return not (is_input(item) and getattr(item, "by", "") == "voice")
