"""A slice of the soak; `python -m tools.attack soak` feeds eight hours."""

from __future__ import annotations

import pytest

from tools.attack import soak


@pytest.mark.e2e
def test_an_evening_in_small_grows_nothing_and_can_be_played_again() -> None:
    outcome = soak.run(2, seed=5)
    assert outcome.failures == []
    assert outcome.words > 10
