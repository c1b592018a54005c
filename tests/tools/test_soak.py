"""A slice of the soak; `python -m tools.attack soak` feeds eight hours."""

from __future__ import annotations

import pytest

from tools.attack import soak


@pytest.mark.e2e
def test_short_soak_has_no_growth_and_readable_recordings() -> None:
    outcome = soak.run(2, seed=5)
    assert outcome.failures == []
    assert outcome.words > 10
