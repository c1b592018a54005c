"""Recorded sound through a recogniser again: the same weights, or others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from voicetrail.audio.source import Source
from voicetrail.errors import ReplayError
from voicetrail.events import SAMPLE_RATE, AudioBlock, SourceEnded, SourceEvent, WordHeard, WordRejected
from voicetrail.game.inputs import Go, Step, Stop, is_input
from voicetrail.listening import Ears as Recognizer
from voicetrail.listening import Gain, Listener
from voicetrail.replay.entries import Checksum, Ears, Entry, ScoreRun, SoundAt
from voicetrail.replay.reader import Recording
from voicetrail.replay.sound import read_sound
from voicetrail.replay.whatif import Outcome, compare
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.text import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BLOCK = SAMPLE_RATE
"""Samples given to the listener at a time."""


class _Samples:
    """A source that gives out an array, as fast as it is asked."""

    live = False

    def __init__(self, samples: npt.NDArray[np.float32], name: str) -> None:
        self.name = name
        self._samples = samples
        self._at = 0
        self._ended = False

    def read(self, timeout: float) -> AudioBlock | SourceEvent | None:
        block = self._samples[self._at : self._at + _BLOCK]
        self._at += len(block)
        if len(block):
            return AudioBlock(block)
        ended, self._ended = self._ended, True
        return None if ended else SourceEnded(0)

    def close(self) -> None:
        self._at = len(self._samples)

    def __enter__(self) -> _Samples:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def rehear(
    recording: Recording,
    recognizer: Recognizer,
    settings: DetectorSettings,
    *,
    gain: Callable[[], Gain | None] = lambda: None,
    progress: Callable[[float], None] = lambda part: None,
) -> Outcome:
    """Hear the session's sound again, and compare the words with those that were heard then.

    The stretches of sound are heard one by one, each from the sample at which it began, so that with the session's own weights
    the windows are the same as they were. Muted stretches were kept as silence and stay without words.

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
    starts = [entry.item.position for entry in recording.entries if isinstance(entry.item, SoundAt)] or [0]
    heard: list[Entry] = []
    for start, end in zip(starts, [*starts[1:], len(samples)], strict=True):
        source: Source = _Samples(samples[start:end], recording.sound.name)
        listener = Listener(source, recognizer, Detector(recognizer.labels, settings), gain=gain())
        for event in listener.events():
            progress(min(1.0, (start + listener.time) / max(1, len(samples))))
            if isinstance(event, WordHeard | WordRejected):
                at_ms = (start + event.time) * 1000 // SAMPLE_RATE
                heard.append(Entry(at_ms, replace(event, time=start + event.time)))
    kept = [entry for entry in recording.entries if _stays(entry)]
    return compare(recording, kept, heard)


def _stays(entry: Entry) -> bool:
    """Whether an entry has nothing to do with what was heard."""
    item = entry.item
    if isinstance(item, WordHeard | WordRejected | ScoreRun | Ears | Checksum):
        return False
    return not (is_input(item) and isinstance(item, Step | Go | Stop) and item.by == "voice")
