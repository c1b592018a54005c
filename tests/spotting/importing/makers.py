"""Small models in the format of TensorFlow.js, written by hand; those of the real library are in ``test_tfjs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = ("_background_noise_", "_unknown_", "up", "links")


def _layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def small_document() -> dict[str, Any]:
    """A model of a convolution, a maximum and two dense layers, with its weights in two shards."""
    layers = [
        _layer("Conv2D", "conv", filters=4, kernel_size=[4, 8], strides=[4, 8], padding="same", activation="relu"),
        _layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=None, padding="valid"),
        _layer("Flatten", "flat"),
        _layer("Dropout", "drop", rate=0.5),
        _layer("Dense", "hidden", units=8, activation="relu"),
        _layer("Dense", "head", units=4, activation="softmax"),
    ]
    layers[0]["config"]["batch_input_shape"] = [None, 43, 232, 1]
    shapes = {
        "conv/kernel": [4, 8, 1, 4],
        "conv/bias": [4],
        "hidden/kernel": [5 * 14 * 4, 8],
        "hidden/bias": [8],
        "head/kernel": [8, 4],
        "head/bias": [4],
    }
    weights = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in shapes.items()]
    return {
        "format": "layers-model",
        "modelTopology": {"class_name": "Sequential", "config": {"name": "s", "layers": layers}},
        "weightsManifest": [{"paths": ["one.bin", "two.bin"], "weights": weights}],
    }


def weights_of(document: dict[str, Any]) -> bytes:
    """Seeded numbers for all weights of a model."""
    count = sum(int(np.prod(weight["shape"])) for group in document["weightsManifest"] for weight in group["weights"])
    return (np.random.default_rng(7).standard_normal(count) * 0.3).astype("<f4").tobytes()


def write_model(folder: Path, document: dict[str, Any] | None = None, words: tuple[str, ...] = WORDS) -> Path:
    """Write a model with its shards and metadata; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    document = document or small_document()
    content = weights_of(document)
    (folder / "one.bin").write_bytes(content[:1000])
    (folder / "two.bin").write_bytes(content[1000:])
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "metadata.json").write_text(json.dumps({"words": words, "frameSize": 232}))
    return folder


TONES = {"links": 400.0, "rechts": 1600.0}
"""Hz of the tone that ``tone_model`` takes for each of its words."""


def tone_model(folder: Path, last: int = 15) -> Path:
    """A model that takes a tone in the last columns of its patch for a word: a template for each, in a single dense layer."""
    words = (*TONES, "_background_noise_")
    kernel, bias = np.zeros((43, 232, len(words)), np.float32), np.array([0, 0, 6], np.float32)
    for index, pitch in enumerate(TONES.values()):
        nearest = round(pitch * 2048 / 44_100)
        kernel[-last:, nearest - 1 : nearest + 2, index] = 0.1
    document = small_document()
    document["modelTopology"]["config"]["layers"] = [
        _layer("InputLayer", "in", batch_input_shape=[None, 43, 232, 1]),
        _layer("Flatten", "flat"),
        _layer("Dense", "head", units=len(words), activation="linear"),
        _layer("Activation", "soft", activation="softmax"),
    ]
    shapes = {"head/kernel": [43 * 232, len(words)], "head/bias": [len(words)]}
    document["weightsManifest"] = [
        {
            "paths": ["one.bin", "two.bin"],
            "weights": [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in shapes.items()],
        }
    ]
    write_model(folder, document, words)
    content = kernel.astype("<f4").tobytes() + bias.astype("<f4").tobytes()
    (folder / "one.bin").write_bytes(content[:5000])
    (folder / "two.bin").write_bytes(content[5000:])
    return folder
