from __future__ import annotations

import pytest

from tools.attack import settings


@pytest.mark.timeout(60)
@pytest.mark.e2e
def test_mutated_settings_find_no_failure() -> None:
    outcome = settings.run(count=80, seed=3)
    assert outcome.mutants == 80
    assert outcome.failures == []
