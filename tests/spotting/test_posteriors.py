"""Classes joined to labels."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicetrail.spotting.posteriors import LabelPosteriors

GROUPING = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
"""A word, and three classes that count as unknown."""


def test_temperature_one_sums_the_classes() -> None:
    logits = torch.randn(3, 4)
    torch.testing.assert_close(LabelPosteriors(GROUPING)(logits), torch.softmax(logits, 1) @ GROUPING)


def test_best_word_is_not_outweighed_by_many_weaker_classes() -> None:
    logits = torch.log(torch.tensor([[0.4, 0.25, 0.2, 0.15]]))
    assert LabelPosteriors(GROUPING)(logits).argmax() == 1
    assert LabelPosteriors(GROUPING, 0.3)(logits).argmax() == 0
    # But the one class of them that is better still wins.
    assert LabelPosteriors(GROUPING, 0.3)(logits[:, [1, 0, 2, 3]]).argmax() == 1


@given(st.integers(0, 99), st.floats(0.2, 3.0))
@settings(max_examples=20, deadline=None)
def test_scores_sum_to_one_and_classes_of_their_own_keep_their_ratio(seed: int, temperature: float) -> None:
    logits = torch.randn(2, 4, generator=torch.Generator().manual_seed(seed)) * 3
    scores = LabelPosteriors(torch.eye(4), temperature)(logits)
    torch.testing.assert_close(scores, torch.softmax(logits, 1), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(LabelPosteriors(GROUPING, temperature)(logits).sum(1), torch.ones(2))
