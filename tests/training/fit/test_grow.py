from __future__ import annotations

import pytest
import torch

from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.networks.model import build_model
from voicetrail.training.fit.grow import grown

PICTURES = torch.randn(3, 1, 40, 97, generator=torch.Generator().manual_seed(1))


def trained_a_little() -> torch.nn.Module:
    """A small network whose normalizations are not those of a fresh one."""
    torch.manual_seed(2)
    small = build_model("temporal-resnet", FeatureSettings(), 7)
    for _ in range(5):
        small(torch.randn(8, 1, 40, 97))
    return small.eval()


def same_answers(one: torch.nn.Module, other: torch.nn.Module, pictures: torch.Tensor) -> bool:
    with torch.inference_mode():
        return torch.allclose(one(pictures), other(pictures), atol=1e-4)


def test_a_grown_network_gives_the_small_ones_answers_and_can_learn_more() -> None:
    small, large = trained_a_little(), build_model("temporal-resnet-medium", FeatureSettings(), 7)
    large.load_state_dict(grown(small.state_dict(), large.state_dict()))
    large.eval()
    assert same_answers(small, large, PICTURES)
    large.train()
    large(PICTURES).square().sum().backward()
    gradient = large.head.weight.grad
    assert gradient is not None
    assert float(gradient[:, 80:128].abs().sum()) > 0, "what nobody reads yet is learned to be read"


def test_weights_of_the_same_shapes_stay_as_they_are() -> None:
    small = trained_a_little()
    same = grown(small.state_dict(), small.state_dict())
    assert all(torch.equal(same[name], value) for name, value in small.state_dict().items())


def test_a_network_does_not_shrink() -> None:
    large, small = build_model("temporal-resnet-medium", FeatureSettings(), 7), trained_a_little()
    with pytest.raises(RuntimeError):
        small.load_state_dict(grown(large.state_dict(), small.state_dict()))
