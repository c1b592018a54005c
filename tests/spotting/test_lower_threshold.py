"""A lower threshold never hears less: clear words said 0.7 s apart, by their recorded scores, at any two thresholds."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.events import SAMPLE_RATE, WordHeard
from voicetrail.spotting.detector import Detector, DetectorSettings

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "words_0.7s_apart.json").read_text("utf-8"))
STRINGS: list[dict[str, Any]] = RECORDED["strings"]
MATCH_WITHIN_SAMPLES = 3 * SAMPLE_RATE // 4
"""Samples after its end within which a word may be detected."""


@lru_cache(maxsize=4096)
def heard(string: int, threshold: float, smoothing: float) -> frozenset[int]:
    """Which of the spoken words are detected, by their number."""
    detector = Detector(RECORDED["labels"], DetectorSettings(threshold=threshold, smoothing=smoothing))
    spoken = STRINGS[string]["spoken"]
    found: set[int] = set()
    for hop, row in enumerate(STRINGS[string]["rows"], 1):
        time = hop * RECORDED["hop"]
        for event in detector.feed(time, [value / 1000 for value in row]):
            if isinstance(event, WordHeard):
                right = (
                    number
                    for number, (word, begin, end) in enumerate(spoken)
                    if number not in found and word == event.word and begin < time <= end + MATCH_WITHIN_SAMPLES
                )
                found.update(list(right)[:1])
    return frozenset(found)


thresholds = st.integers(5, 95).map(lambda hundredths: hundredths / 100)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(STRINGS) - 1),
    st.tuples(thresholds, thresholds).map(sorted),
    st.sampled_from((0.08, 0.12, 0.2, 0.3)),
)
def test_lower_threshold_detects_every_word_of_a_higher_one(string: int, pair: list[float], smoothing: float) -> None:
    low, high = pair
    assert heard(string, low, smoothing) >= heard(string, high, smoothing)


@pytest.mark.parametrize("threshold", [0.8, 0.4, 0.3, 0.2, 0.1])
def test_clear_words_are_detected_at_every_threshold(threshold: float) -> None:
    count = sum(len(heard(string, threshold, 0.2)) for string in range(len(STRINGS)))
    assert count >= 0.93 * sum(len(string["spoken"]) for string in STRINGS)
