"""Sources and recognizers that say the same every time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from voicetrail.events import AudioBlock, SourceEvent
from voicetrail.spotting.detector import DetectorSettings

Item = AudioBlock | SourceEvent


class Steady:
    """A microphone that gives 20 ms of a tone every 20 ms, and whatever a test puts in between."""

    live = True
    delay_s = None

    def __init__(self, name: str = "desk microphone", height: float = 0.1) -> None:
        self.name = name
        self.height = height
        self.events: list[SourceEvent] = []
        self.closed = threading.Event()
        self.silent = threading.Event()
        self._next = time.monotonic()

    def read(self, timeout: float) -> Item | None:
        if self.events:
            return self.events.pop(0)
        if self.silent.is_set():
            time.sleep(timeout)
            return None
        self._next = max(self._next + 0.02, time.monotonic() - 0.1)
        time.sleep(max(0.0, self._next - time.monotonic()))
        samples: npt.NDArray[np.float32] = (np.sin(np.arange(320) * 0.2) * self.height).astype(np.float32)
        return AudioBlock(samples, time.monotonic())

    def close(self) -> None:
        self.closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class LoudIsUp:
    """Ears that take anything loud for *up*."""

    labels: tuple[str, ...] = ("up", "down", "_background_noise_")
    hop = 640
    window_samples = 1280
    score_filter = None
    name = "loud-is-up"
    hash = "0" * 64
    meanings: Mapping[str, str] = MappingProxyType({})
    detector = DetectorSettings(threshold=0.6, thresholds={"up": 0.7}, smoothing=0.0, refractory=0.1, margin=0.1)

    def score(self, window: npt.NDArray[np.float32], blanked: int = 0) -> tuple[float, ...]:
        return (0.9, 0.05, 0.05) if np.max(np.abs(window)) > 0.3 else (0.02, 0.03, 0.95)
