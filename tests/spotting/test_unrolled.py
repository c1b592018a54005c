from __future__ import annotations

import pytest
import torch

from voicetrail.spotting.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, Model, build_model, fold
from voicetrail.spotting.unrolled import Unrolled


def network(architecture: str = DEFAULT_ARCHITECTURE) -> Model:
    torch.manual_seed(5)
    model = build_model(architecture, ARCHITECTURES[architecture].features, 9)
    model.train()
    picture = torch.randn(16, 1, ARCHITECTURES[architecture].features.n_mels, ARCHITECTURES[architecture].features.frames)
    model(picture)  # so that the normalisations have something to fold
    fold(model)
    return model


def test_it_gives_the_logits_of_the_network() -> None:
    model = network()
    unrolled = Unrolled(model, 40, 97)
    with torch.inference_mode():
        for _ in range(3):
            picture = torch.randn(1, 1, 40, 97)
            assert torch.allclose(unrolled(picture), model(picture), atol=1e-5)


def test_nothing_of_the_window_before_is_left() -> None:
    unrolled = Unrolled(network(), 40, 97)
    with torch.inference_mode():
        picture = torch.randn(1, 1, 40, 97)
        first = unrolled(picture).clone()
        unrolled(torch.full((1, 1, 40, 97), 50.0))
        assert torch.equal(unrolled(picture), first)


def test_other_networks_are_refused() -> None:
    with pytest.raises(TypeError):
        Unrolled(network("cnn-one-fstride4"), 40, 32)
