"""A slice of the attack on the network; `python -m tools.attack wire` sends a hundred thousand messages."""

from __future__ import annotations

from tools.attack import wire


def test_mutated_messages_find_no_failure() -> None:
    outcome = wire.run(600, seed=2)
    assert not outcome.failures
    assert outcome.messages == 600
