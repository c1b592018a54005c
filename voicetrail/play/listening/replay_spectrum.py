"""The spectrogram of the recorded sound, for the replay player."""

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
"""Maximum number of hops at once: as many as the screen can show after a jump."""


class Picturing(Protocol):
    """A recognizer that can compute its input for a window, such as ``spotting.recognizer.Recognizer``."""

    window_samples: int

    def spectrogram(self, window: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the network's input for one window, with shape ``[rows, frames]``."""
        ...


class ReplaySpectrum:
    """Computes the spectrogram at a time of a replay.

    Args:
        timeline: the replay, with a sound file.
        recognizer: the recognizer.

    Raises:
        ReplayError: there is no sound file, or it cannot be read.
    """

    def __init__(self, timeline: Timeline, recognizer: Picturing) -> None:
        sound = timeline.replay.sound
        if sound is None:
            raise ReplayError(
                f"{printable(timeline.replay.path.name)} has no sound; record with --record-audio to keep the sound"
            )
        self._timeline = timeline
        self._recognizer = recognizer
        self._sound = SoundReader(sound)

    def hops(self, after_ms: int, until_ms: int) -> list[tuple[tuple[float, ...], bool]]:
        """Return the hops after one time, up to and including another; only the last ones if there are too many.

        Returns:
            For each hop the level of each band from the lowest, 0 to 1, and whether a word was detected.
        """
        first = max(after_ms // HOP_MS + 1, until_ms // HOP_MS - MOST_HOPS + 1, 0)
        return [self._hop(number * HOP_MS) for number in range(first, until_ms // HOP_MS + 1)]

    def _hop(self, at_ms: int) -> tuple[tuple[float, ...], bool]:
        picture = self._recognizer.spectrogram(self._sound.before(at_ms, self._recognizer.window_samples))
        detected = self._timeline.detected_between(at_ms - HOP_MS + 1, at_ms)
        return bands_of(picture), any(isinstance(entry.item, WordHeard) for entry in detected)

    def close(self) -> None:
        """Close the sound file."""
        self._sound.close()


def load_spectrum(timeline: Timeline) -> ReplaySpectrum:
    """Load the recognizer of a replay and open its sound. This is slow and needs its own thread.

    Raises:
        VoicetrailError: the weights or the sound are not available.
    """
    from voicetrail.spotting.preload import preload_torch

    preload_torch()
    from voicetrail.spotting.recognizer import load_recognizer

    name, _ = last_weights(timeline.replay)
    return ReplaySpectrum(timeline, load_recognizer(name or timeline.header.vocabulary))
