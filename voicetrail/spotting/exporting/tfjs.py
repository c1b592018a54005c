"""Exports a network as TensorFlow.js layers: ``model.json``, weights and ``metadata.json``, as the speech-commands package loads them.

Only networks on the browser's features can be exported, because the package computes no others. The words are the network's classes,
in the order of its scores, because layers cannot combine several classes into one label.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import WeightsError
from voicetrail.spotting.browser_fft import BrowserFftSettings
from voicetrail.spotting.networks import layers
from voicetrail.spotting.networks.layers import Layer
from voicetrail.spotting.networks.model import Transpose
from voicetrail.spotting.weights import Weights

SHARD = "group1-shard1of1.bin"
CLASS_NAMES = {
    "conv2d": "Conv2D",
    "max-pool": "MaxPooling2D",
    "flatten": "Flatten",
    "dense": "Dense",
    "activation": "Activation",
}

Array = npt.NDArray[np.float32]


def export_tfjs(weights: Weights, folder: Path) -> None:
    """Write weights as a TensorFlow.js layers model.

    Args:
        weights: loaded.
        folder: receives ``model.json``, the shard of weights and ``metadata.json``.

    Raises:
        WeightsError: the network does not use the browser's features, or is not a sequence of layers.
        OSError: a file cannot be written.
    """
    info = weights.info
    if not isinstance(info.features, BrowserFftSettings):
        raise WeightsError(
            f"the weights {weights.name} do not use the browser's features, and the TensorFlow.js package supports no others; "
            "export them as ONNX, or train weights with --architecture browser-fft"
        )
    weights.model.eval()
    row, arrays = _given(weights) if info.layers else _described(weights)
    row[-1] = {**row[-1], "activation": "softmax"}
    names = [f"{layer['kind'].replace('-', '_')}_{number}" for number, layer in enumerate(row, 1)]
    shape = [None, info.features.frames, info.features.bins, 1]
    listed = [_layer(name, layer) for name, layer in zip(names, row, strict=True)]
    listed[0]["config"]["batch_input_shape"] = shape
    trained = [name for name, layer in zip(names, row, strict=True) if layer["kind"] in ("conv2d", "dense")]
    named = {f"{name}/{part}": array for name, pair in zip(trained, arrays, strict=True) for part, array in pair.items()}
    manifest = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in named.items()]
    document = {
        "format": "layers-model",
        "generatedBy": "voicetrail",
        "convertedBy": None,
        "modelTopology": {"class_name": "Sequential", "config": {"name": "voicetrail", "layers": listed}},
        "weightsManifest": [{"paths": [SHARD], "weights": manifest}],
    }
    metadata = {"wordLabels": info.classes, "frameSize": info.features.bins, "modelName": weights.name}
    replace_file(folder / SHARD, b"".join(array.astype("<f4").tobytes() for array in named.values()), mode=PUBLIC_FILE)
    replace_file(folder / "metadata.json", json.dumps(metadata), mode=PUBLIC_FILE)
    replace_file(folder / "model.json", json.dumps(document), mode=PUBLIC_FILE)


def _layer(name: str, layer: Layer) -> dict[str, Any]:
    """A layer as Keras describes it."""
    config: dict[str, Any] = {"name": name}
    match layer["kind"]:
        case "conv2d":
            config |= {"filters": layer["filters"], "kernel_size": layer["kernel"], "strides": layer["strides"]}
            config |= {"padding": layer["padding"], "dilation_rate": layer["dilation"], "data_format": "channels_last"}
        case "max-pool":
            config |= {"pool_size": layer["pool"], "strides": layer["strides"], "padding": layer["padding"]}
            config |= {"data_format": "channels_last"}
        case "dense":
            config |= {"units": layer["units"]}
    if "bias" in layer:
        config["use_bias"] = layer["bias"]
    if "activation" in layer:
        config["activation"] = layer["activation"]
    return {"class_name": CLASS_NAMES[layer["kind"]], "config": config}


_Described = tuple[list[Layer], list[Mapping[str, Array]]]
"""A sequence of layers, and the kernels and biases of those that have any, in TensorFlow.js's order of axes."""


def _given(weights: Weights) -> _Described:
    """The layers of an imported network."""
    row = list(weights.info.layers)
    modules = [module for module in weights.model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    biases = [bool(layer["bias"]) for layer in row if "bias" in layer]
    return row, [_pair(module, bias) for module, bias in zip(modules, biases, strict=True)]


def _described(weights: Weights) -> _Described:
    """The layers of a network of our own, found by passing a picture through it."""
    features, row, arrays = weights.info.features, list[Layer](), list[Mapping[str, Array]]()
    backbone = weights.model.backbone
    if not isinstance(backbone, nn.Sequential):
        raise WeightsError(
            f"the network {weights.info.architecture} is not a sequence of layers, so it cannot be exported to TensorFlow.js"
        )
    x = torch.zeros(1, 1, features.rows, features.frames)
    flattened: torch.Size | None = None
    """Shape that was flattened with the channels first, until the next layer is converted to TensorFlow.js's order."""
    for module in (*backbone, weights.model.head):
        match module:
            case nn.Conv2d():
                row.append(layers.conv2d(module.out_channels, _pair_of(module.kernel_size), _pair_of(module.stride)))
                arrays.append(_pair(module))
            case nn.MaxPool2d():
                row.append(layers.max_pool(_pair_of(module.kernel_size), _pair_of(module.stride)))
            case nn.ReLU():
                row[-1] = {**row[-1], "activation": "relu"}
            case nn.Flatten():
                flattened = x.shape[1:]
                row.append(layers.flatten())
            case nn.Linear():
                row.append(layers.dense(module.out_features))
                pair = _pair(module)
                if flattened is not None:
                    kernel = pair["kernel"].reshape(*flattened, -1).transpose(1, 2, 0, 3)
                    pair["kernel"], flattened = np.ascontiguousarray(kernel.reshape(-1, module.out_features)), None
                arrays.append(pair)
            case Transpose() | nn.Dropout():
                pass
            case _:
                raise WeightsError(f"the network {weights.info.architecture} has a layer that TensorFlow.js does not have")
        x = module(x)
    return row, arrays


def _pair_of(size: int | tuple[int, ...]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _pair(module: nn.Conv2d | nn.Linear, bias: bool = True) -> dict[str, Array]:
    kernel = module.weight.permute(2, 3, 1, 0) if isinstance(module, nn.Conv2d) else module.weight.T
    pair = {"kernel": _array(kernel)}
    if bias and module.bias is not None:
        pair["bias"] = _array(module.bias)
    return pair


def _array(tensor: Tensor) -> Array:
    array: Array = np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)
    return array
