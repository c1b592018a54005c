from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.log_odds import from_log_odds, log_odds


@settings(max_examples=50)
@given(st.floats(0.001, 0.999))
def test_there_and_back(score: float) -> None:
    assert from_log_odds(log_odds(score, 0.001)) == pytest.approx(score)


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_has_higher_odds(lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))
    assert log_odds(lower, 0.0005) <= log_odds(higher, 0.0005)


def test_the_ends_are_held_off() -> None:
    assert log_odds(0.0, 0.01) == pytest.approx(math.log(0.01 / 0.99))
    assert log_odds(1.0, 0.01) == pytest.approx(math.log(0.99 / 0.01))
    assert log_odds(0.5, 0.01) == 0.0
    assert (from_log_odds(-1e9), from_log_odds(1e9)) == (0.0, 1.0)
