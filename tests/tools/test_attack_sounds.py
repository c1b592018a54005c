"""A slice of the attack on sound files; `python -m tools.attack sounds` tries five thousand."""

from __future__ import annotations

from tools.attack import sounds


def test_mutated_sound_files_are_decoded_or_refused() -> None:
    outcome = sounds.run(120, seed=2)
    assert not outcome.failures
    assert outcome.mutants == 120
    assert 0 < outcome.refused < 240
