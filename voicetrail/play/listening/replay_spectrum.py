"""The recorded sound as the recognizer saw it, for the player of replays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicetrail.errors import ReplayError
from voicetrail.events import WordHeard
from voicetrail.play.listening.spectrum import HOP_S, bands_of
from voicetrail.replay.analysis.whatif import last_weights
from voicetrail.replay.file.sound import SoundReader
from voicetrail.replay.timeline import Timeline
from voicetrail.text import printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

HOP_MS = round(1000 * HOP_S)
MOST_HOPS = 60
"""Most hops that are made at once: after a jump, what the screen has room for."""


class Picturing(Protocol):
    """A recognizer that shows what it makes of a window (``spotting.recognizer.Recognizer`` is one)."""

    window_samples: int

    def spectrogram(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The network's input for one window: ``[rows, frames]``."""
        ...


class ReplaySpectrum:
    """Looks up what the recognizer saw at a moment.

    Args:
        timeline: the session; its sound lies beside it.
        recognizer: the recognizer.

    Raises:
        ReplayError: there is no sound, or it cannot be read.
    """

    def __init__(self, timeline: Timeline, recognizer: Picturing) -> None:
        sound = timeline.replay.sound
        if sound is None:
            raise ReplayError(f"there is no sound beside {printable(timeline.replay.path.name)}; record with --record-audio")
        self._timeline = timeline
        self._recognizer = recognizer
        self._sound = SoundReader(sound)

    def hops(self, after_ms: int, until_ms: int) -> list[tuple[tuple[float, ...], bool]]:
        """The hops after one moment and up to another, it included; of many, the last ones.

        Returns:
            The level of each band from the lowest, between 0 and 1, and whether a word was given out.
        """
        first = max(after_ms // HOP_MS + 1, until_ms // HOP_MS - MOST_HOPS + 1, 0)
        return [self._hop(number * HOP_MS) for number in range(first, until_ms // HOP_MS + 1)]

    def _hop(self, at_ms: int) -> tuple[tuple[float, ...], bool]:
        picture = self._recognizer.spectrogram(self._sound.before(at_ms, self._recognizer.window_samples))
        detected = self._timeline.detected_between(at_ms - HOP_MS + 1, at_ms)
        return bands_of(picture), any(isinstance(entry.item, WordHeard) for entry in detected)

    def close(self) -> None:
        """Close the sound."""
        self._sound.close()


def load_spectrum(timeline: Timeline) -> ReplaySpectrum:
    """Load the session's recognizer and open its sound; slow, for a thread of its own.

    Raises:
        VoicetrailError: the weights or the sound cannot be had.
    """
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    name, _ = last_weights(timeline.replay)
    return ReplaySpectrum(timeline, load_recognizer(name or timeline.header.vocabulary))
