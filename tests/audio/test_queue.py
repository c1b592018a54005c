from __future__ import annotations

import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.audio.queue import Captured, SoundQueue
from voicetrail.events import SourceLost


def sound(number: int, samples: int = 320, rate: int = 16_000, overflow: int = 0) -> Captured:
    return Captured(number.to_bytes(2, "little") * samples, float(number), rate, overflow)


def test_sound_and_events_keep_their_order() -> None:
    queue = SoundQueue(16_000)
    queue.put(sound(1))
    queue.put_event(SourceLost(0, "gone"))
    queue.put(sound(2))
    assert queue.get(0) == (sound(1), 0)
    assert queue.get(0) == (SourceLost(0, "gone"), 0)
    assert queue.get(0) == (sound(2), 0)
    assert queue.get(0) is None


def test_full_queue_drops_and_counts_the_oldest_sound_but_no_events() -> None:
    queue = SoundQueue(640)
    queue.put(sound(1))
    queue.put_event(SourceLost(0, "gone"))
    for number in (2, 3, 4):
        queue.put(sound(number))
    assert queue.get(0) == (SourceLost(0, "gone"), 0)
    assert queue.get(0) == (sound(3), 640)
    assert queue.get(0) == (sound(4), 0)


def test_lost_samples_are_counted_at_16_khz() -> None:
    queue = SoundQueue(320)
    queue.put(sound(1, samples=960, rate=48_000, overflow=100))
    queue.put(sound(2, samples=960, rate=48_000, overflow=320))
    got = queue.get(0)
    assert got is not None
    assert got[1] == 100 + 320 + 320


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=60))
def test_every_lost_sample_is_counted(steps: list[tuple[int, bool]]) -> None:
    queue, put, taken = SoundQueue(1000), 0, 0
    for number, (samples, read) in enumerate(steps):
        queue.put(sound(number, samples))
        put += samples
        if read and (got := queue.get(0)) is not None and isinstance(got[0], Captured):
            taken += got[0].length + got[1]
    while (got := queue.get(0)) is not None:
        assert isinstance(got[0], Captured)
        taken += got[0].length + got[1]
    assert taken == put


def test_blocked_reader_wakes_up_on_sound_and_close() -> None:
    queue = SoundQueue(1000)
    threading.Timer(0.05, queue.put, [sound(1)]).start()
    began = time.monotonic()
    assert queue.get(5.0) == (sound(1), 0)
    threading.Timer(0.05, queue.close).start()
    assert queue.get(5.0) is None
    assert time.monotonic() - began < 4.0
    queue.put(sound(2))
    assert queue.get(5.0) is None
