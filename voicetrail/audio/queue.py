"""The way from a device's callback to the reader: a bounded queue that drops the oldest sound and counts what it dropped."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from voicetrail.events import SAMPLE_RATE, SourceEvent


@dataclass(frozen=True, slots=True)
class Captured:
    """Sound as a device gave it."""

    data: bytes
    """16-bit samples, the channels of a frame together, at the device's rate."""
    captured: float
    """``time.monotonic()`` when the last sample was captured."""
    rate: int = SAMPLE_RATE
    """The device's samples a second."""
    overflow: int = 0
    """Samples, counted at 16 kHz, that the driver says it lost before these, as far as that is known."""
    channels: int = 1

    @property
    def length(self) -> int:
        """Samples of it, counted at 16 kHz."""
        return len(self.data) // (2 * self.channels) * SAMPLE_RATE // self.rate


class SoundQueue:
    """Holds at most so much sound, and any number of source events.

    ``put`` is called from the audio thread: it never waits for the reader longer than a few list operations.

    Args:
        capacity: samples, counted at 16 kHz, that are held before the oldest are dropped.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._dropped = 0
        self._items: deque[Captured | SourceEvent] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, sound: Captured) -> None:
        """Add sound; the oldest goes where there is too much."""
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
        """Add an event of the source, in its place among the sound."""
        with self._changed:
            self._items.append(event)
            self._changed.notify()

    def get(self, timeout: float) -> tuple[Captured | SourceEvent, int] | None:
        """Wait for the next item; with it comes how many samples were lost before it. ``None`` when nothing came in time."""
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
        """Let a waiting ``get`` return at once, and every later one."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
