from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.calibration import RoomTail, SpeechCurve
from voicetrail.calibration.tail import WIDTH, speech_curves
from voicetrail.log_odds import log_odds


def gumbel_room(rng: random.Random, location: float, width: float, seconds: int) -> list[float]:
    """Scores whose highest of each second is a draw from a Gumbel distribution, 25 a second."""
    scores = []
    for _ in range(seconds):
        odds = location - width * math.log(-math.log(rng.random()))
        scores += [0.001] * 12 + [1 / (1 + math.exp(-odds))] + [0.001] * 12
    return scores


@pytest.mark.parametrize("location", [-5.0, -3.0])
def test_a_few_seconds_predict_an_hour(location: float) -> None:
    """The rate foretold from eight seconds, against what an hour of it has: mostly right within a factor of five."""
    rng = random.Random(3)
    hour = gumbel_room(rng, location, WIDTH, 3600)
    threshold = 1 / (1 + math.exp(-(location + WIDTH * math.log(360))))
    counted = sum(score >= threshold for score in hour)
    ratios = []
    for _ in range(60):
        tail = RoomTail.fit(gumbel_room(rng, location, WIDTH, 8), 0.04)
        assert tail is not None
        ratios.append(tail.per_hour(threshold) / counted)
    assert sum(0.2 <= ratio <= 5 for ratio in ratios) >= 48
    assert 0.5 <= statistics.median(ratios) <= 2


def test_silence_gives_no_false_moves() -> None:
    tail = RoomTail.fit([0.0] * 200, 0.04)
    assert tail is not None
    assert tail.per_hour(0.2) < 0.1


def test_a_noise_that_sounds_like_a_word_has_a_high_rate() -> None:
    tail = RoomTail.fit(([0.0] * 24 + [0.6]) * 8, 0.04)
    assert tail is not None
    assert tail.per_hour(0.5) > 1000


def test_less_than_two_seconds_give_no_estimate() -> None:
    assert RoomTail.fit([0.1] * 49, 0.04) is None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_is_never_reached_more_often(highest: list[float], one: float, other: float) -> None:
    tail = RoomTail.fit([score for peak in highest for score in [0.0] * 24 + [peak]], 0.04)
    assert tail is not None
    low, high = sorted((one, other))
    assert 0 <= tail.per_hour(high) <= tail.per_hour(low) <= 3600


def test_a_curve_goes_through_its_points() -> None:
    curve = SpeechCurve(((0.2, 40.0), (0.5, 10.0), (0.9, 0.0)))
    rates = [curve.per_hour(threshold) for threshold in (0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99)]
    assert rates == pytest.approx([40, 40, 25, 10, 5, 0, 0])


def test_an_assumed_curve_goes_through_the_shipped_threshold() -> None:
    curve = SpeechCurve.assumed(0.7, 0.25)
    assert curve.per_hour(0.7) == pytest.approx(0.25)
    assert curve.per_hour(0.5) > 0.6 > 0.1 > curve.per_hour(0.9)


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"false_moves": 3},
        {"false_moves": {"thresholds": [0.5], "per_hour": {"up": [1]}}},
        {"false_moves": {"thresholds": [0.5, 0.4], "per_hour": {"up": [1, 2]}}},
        {"false_moves": {"thresholds": [0.4, "x"], "per_hour": {"up": [1, 2]}}},
        {"false_moves": {"thresholds": [0.4, 0.5], "per_hour": [1, 2]}},
        {
            "false_moves": {
                "thresholds": [0.4, 0.5],
                "per_hour": {"up": [1], "down": [1, -1], "left": [1, math.nan], "right": 1},
            }
        },
    ],
)
def test_curves_of_another_form_are_ignored(about: dict[str, object]) -> None:
    assert speech_curves(about) == {}


def test_figures_of_the_weights_are_read() -> None:
    curves = speech_curves({"false_moves": {"thresholds": [0.4, 0.8], "per_hour": {"up": [10, 0], "x": None}}})
    assert set(curves) == {"up"}
    assert curves["up"].per_hour(0.6) == pytest.approx(5)


def test_log_odds_of_certainty_are_finite() -> None:
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))
    assert log_odds(1.0) < 8
