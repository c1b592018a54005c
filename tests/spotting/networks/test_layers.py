"""Networks from a list of layers; ``importing/test_tfjs`` holds them against TensorFlow.js."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.spotting.importing.makers import write_model
from voicetrail.errors import WeightsError
from voicetrail.spotting.importing import make_weights, plan_labels, read_model
from voicetrail.spotting.networks import layers
from voicetrail.spotting.networks.layers import build_layers
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import KEY, load_weights

ROW = (
    layers.conv2d(4, (3, 8), (2, 3), "same", "relu"),
    layers.max_pool((2, 2), (2, 2)),
    layers.flatten(),
    layers.dense(5, "relu", bias=False),
    layers.dense(3),
)


def test_layer_shapes_are_derived_from_each_other() -> None:
    backbone, head = build_layers(ROW, 232, 43, 3)
    embedding = backbone(torch.zeros(2, 1, 232, 43))
    assert embedding.shape == (2, 5)
    assert head(embedding).shape == (2, 3)
    assert backbone[4].in_features == 11 * 39 * 4  # (43 / 2 up) / 2 down, (232 / 3 up) / 2 down


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((), "0 layers"),
        (ROW[:-1], "last layer"),
        ((*ROW[:3], layers.dense(1 << 20), layers.dense(3)), "layer 4: .*too large"),
        ((layers.conv2d(1 << 19, (1, 1)), *ROW[2:]), "layer 1 is too large"),
        ((layers.flatten(), ROW[0], *ROW[2:]), "layer 2: there is a convolution after"),
        ((ROW[0], layers.dense(3), ROW[-1]), "layer 2: there is a dense layer without"),
        (({"kind": "conv2d"}, *ROW[1:]), "layer 1 lacks"),
        (({"kind": "lambda", "code": "import os"}, *ROW[1:]), "layer 1: layers of the kind 'lambda' are not supported"),
        ((layers.conv2d(4, (3, 8), activation="softmax"), *ROW[1:]), "layer 1: the activation 'softmax'"),
        ((layers.conv2d(4, (3, 8), (0, 1)), *ROW[1:]), "layer 1: 0 is not a size"),
        ((layers.flatten(),) * 65, "65 layers"),
    ],
)
def test_invalid_sequence_of_layers_is_refused(row: tuple[layers.Layer, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build_layers(row, 232, 43, 3)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imported")
    model = read_model(write_model(folder / "m"))
    make_weights(model, plan_labels(model.labels, {"links": "left"}), folder / "m.safetensors")
    return folder / "m.safetensors"


def test_imported_recognizer_gives_the_same_scores_on_every_path(imported: Path) -> None:
    recognizer = Recognizer(load_weights(imported))
    assert recognizer.window_samples == 16_347
    sound = (torch.randn(3 * 16_000, generator=torch.Generator().manual_seed(2)) * 0.1).numpy()
    rows = recognizer.score_all(sound)
    assert len(rows) == 75
    for time, scores in rows[40:50]:
        window = sound[time - recognizer.window_samples : time]
        assert sum(scores) == pytest.approx(1, abs=0.01)
        assert recognizer.score(window) == pytest.approx(scores, abs=0.002)
        assert recognizer.posteriors(window[None])[0].tolist() == pytest.approx(scores, abs=0.002)
    assert recognizer.spectrogram(window).shape == (232, 43)
    assert recognizer.embedding(window).shape == (8,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('"units": 8', "are damaged"),
        ('"kind": "flatten"', "are damaged"),
        ('"links": "left"', "a meaning is not a word"),
        ('"_unknown_", "up", "links"], "arch', "."),
    ],
)
def test_weights_with_modified_layers_are_refused(imported: Path, tmp_path: Path, change: str, said: str) -> None:
    with safetensors.safe_open(imported, "pt") as stored:
        meta = stored.metadata()[KEY]
    assert change in meta
    other = {'"units": 8': '"units": -8', '"kind": "flatten"': '"kind": "exec"', '"links": "left"': '"links": "sideways"'}
    changed = meta.replace(change, other.get(change, '"_unknown_", "up", "up"], "arch'))
    safetensors.torch.save_file(safetensors.torch.load_file(imported), tmp_path / "x.safetensors", {KEY: changed})
    with pytest.raises(WeightsError, match=said):
        load_weights(tmp_path / "x.safetensors")
