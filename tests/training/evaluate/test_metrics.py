from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.training.evaluate.metrics import det_curve, measure_clips

LABELS = ("up", "left", "_unknown_")
SCORES = np.array(
    [
        [0.9, 0.05, 0.05],  # up, right
        [0.6, 0.3, 0.1],  # up, right, by less
        [0.1, 0.2, 0.7],  # up, taken for unknown
        [0.2, 0.8, 0.0],  # left, right
        [0.7, 0.2, 0.1],  # cat, taken for up
        [0.0, 0.5, 0.5],  # dog, as much left as unknown
        [0.1, 0.1, 0.8],  # dog, right
        [0.05, 0.05, 0.9],  # noise, right
    ]
)
TRUTH = ["up", "up", "up", "left", "cat", "dog", "dog", "_background_noise_"]


def test_a_case_by_hand() -> None:
    found = measure_clips(SCORES, LABELS, TRUTH)
    assert found.by_word == {"up": pytest.approx(2 / 3), "left": 1.0}
    # The mean over the words: three clips of up count no more than one of left.
    assert found.accuracy == pytest.approx((2 / 3 + 1) / 2)
    # No other clip may be taken: the threshold is the highest score of one, and only what lies above it is heard.
    assert found.threshold == 0.7
    assert found.recall_by_word == {"up": pytest.approx(1 / 3), "left": 1.0}
    assert found.confusion["up"] == {"up": 2, "_unknown_": 1}
    assert found.confusion["cat"] == {"up": 1}


def test_a_quarter_of_the_others_may_be_taken() -> None:
    found = measure_clips(SCORES, LABELS, TRUTH, false_accepts=0.25)
    assert found.threshold == 0.5  # of four others, one lies above it
    assert found.recall_by_word == {"up": pytest.approx(2 / 3), "left": 1.0}


def test_weights_say_how_much_an_other_clip_counts() -> None:
    weight = np.ones(len(TRUTH))
    weight[4] = 0.01  # hardly any of what is taken for up
    assert measure_clips(SCORES, LABELS, TRUTH, weight, false_accepts=0.01).threshold == 0.5


def test_without_words_or_without_others_there_is_nothing_to_divide_by() -> None:
    assert measure_clips(SCORES[4:], LABELS, TRUTH[4:]).accuracy == 0.0
    assert measure_clips(SCORES[:4], LABELS, TRUTH[:4]).threshold == 0.0


def test_the_detection_error_trade_off_by_hand() -> None:
    rows = {round(threshold, 2): (false, missed) for threshold, false, missed in det_curve(SCORES, LABELS, TRUTH)}
    assert rows[0.01] == (1.0, 0.25)
    assert rows[0.6][0] == 0.25
    assert rows[0.85] == (0.0, 0.75)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60))
def test_a_higher_threshold_takes_less_and_misses_more(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(3) * 0.5, count)
    truth = [str(word) for word in rng.choice([*LABELS, "cat"], count)]
    rows = det_curve(scores, LABELS, truth)
    assert len(rows) == 99
    for (low, false, missed), (high, fewer, more) in pairwise(rows):
        assert low < high
        assert fewer <= false
        assert more >= missed


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 80), st.floats(0.0, 1.0))
def test_no_more_of_the_others_are_taken_than_allowed(seed: int, count: int, part: float) -> None:
    rng = np.random.default_rng(seed)
    scores, weight = rng.dirichlet(np.ones(3) * 0.5, count), rng.uniform(0.5, 5.0, count)
    found = measure_clips(scores, LABELS, ["cat"] * count, weight, part)
    taken = scores[:, :2].max(axis=1) > found.threshold
    assert weight[taken].sum() <= part * weight.sum() + 1e-9
