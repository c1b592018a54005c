"""A slice of the attack on weights; `python -m tools.attack weights` loads a thousand mutants."""

from __future__ import annotations

from tools.attack import weights


def test_mutated_weights_are_loaded_or_refused_in_one_line() -> None:
    outcome = weights.run(60, seed=4)
    assert outcome.failures == []
    assert outcome.refused > 30
