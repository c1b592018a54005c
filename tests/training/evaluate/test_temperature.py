"""One temperature for all logits."""

from __future__ import annotations

import pytest
import torch

from voicetrail.training.evaluate.temperature import TEMPERATURES, fit_temperature


def logits_as_sure_as_right(count: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits whose posteriors are the chances of what is then drawn."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(count, 5, generator=generator) * 2
    truth = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]
    return logits, truth


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25])
def test_it_undoes_a_factor(factor: float) -> None:
    logits, truth = logits_as_sure_as_right()
    found = fit_temperature(logits * factor, torch.eye(5), truth, torch.ones(len(truth)))
    assert found == pytest.approx(factor, abs=0.06)


def test_clips_without_weight_do_not_count() -> None:
    logits, truth = logits_as_sure_as_right()
    weight = (torch.arange(len(truth)) % 2).float()
    wrong = torch.where(weight > 0, truth, (truth + 1) % 5)
    assert fit_temperature(logits, torch.eye(5), wrong, weight) == pytest.approx(1.0, abs=0.08)
    assert fit_temperature(logits, torch.eye(5), wrong, torch.ones(len(truth))) == TEMPERATURES[-1]
