from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.networks.compact import SubSpectralNorm
from voicetrail.spotting.networks.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, Model, build_model, fold, parameters


@dataclass(frozen=True)
class Cost:
    """A row of the paper's tables."""

    parameters: float
    multiplies: float


def costs(model: Model, picture: Tensor) -> list[Cost]:
    """Parameters and multiplies of each layer, counted while a picture goes through."""
    rows: list[Cost] = []

    def count(layer: nn.Module, _: object, out: Tensor) -> None:
        weight = layer.get_parameter("weight")
        # Each output value takes as many multiplies as one output channel has weights.
        rows.append(Cost(parameters(layer), out.numel() * weight[0].numel()))

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    model(picture)
    return rows


# Sainath and Parada, "Convolutional Neural Networks for Small-footprint Keyword Spotting" (Interspeech 2015), tables 1 and 3,
# in thousands: parameters, multiplies. The paper leaves some biases out.
PAPER = {
    "cnn-trad-fpool3": [(10.2, 4400), (164.8, 5200), (65.5, 65.5), (4.1, 4.1), (0.5, 0.5)],
    "cnn-one-fstride4": [(47.6, 428.5), (53.6, 53.6), (4.1, 4.1), (16.4, 16.4), (0.5, 0.5)],
}
TOTALS = {"cnn-trad-fpool3": (244.2, 9700), "cnn-one-fstride4": (122.2, 502.7)}


@pytest.mark.parametrize("name", list(PAPER))
def test_networks_have_the_cost_given_in_the_paper(name: str) -> None:
    features = ARCHITECTURES[name].features
    assert (features.frames, features.rows) == (32, 40)
    model = build_model(name, features, 4)
    found = costs(model, torch.zeros(1, 1, 40, 32))
    for layer, (size, work) in zip(found, PAPER[name], strict=True):
        assert layer.parameters / 1000 == pytest.approx(size, rel=0.02, abs=0.13)
        assert layer.multiplies / 1000 == pytest.approx(work, rel=0.02, abs=0.13)
    size, work = TOTALS[name]
    assert parameters(model) / 1000 == pytest.approx(size, rel=0.01)
    assert sum(layer.multiplies for layer in found) / 1000 == pytest.approx(work, rel=0.01)


def test_browser_network_has_the_original_number_of_parameters() -> None:
    model = build_model("browser-fft", ARCHITECTURES["browser-fft"].features, 6)
    assert parameters(model) == 1_440_670


def test_compact_networks_have_the_size_given_in_their_papers() -> None:
    size = {name: parameters(build_model(name, ARCHITECTURES[name].features, 12)) for name in ("ds-cnn", "bc-resnet")}
    assert size["bc-resnet"] == pytest.approx(9_200, rel=0.02)
    # The first filter is 10 bands high here, and 4 coefficients in the paper.
    assert size["ds-cnn"] - 64 * 60 == pytest.approx(22_900, rel=0.03)


def test_default_and_wide_networks_stay_within_their_size_limits() -> None:
    sizes = {name: parameters(build_model(name, ARCHITECTURES[name].features, 33)) for name in ARCHITECTURES}
    assert next(iter(ARCHITECTURES)) == DEFAULT_ARCHITECTURE
    assert sizes[DEFAULT_ARCHITECTURE] < 160_000
    assert sizes["temporal-resnet-wide"] < 500_000


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_architecture_accepts_one_second(name: str) -> None:
    features = ARCHITECTURES[name].features
    assert abs(features.window_samples - 16_000) < 400
    model = build_model(name, features, 6)
    picture = build_frontend(features)(torch.randn(2, 16_000) * 0.1)
    embedding = model.backbone(picture)
    assert embedding.shape == (2, model.head.in_features)
    assert model(picture).shape == (2, 6)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_folding_batch_norm_does_not_change_scores(name: str) -> None:
    features = ARCHITECTURES[name].features
    torch.manual_seed(3)
    model = build_model(name, features, 6)
    pictures = torch.randn(8, 1, features.rows, features.frames)
    with torch.no_grad():
        # A batch gives the normalizations something to fold; a scale and shift of their own, too.
        model.train()(pictures)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
        before = model.eval()(pictures)
        fold(model)
        assert (model(pictures) - before).abs().max() < 1e-4
    # What normalizes parts of the bands by themselves is no part of a convolution.
    kept = [module.norm for module in model.modules() if isinstance(module, SubSpectralNorm)]
    found = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert all(any(module is each for each in kept) for module in found)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_folding_is_idempotent() -> None:
    name = next(iter(ARCHITECTURES))
    model = fold(build_model(name, ARCHITECTURES[name].features, 6))
    picture = torch.randn(1, 1, 40, 97)
    before = model(picture)
    assert torch.equal(fold(model)(picture), before)
