"""Scores become words: each test feeds rows of scores, a hop a row, and looks at what is detected."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from voicetrail.events import SAMPLE_RATE, WordHeard, WordRejected, seconds
from voicetrail.spotting.detector import REARM, Detector, DetectorSettings
from voicetrail.spotting.talk import HIGHEST, raise_threshold, remove_talk_shift

LABELS = ("up", "left", "_unknown_", "_background_noise_")
HOP = 640
PLAIN = DetectorSettings(threshold=0.8, smoothing=0.0, refractory=0.0, margin=0.1)
Events = list[WordHeard | WordRejected]


def row(word: str, score: float, rest: float = 0.0) -> tuple[float, ...]:
    return tuple(score if label == word else rest for label in LABELS)


def ups(*scores: float) -> list[tuple[float, ...]]:
    return [row("up", score) for score in scores]


def feed(detector: Detector, rows: Iterable[Sequence[float]], start: int = 0, *, muted: bool = False) -> Events:
    return [event for n, scores in enumerate(rows, 1) for event in detector.feed(start + n * HOP, scores, muted=muted)]


def words(events: Events) -> list[str]:
    return [event.word for event in events if isinstance(event, WordHeard)]


def test_long_high_score_is_detected_once() -> None:
    (event,) = feed(Detector(LABELS, PLAIN), ups(0.1, 0.81, *[0.95] * 50, 0.7, 0.9))
    assert event == WordHeard(2 * HOP, "up", 0.81)


def test_word_is_detected_again_after_its_score_has_fallen() -> None:
    low = 0.8 * REARM
    assert words(feed(Detector(LABELS, PLAIN), ups(0.9, low, 0.9))) == ["up"]
    assert words(feed(Detector(LABELS, PLAIN), ups(0.9, low - 0.01, 0.9))) == ["up", "up"]


def test_score_equal_to_the_threshold_is_enough() -> None:
    assert words(feed(Detector(LABELS, PLAIN), ups(0.8))) == ["up"]
    assert words(feed(Detector(LABELS, PLAIN), ups(0.799))) == []


def test_each_word_has_its_own_threshold() -> None:
    own = DetectorSettings(threshold=0.8, thresholds={"left": 0.5}, smoothing=0.0)
    rows = [row("left", 0.6), row("left", 0.0), row("up", 0.6), row("up", 0.0)]
    assert words(feed(Detector(LABELS, own), rows)) == ["left"]


def test_repetition_within_the_refractory_time_is_reported() -> None:
    slow = DetectorSettings(threshold=0.8, smoothing=0.0, refractory=1.0)
    events = feed(Detector(LABELS, slow), ups(0.9, 0.0, 0.95, 0.95, 0.95))
    assert words(events) == ["up"]
    assert events[1:] == [WordRejected(3 * HOP, "up", 0.95, "refractory", round(1.0 - seconds(2 * HOP), 4))]


def test_refractory_time_applies_only_to_the_same_word() -> None:
    brief = DetectorSettings(threshold=0.8, smoothing=0.0, refractory=seconds(2 * HOP))
    assert words(feed(Detector(LABELS, brief), ups(0.9, 0.0, 0.9))) == ["up", "up"]
    rows = [row("up", 0.9), row("left", 0.9)]
    assert words(feed(Detector(LABELS, brief), rows)) == ["up", "left"]


def test_near_miss_is_reported_once_with_the_shortfall() -> None:
    events = feed(Detector(LABELS, PLAIN), ups(0.3, 0.6, 0.7, 0.65, 0.3, 0.2, 0.1))
    assert events == [WordRejected(5 * HOP, "up", 0.7, "threshold", 0.1)]


def test_low_scores_are_not_reported() -> None:
    assert feed(Detector(LABELS, PLAIN), ups(0.2, 0.39, 0.2, 0.0)) == []


def test_falling_edge_of_a_detected_word_is_no_near_miss() -> None:
    assert len(feed(Detector(LABELS, PLAIN), ups(0.9, 0.75, 0.6, 0.5, 0.3, 0.0))) == 1


CLOSE = DetectorSettings(threshold=0.4, smoothing=0.0, refractory=0.0, margin=0.1)


def test_word_beaten_by_another_is_reported_with_its_rival() -> None:
    events = feed(Detector(LABELS, CLOSE), [(0.45, 0.5, 0.0, 0.0), (0.1, 0.5, 0.0, 0.0)])
    assert events == [WordHeard(2 * HOP, "left", 0.5), WordRejected(2 * HOP, "up", 0.45, "margin", 0.15, "left")][::-1]


def test_word_can_pass_its_rival_while_above_the_threshold() -> None:
    (event,) = feed(Detector(LABELS, CLOSE), [(0.5, 0.45, 0.0, 0.0), (0.7, 0.2, 0.0, 0.0)])
    assert event == WordHeard(2 * HOP, "up", 0.7)


def test_word_is_detected_when_it_passes_the_fading_previous_one() -> None:
    """As words 0.7 s apart do at a low threshold."""
    rows = [(0.9, 0.0, 0.0, 0.0), (0.9, 0.45, 0.0, 0.0), (0.6, 0.6, 0.0, 0.0), (0.3, 0.8, 0.0, 0.0), (0.0, 0.9, 0.0, 0.0)]
    events = feed(Detector(LABELS, CLOSE), rows)
    assert [(event.time // HOP, event.word) for event in events] == [(1, "up"), (4, "left")]


def test_beaten_word_is_reported_with_its_smallest_shortfall() -> None:
    rows = [(0.5, 0.65, 0.0, 0.0), (0.5, 0.45, 0.0, 0.0), (0.45, 0.44, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)]
    events = feed(Detector(LABELS, CLOSE), rows)
    assert WordRejected(4 * HOP, "up", 0.5, "margin", 0.05, "left") in events
    assert words(events) == ["left"]


@pytest.mark.parametrize("threshold", [0.75, 0.4, 0.2, 0.05])
def test_low_threshold_allows_repeated_words(threshold: float) -> None:
    low = replace(PLAIN, threshold=threshold)
    assert words(feed(Detector(LABELS, low), ups(0.9, 0.95, 0.9, 0.5, 0.3, 0.6, 0.9, 0.95, 0.6))) == ["up", "up"]


def test_slowly_fading_word_above_a_low_threshold_is_detected_once() -> None:
    low = replace(PLAIN, threshold=0.1)
    assert words(feed(Detector(LABELS, low), ups(0.9, 0.7, 0.5, 0.45, 0.5, 0.4, 0.35, 0.4, 0.3, 0.25, 0.2, 0.0))) == ["up"]


def test_word_while_muted_is_reported_but_never_detected() -> None:
    detector = Detector(LABELS, PLAIN)
    assert feed(detector, ups(0.1, 0.9), muted=True) == [WordRejected(2 * HOP, "up", 0.9, "muted")]
    # Listening is switched on in the middle of the word.
    assert words(feed(detector, ups(0.9, 0.9), 2 * HOP)) == []
    assert words(feed(detector, ups(0.0, 0.9), 4 * HOP)) == ["up"]


@pytest.mark.parametrize("label", ["_unknown_", "_background_noise_"])
def test_noise_and_unknown_are_never_detected_or_reported(label: str) -> None:
    assert feed(Detector(LABELS, PLAIN), [row(label, 1.0), row(label, 0.5), row(label, 0.0)] * 3) == []


def test_noise_and_unknown_are_no_rivals() -> None:
    close = DetectorSettings(threshold=0.4, smoothing=0.0, margin=0.1)
    assert words(feed(Detector(LABELS, close), [(0.45, 0.0, 0.5, 0.0)])) == ["up"]


def test_smoothing_is_the_mean_over_its_time_for_any_hop() -> None:
    for hop in (320, 640, 1280):
        detector = Detector(LABELS, DetectorSettings(smoothing=0.16))
        count, scores = int(0.16 * SAMPLE_RATE) // hop, [0.05 * n for n in range(1, 20)]
        for number, score in enumerate(scores, 1):
            detector.feed(number * hop, row("up", score))
            recent = scores[max(0, number - count) : number]
            assert detector.smoothed[0] == pytest.approx(sum(recent) / len(recent))


def test_without_smoothing_scores_are_used_unchanged() -> None:
    detector = Detector(LABELS, DetectorSettings(smoothing=0.0))
    for number, score in enumerate((0.2, 0.9, 0.1), 1):
        detector.feed(number * HOP, row("up", score))
        assert detector.smoothed[0] == score


def test_new_settings_apply_from_the_next_hop() -> None:
    detector = Detector(LABELS, PLAIN)
    feed(detector, ups(0.6))
    detector.settings = DetectorSettings(threshold=0.5, smoothing=0.0)
    assert detector.applied is PLAIN
    assert words(feed(detector, ups(0.6), HOP)) == ["up"]
    assert detector.applied is detector.settings


def test_reset_clears_the_state() -> None:
    detector = Detector(LABELS, DetectorSettings(threshold=0.8, smoothing=1.0, refractory=10.0))
    assert words(feed(detector, ups(0.9))) == ["up"]
    detector.reset()
    assert detector.smoothed == (0.0,) * len(LABELS)
    assert words(feed(detector, ups(0.9), HOP)) == ["up"]


def test_word_event_has_the_capture_time() -> None:
    (event,) = Detector(LABELS, PLAIN).feed(HOP, row("up", 0.9), captured=12.5)
    assert isinstance(event, WordHeard)
    assert event.captured == 12.5


def noisy_scores(seed: int, hops: int, labels: int = len(LABELS)) -> list[tuple[float, ...]]:
    """Scores that rise and fall often."""
    dice, rows = random.Random(seed), []
    for _ in range(hops):
        raw = [dice.random() ** 6 for _ in range(labels)]
        rows.append(tuple(round(value / sum(raw), 3) for value in raw))
    return rows


tunings = st.builds(
    DetectorSettings,
    threshold=st.floats(0.05, 1.0),
    thresholds=st.dictionaries(st.sampled_from(("up", "left")), st.floats(0.05, 1.0)),
    smoothing=st.floats(0.0, 0.4),
    refractory=st.floats(0.0, 2.0),
    margin=st.floats(0.0, 0.5),
    talk_shift=st.floats(0.0, 0.6),
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), tunings)
def test_same_word_is_never_detected_twice_within_the_refractory_time(seed: int, tuning: DetectorSettings) -> None:
    last: dict[str, int] = {}
    for event in feed(Detector(LABELS, tuning), noisy_scores(seed, 150)):
        if isinstance(event, WordHeard):
            assert seconds(event.time - last.get(event.word, -(10**9))) >= tuning.refractory
            assert event.score >= round(tuning.threshold_of(event.word), 4) - 1e-4
            last[event.word] = event.time


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), tunings, st.integers(0, 100))
def test_snapshot_restores_the_exact_state(seed: int, tuning: DetectorSettings, at: int) -> None:
    rows = noisy_scores(seed, 120)
    whole, other = Detector(LABELS, tuning), Detector(LABELS, tuning)
    feed(whole, rows[:at])
    feed(other, noisy_scores(seed + 1, 30))  # what it remembers of another stream must not count
    other.restore(whole.snapshot())
    assert feed(whole, rows[at:], at * HOP) == feed(other, rows[at:], at * HOP)
    assert whole.smoothed == other.smoothed


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), tunings)
def test_order_of_labels_does_not_matter(seed: int, tuning: DetectorSettings) -> None:
    rows = noisy_scores(seed, 120)
    turned = [tuple(reversed(scores)) for scores in rows]
    one, two = feed(Detector(LABELS, tuning), rows), feed(Detector(LABELS[::-1], tuning), turned)
    assert sorted(one, key=lambda e: (e.time, e.word)) == sorted(two, key=lambda e: (e.time, e.word))


def test_snapshot_of_other_labels_is_ignored() -> None:
    other = Detector(("go", "_unknown_"), PLAIN)
    feed(other, [(0.9, 0.0)])
    detector = Detector(LABELS, PLAIN)
    detector.restore(other.snapshot())
    assert words(feed(detector, ups(0.9))) == ["up"]


def talk(seconds: float, unknown: float = 1.0) -> list[tuple[float, ...]]:
    return [row("_unknown_", unknown)] * round(seconds * SAMPLE_RATE / HOP)


GUARDED = DetectorSettings(threshold=0.8, smoothing=0.0, refractory=0.0, margin=0.1, talk_shift=0.32)


def test_running_speech_raises_the_required_score() -> None:
    assert words(feed(Detector(LABELS, GUARDED), [*talk(30), *ups(0.9, 0.0)])) == []
    assert words(feed(Detector(LABELS, GUARDED), [*talk(30), *ups(0.97, 0.0)])) == ["up"]
    assert words(feed(Detector(LABELS, PLAIN), [*talk(30), *ups(0.9, 0.0)])) == ["up"]


def test_one_or_two_words_do_not_count_as_running_speech() -> None:
    said = [*talk(0.6), *talk(1.0, 0.0), *talk(0.6), *talk(1.0, 0.0)]
    assert words(feed(Detector(LABELS, GUARDED), [*said * 9, *ups(0.81)])) == ["up"]


def test_talk_level_falls_after_some_seconds_of_silence() -> None:
    detector = Detector(LABELS, GUARDED)
    feed(detector, talk(40))
    assert detector.talk_shift == pytest.approx(GUARDED.talk_shift, rel=0.05)
    feed(detector, talk(4, 0.0), 10**6)
    assert detector.talk_shift == 0.0
    assert words(feed(detector, ups(0.81), 2 * 10**6)) == ["up"]


@given(st.floats(0.05, 0.99), st.floats(0.0, 0.6), st.floats(0.0, 1.0))
def test_score_without_talk_shift_is_equivalent(threshold: float, shift: float, score: float) -> None:
    assert threshold <= raise_threshold(threshold, shift) <= max(threshold, HIGHEST)
    plain = remove_talk_shift(score, shift)
    assume(abs(plain - threshold) > 1e-6)
    assert (score >= raise_threshold(threshold, shift)) == (plain >= threshold)


def test_shortfall_is_relative_to_the_raised_threshold() -> None:
    (event,) = feed(Detector(LABELS, GUARDED), [*talk(40), *ups(0.9, 0.0)])
    assert isinstance(event, WordRejected)
    assert event.reason == "threshold"
    assert event.lacking == pytest.approx(raise_threshold(0.8, 0.32) - 0.9, abs=0.02)


def test_talk_level_does_not_depend_on_the_hop() -> None:
    fine, coarse = Detector(LABELS, GUARDED), Detector(LABELS, GUARDED)
    feed(fine, [row("_unknown_", 0.9)] * 201)
    for number in range(1, 102):
        coarse.feed((2 * number - 1) * HOP, row("_unknown_", 0.9))
    assert fine.talk_level == pytest.approx(coarse.talk_level, abs=1e-9)
