from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.events import SAMPLE_RATE, Scores, WordHeard
from voicetrail.spotting.detector import Detector, DetectorSettings
from voicetrail.spotting.word_counts import FadingPeaks, Peak, WordCounts

LABELS = ("up", "left", "_unknown_")
HOP = 640
SETTINGS = DetectorSettings(threshold=0.6, smoothing=0.0, refractory=0.2, margin=0.1)


def say(word: str, score: float, start: int, hops: int = 5) -> list[Scores]:
    """A word that reaches a score for some hops, with quiet around it."""
    index = LABELS.index(word)
    row = tuple(score if place == index else 0.0 for place in range(len(LABELS)))
    quiet = (0.0, 0.0, 1.0)
    rows = [quiet] * 10 + [row] * hops + [quiet] * 10
    return [Scores(start + HOP * (number + 1), posteriors) for number, posteriors in enumerate(rows)]


def test_counts_follow_the_threshold() -> None:
    counts = WordCounts(LABELS, SETTINGS)
    time = 0
    for word, score in (("up", 0.9), ("left", 0.7), ("up", 0.55), ("up", 0.3)):
        for scores in say(word, score, time):
            counts.add(scores)
            time = scores.time
    assert counts.counts() == {"up": 1, "left": 1}
    counts.settings = DetectorSettings(threshold=0.5, smoothing=0.0, thresholds={"left": 0.8})
    assert counts.counts() == {"up": 2}
    counts.settings = DetectorSettings(threshold=0.2, smoothing=0.0)
    assert counts.counts() == {"up": 3, "left": 1}
    counts.settings = SETTINGS
    for scores in say("left", 0.9, time):
        counts.add(scores)
    counts.settings = DetectorSettings(threshold=0.2, smoothing=0.0)
    assert counts.counts() == {"up": 3, "left": 2}


def test_word_is_dropped_after_the_span() -> None:
    counts = WordCounts(LABELS, SETTINGS, span=2.0)
    for scores in say("up", 0.9, 0):
        counts.add(scores)
    assert counts.counts() == {"up": 1}
    for scores in say("left", 0.1, 2 * SAMPLE_RATE):
        counts.add(scores)
    assert counts.counts() == {}


def test_recount_includes_the_talk_level_before_the_span() -> None:
    guarded = replace(SETTINGS, threshold=0.7, talk_shift=0.48)
    counts, word = WordCounts(LABELS, SETTINGS, span=1.0), tuple(0.9 if label == "up" else 0.0 for label in LABELS)
    for number in range(1000):
        counts.add(Scores(HOP * (number + 1), word if 990 <= number < 995 else (0.0, 0.0, 1.0)))
    assert counts.counts() == {"up": 1}
    counts.settings = guarded
    assert counts.counts() == {}
    counts.settings = replace(guarded, talk_shift=0.0)
    assert counts.counts() == {"up": 1}


def test_new_stream_resets_the_counts() -> None:
    counts = WordCounts(LABELS, SETTINGS)
    for scores in say("up", 0.9, 100_000):
        counts.add(scores)
    for scores in say("left", 0.9, 0):
        counts.add(scores)
    assert counts.counts() == {"left": 1}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 80))
def test_changed_settings_apply_to_the_whole_span(seed: int, change_at: int) -> None:
    rng = random.Random(seed)
    other = DetectorSettings(threshold=0.45, smoothing=0.12, refractory=0.4, margin=0.05)
    counts, detector, expected = WordCounts(LABELS, SETTINGS), Detector(LABELS, other), 0
    for number in range(120):
        scores = Scores(HOP * (number + 1), tuple(round(rng.random(), 3) for _ in LABELS))
        if number == change_at:
            counts.settings = other
        counts.add(scores)
        expected += sum(isinstance(event, WordHeard) for event in detector.feed(scores.time, scores.posteriors))
    assert sum(counts.counts().values()) == expected


def test_peaks_fade_and_disappear() -> None:
    peaks = FadingPeaks(2, span=1.0)
    assert peaks.peak(0) == Peak(0.0, 0.0)
    peaks.add(1600, (0.8, 0.1))
    assert peaks.peak(0) == Peak(0.8, 1.0)
    peaks.add(9600, (0.2, 0.1))
    assert peaks.peak(0) == Peak(0.8, 0.5)
    assert peaks.peak(1) == Peak(0.1, 1.0)
    peaks.add(17600, (0.1, 0.3))
    assert peaks.peak(0) == Peak(0.2, 0.5)
    peaks.add(0, (0.05, 0.0))
    assert peaks.peak(0) == Peak(0.05, 1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_peak_is_the_highest_of_the_span(scores: list[float]) -> None:
    peaks = FadingPeaks(1, span=0.4)
    for number, score in enumerate(scores):
        peaks.add(number * HOP, (score,))
    assert peaks.peak(0).score == max(scores[-10:])
