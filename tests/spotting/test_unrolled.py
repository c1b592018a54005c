from __future__ import annotations

import pytest
import torch

from voicetrail.spotting.fast.unrolled import Unrolled
from voicetrail.spotting.networks.model import (
    ARCHITECTURES,
    DEFAULT_ARCHITECTURE,
    POOLED,
    Model,
    TemporalResNet,
    build_model,
    fold,
)


def network(architecture: str = DEFAULT_ARCHITECTURE) -> Model:
    torch.manual_seed(5)
    model = build_model(architecture, ARCHITECTURES[architecture].features, 9)
    model.train()
    picture = torch.randn(16, 1, ARCHITECTURES[architecture].features.rows, ARCHITECTURES[architecture].features.frames)
    model(picture)  # so that the normalizations have something to fold
    fold(model)
    return model


def logits(unrolled: Unrolled, picture: torch.Tensor) -> torch.Tensor:
    unrolled.picture[:] = picture[0, 0].numpy()
    return torch.from_numpy(unrolled().copy())


@pytest.mark.parametrize("architecture", [DEFAULT_ARCHITECTURE, DEFAULT_ARCHITECTURE + POOLED, "temporal-resnet-medium-pooled"])
def test_unrolled_network_gives_the_same_logits(architecture: str) -> None:
    model = network(architecture)
    unrolled = Unrolled(model, 40, 97)
    with torch.inference_mode():
        for loud in (0.1, 1.0, 30.0):
            picture = torch.randn(1, 1, 40, 97) * loud
            assert torch.allclose(logits(unrolled, picture), model(picture)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("mels", "frames"), [(40, 97), (41, 64), (30, 33)])
def test_unrolled_network_accepts_any_size(mels: int, frames: int) -> None:
    torch.manual_seed(6)
    backbone = TemporalResNet(mels, 24, ((24, 5, 1), (32, 5, 2), (32, 3, 1), (40, 3, 2)))
    model = Model(backbone, backbone.embedding, 7)
    model.train()
    model(torch.randn(16, 1, mels, frames))
    fold(model)
    picture = torch.randn(1, 1, mels, frames)
    with torch.inference_mode():
        assert torch.allclose(logits(Unrolled(model, mels, frames), picture), model(picture)[0], rtol=1e-5, atol=1e-5)


def test_unrolled_network_keeps_no_state() -> None:
    unrolled = Unrolled(network(), 40, 97)
    with torch.inference_mode():
        picture = torch.randn(1, 1, 40, 97)
        first = logits(unrolled, picture)
        logits(unrolled, torch.full((1, 1, 40, 97), 50.0))
        assert torch.equal(logits(unrolled, picture), first)


def test_unsupported_networks_are_refused() -> None:
    with pytest.raises(TypeError):
        Unrolled(network("cnn-one-fstride4"), 40, 32)
