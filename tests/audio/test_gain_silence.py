"""No gain makes silence into words: noise of several kinds at every gain, through the real recognizer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from voicetrail.audio.blocks import BlockSource
from voicetrail.audio.gain import make_gain
from voicetrail.events import WordHeard
from voicetrail.listening import Listener
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.recognizer import Recognizer, load_recognizer

RATE = 16_000
SECONDS = 2
LEVEL_DB = -60
Sound = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer("directional4w")


def colored(slope: float, seed: int) -> Sound:
    """Noise whose power falls with frequency to this power: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=SECONDS * RATE))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (slope / 2)
    spectrum[: 20 * SECONDS] = 0
    sound = np.fft.irfft(spectrum)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), dtype=np.float32)


def hum() -> Sound:
    """A mains hum with its overtones."""
    at = np.arange(SECONDS * RATE) / RATE
    return np.asarray(np.sum([np.sin(2 * np.pi * 50 * k * at) / k for k in range(1, 9)], axis=0), dtype=np.float32)


ROOMS = {"white": colored(0, 1), "pink": colored(1, 2), "brown": colored(2, 3), "hum": hum()}


@pytest.mark.parametrize("gain", ["auto", -20, 0, 20, 40])
def test_noise_triggers_no_word(gain: object, recognizer: Recognizer) -> None:
    for room, sound in ROOMS.items():
        quiet = (sound * 10 ** (LEVEL_DB / 20)).astype(np.float32)
        listener = Listener(
            BlockSource([quiet]), recognizer, Detector(recognizer.labels, recognizer.detector), gain=make_gain(gain)
        )
        words = [event.word for event in listener.events() if isinstance(event, WordHeard)]
        assert words == [], f"in {room} noise"
