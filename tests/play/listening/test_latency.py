"""The time from the end of a word to its move."""

from __future__ import annotations

from voicetrail.events import Level, WordHeard
from voicetrail.play.listening.latency import LatencyMeter

HOP = 640
LOUD, QUIET = -20.0, -60.0


def heard_after(levels: list[float], captured: float | None) -> int | None:
    meter = LatencyMeter()
    for number, level in enumerate(levels, 1):
        meter.hear(Level(number * HOP, level, level, False))
    return meter.measure(WordHeard(len(levels) * HOP, "up", 0.9, captured), now=10.0)


def test_it_counts_from_the_last_loud_hop() -> None:
    # Five hops of 40 ms after the word's end, and 30 ms from the last sample to the move.
    assert heard_after([QUIET] * 10 + [LOUD] * 8 + [QUIET] * 5, captured=9.97) == 230


def test_a_word_detected_before_its_end_counts_from_the_last_sample() -> None:
    assert heard_after([QUIET] * 10 + [LOUD] * 8, captured=9.97) == 30


def test_what_is_read_faster_than_it_was_spoken_has_no_latency() -> None:
    assert heard_after([LOUD], captured=None) is None


def test_without_levels_the_age_of_the_sound_is_all_that_is_known() -> None:
    assert LatencyMeter().measure(WordHeard(HOP, "up", 0.9, 9.9), 10.0) == 100
