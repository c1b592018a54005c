"""A bounded queue between a device's callback and the reader. It drops the oldest sound, and counts the dropped samples."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from voicetrail.events import SAMPLE_RATE, SourceEvent


@dataclass(frozen=True, slots=True)
class Captured:
    """Sound as a device delivered it."""

    data: bytes
    """16-bit samples with interleaved channels, at the device's rate."""
    captured: float
    """``time.monotonic()`` when the last sample was captured."""
    rate: int = SAMPLE_RATE
    """The device's rate, in samples per second."""
    overflow: int = 0
    """Samples, converted to 16 kHz, that the driver reports as lost before these, as far as known."""
    channels: int = 1

    @property
    def length(self) -> int:
        """Number of samples, converted to 16 kHz."""
        return len(self.data) // (2 * self.channels) * SAMPLE_RATE // self.rate


class SoundQueue:
    """Holds a limited amount of sound, and any number of source events.

    ``put`` is called from the audio thread, and never waits for the reader longer than a few list operations.

    Args:
        capacity: most samples, converted to 16 kHz; older sound is dropped.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._dropped = 0
        self._items: deque[Captured | SourceEvent] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, sound: Captured) -> None:
        """Add sound; if the queue is full, the oldest sound is dropped."""
        with self._changed:
            self._items.append(sound)
            self._held += sound.length
            while self._held > self._capacity:
                oldest = next(item for item in self._items if isinstance(item, Captured))
                self._items.remove(oldest)
                self._held -= oldest.length
                self._dropped += oldest.length + oldest.overflow
            self._changed.notify()

    def put_event(self, event: SourceEvent) -> None:
        """Add an event of the source, in order with the sound."""
        with self._changed:
            self._items.append(event)
            self._changed.notify()

    def get(self, timeout: float) -> tuple[Captured | SourceEvent, int] | None:
        """Wait for the next item. Returns it with the number of samples lost before it, or ``None`` after ``timeout`` seconds."""
        with self._changed:
            if not self._items and not self._closed:
                self._changed.wait(timeout)
            if self._closed or not self._items:
                return None
            item = self._items.popleft()
            if not isinstance(item, Captured):
                return item, 0
            self._held -= item.length
            lost, self._dropped = self._dropped + item.overflow, 0
            return item, lost

    def close(self) -> None:
        """Make a waiting ``get``, and every later one, return at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
