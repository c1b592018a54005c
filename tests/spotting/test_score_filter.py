from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spotting.filters import own_score_filter, score_filters
from voicetrail.log_odds import log_odds
from voicetrail.spotting.detector import Detector
from voicetrail.spotting.score_filter import INPUTS, MAX_COEFFICIENT, MAX_HOPS, FilteredScores, ScoreFilter, filtered
from voicetrail.spotting.talk import talk_confidence
from voicetrail.vocabulary import NOISE, UNKNOWN

HOP = 640
LABELS = ("up", "left", UNKNOWN, "go", NOISE)
WORDS = (0, 1, 3)

Row = tuple[float, ...]
rows = st.lists(st.tuples(*[st.integers(0, 1000).map(lambda value: value / 1000)] * len(LABELS)), min_size=1, max_size=30)


def timed(some: Sequence[Row]) -> list[tuple[int, Row]]:
    return [(HOP * (at + 1), row) for at, row in enumerate(some)]


def plain_formula(some: Sequence[Row], score_filter: ScoreFilter) -> list[list[float]]:
    """The scores of the words, written as in the definition, hop by hop."""
    detector, inputs = Detector(LABELS), list[dict[int, list[float]]]()
    for time, row in timed(some):
        detector.feed(time, row)
        talk = talk_confidence(detector.talk_level)
        of_words = {}
        for word in WORDS:
            odds = [log_odds(row[word]), max(log_odds(row[other]) for other in WORDS if other != word)]
            odds += [log_odds(row[LABELS.index(UNKNOWN)]), log_odds(row[LABELS.index(NOISE)])]
            of_words[word] = [*odds, *(value * talk for value in odds), talk]
        inputs.append(of_words)
    out = []
    for at in range(len(some)):
        sums = [
            score_filter.bias
            + sum(float(np.dot(tap, inputs[max(0, at - back)][word])) for back, tap in enumerate(score_filter.taps))
            for word in WORDS
        ]
        out.append([1 / (1 + math.exp(-value)) if value > -700 else 0.0 for value in sums])
    return out


@settings(max_examples=60, deadline=None)
@given(rows, score_filters)
def test_scores_follow_the_definition(some: list[Row], score_filter: ScoreFilter) -> None:
    for (_, scores), row, expected in zip(
        filtered(timed(some), LABELS, score_filter), some, plain_formula(some, score_filter), strict=True
    ):
        assert [scores[word] for word in WORDS] == pytest.approx(expected, abs=0.00051)
        assert all(score == round(score, 3) for score in scores)
        for reserved in (UNKNOWN, NOISE):
            assert scores[LABELS.index(reserved)] == row[LABELS.index(reserved)]


@given(score_filters)
def test_coefficients_round_trip(score_filter: ScoreFilter) -> None:
    assert ScoreFilter.from_dict(score_filter.to_dict()) == score_filter


def test_the_largest_coefficients_overflow_nothing() -> None:
    for sign in (-1, 1):
        tap = (sign * MAX_COEFFICIENT,) * len(INPUTS)
        largest = ScoreFilter.from_dict({"taps": [list(tap)] * MAX_HOPS, "bias": sign * MAX_COEFFICIENT})
        for row in ((1.0,) * len(LABELS), (0.0,) * len(LABELS)):
            scores = filtered([(HOP, row)], LABELS, largest)[0][1]
            assert all(score in (0.0, 1.0) for score in scores)


def test_the_first_hop_stands_for_those_before_the_stream() -> None:
    rise = own_score_filter(1.0, -1.0)
    high, low = (0.9, 0.0, 0.0, 0.0, 0.1), (0.1, 0.0, 0.0, 0.0, 0.9)
    assert [row[0] for _, row in filtered(timed([high, high, low]), LABELS, rise)] == [0.5, 0.5, 0.012]


def test_a_rise_scores_higher_than_a_steady_posterior() -> None:
    rise = own_score_filter(1.0, 0.0, -0.5)
    low, high = (0.05, 0.0, 0.0, 0.0, 0.9), (0.8, 0.0, 0.0, 0.0, 0.2)
    scores = [row[0] for _, row in filtered(timed([low, low, high, high, high, high]), LABELS, rise)]
    assert scores[2] == scores[3] > 0.9 > scores[4] == scores[5] == 0.667


@given(rows, rows, score_filters)
@settings(max_examples=30, deadline=None)
def test_after_a_reset_nothing_is_left_of_a_stream(first: list[Row], second: list[Row], score_filter: ScoreFilter) -> None:
    scores = FilteredScores(LABELS, score_filter)
    for time, row in timed(first):
        scores.feed(time, row)
    scores.reset()
    assert [(time, scores.feed(time, row)) for time, row in timed(second)] == filtered(timed(second), LABELS, score_filter)


def test_a_filter_of_one_tap_changes_no_score() -> None:
    hops = timed([(0.2, 0.001, 0.3, 0.99, 0.0), (0.7, 0.25, 0.0, 0.05, 0.0)])
    assert filtered(hops, LABELS, own_score_filter(1.0)) == hops
    assert filtered(hops, LABELS, None) == hops


def test_a_single_word_has_no_rival() -> None:
    rival = ScoreFilter(((0.0, 1.0, *[0.0] * (len(INPUTS) - 2)),), 0.0)
    assert filtered([(HOP, (0.5, 0.5, 0.0))], ("up", UNKNOWN, NOISE), rival)[0][1][0] == 0.001


@pytest.mark.parametrize("labels", [("up", UNKNOWN), ("up", NOISE)])
def test_both_reserved_labels_are_needed(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="needs the labels _background_noise_ and _unknown_"):
        FilteredScores(labels, own_score_filter(1.0))
