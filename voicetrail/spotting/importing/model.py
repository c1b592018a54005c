"""Converts a TensorFlow.js model to weights of this program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voicetrail.errors import WeightsError
from voicetrail.spotting.browser_fft import BrowserFftSettings
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.importing.json_files import read_json
from voicetrail.spotting.importing.labels import LabelPlan, read_labels
from voicetrail.spotting.importing.shards import StoredWeights, read_weights
from voicetrail.spotting.importing.topology import Topology, read_topology
from voicetrail.spotting.networks.layers import LAYERS, build_layers
from voicetrail.spotting.networks.model import Model
from voicetrail.spotting.weights import WeightsInfo, save_weights
from voicetrail.text import printable

THRESHOLD = 0.75
"""Threshold of every word, until calibration proposes better ones."""


@dataclass(frozen=True, slots=True)
class TfjsModel:
    """A model that was read and checked."""

    labels: tuple[str, ...]
    """The model's own labels, in the order of its scores."""
    features: BrowserFftSettings
    topology: Topology
    tensors: Mapping[str, Tensor]
    """By their names in the network's ``state_dict``."""
    about: Mapping[str, Any]


def read_model(path: Path, metadata: Path | None = None) -> TfjsModel:
    """Read a model.

    Args:
        path: a ``model.json``, or the folder that holds it.
        metadata: the ``metadata.json``; by default, the one beside the ``model.json``.

    Raises:
        WeightsError: it is not a model of the speech-commands package, or it is damaged; the message says what is wrong.
    """
    file = path / "model.json" if path.is_dir() else path
    document = read_json(file)
    topology = read_topology(document)
    features = BrowserFftSettings(bins=topology.bins, frames=topology.frames)
    features.check()
    where = file.parent / "metadata.json" if metadata is None else metadata
    if metadata is None and not where.exists():
        raise WeightsError(f"there is no metadata.json beside {printable(file)}; name the file with the words with --metadata")
    labels = read_labels(where, topology.bins)
    if len(labels) != topology.units:
        raise WeightsError(
            f"the model has {topology.units} scores, but its metadata name {len(labels)} words; are they from the same model?"
        )
    # Built without memory for parameters, so that the shapes are checked before the weights are read.
    try:
        with torch.device("meta"):
            backbone, head = build_layers([each.layer for each in topology.row], topology.bins, topology.frames, topology.units)
    except ValueError as error:
        raise WeightsError(f"the model cannot be built: {printable(error)}") from None
    stored = read_weights(document, file.parent)
    tensors = _fit(Model.joined(backbone, head), topology, stored)
    digest = hashlib.sha256(file.read_bytes())
    for name in sorted(stored.arrays):
        digest.update(stored.arrays[name].tobytes())
    about = {
        "imported_from": "TensorFlow.js",
        "words": [printable(label, 80) for label in labels],
        "stored_as": sorted(stored.kinds),
        "made_by": printable(document.get("generatedBy") or document.get("convertedBy") or "", 80),
        "source_hash": digest.hexdigest(),
    }
    return TfjsModel(labels, features, topology, tensors, about)


def make_weights(model: TfjsModel, plan: LabelPlan, path: Path) -> None:
    """Write a model as weights.

    Args:
        model: what was read.
        plan: the names and meanings of its labels.
        path: the file.

    Raises:
        OSError: it cannot be written.
    """
    info = WeightsInfo(
        plan.labels,
        plan.classes,
        LAYERS,
        model.features,
        DetectorSettings(threshold=THRESHOLD),
        about=model.about,
        meanings=plan.meanings,
        layers=tuple(each.layer for each in model.topology.row),
    )
    save_weights(path, model.tensors, info, half=False)


def _fit(model: Model, topology: Topology, stored: StoredWeights) -> dict[str, Tensor]:
    """The stored weights, by their names in the network, in torch's order of axes.

    Raises:
        WeightsError: one is missing, has the wrong shape, or belongs to no layer.
    """
    modules = [item for item in model.named_modules() if isinstance(item[1], (nn.Conv2d, nn.Linear))]
    named = [each for each in topology.row if each.layer["kind"] in ("conv2d", "dense")]
    left, tensors = dict(stored.arrays), dict[str, Tensor]()
    for each, (name, module) in zip(named, modules, strict=True):
        kernel = torch.from_numpy(left.pop(_find(left, each.name, "kernel")))
        turned = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.permute(*reversed(range(kernel.ndim)))
        tensors[f"{name}.weight"] = _of_shape(turned, module.get_parameter("weight").shape, each.name)
        if each.layer["bias"]:
            bias = torch.from_numpy(left.pop(_find(left, each.name, "bias")))
            tensors[f"{name}.bias"] = _of_shape(bias, module.get_parameter("bias").shape, each.name)
        elif module.bias is not None:
            tensors[f"{name}.bias"] = torch.zeros(module.bias.shape)
    if left:
        raise WeightsError(f"the weight {printable(next(iter(left)), 60)!r} belongs to no layer; export the model again")
    return tensors


def _find(left: Mapping[str, Any], layer: str, weight: str) -> str:
    """The stored name of a layer's weight. Converted models prefix it with the name of a model, or insert a scope."""
    key = f"{layer}/{weight}"
    for name in (key, *left):
        *scope, last = name.partition(":")[0].split("/")
        if name in left and (name == key or f"/{name}".endswith(f"/{key}") or "/".join((*scope[:-1], last)) == key):
            return name
    raise WeightsError(
        f"the weights of the layer {printable(layer, 40)!r} are missing ({printable(key, 60)}); export the model again"
    )


def _of_shape(value: Tensor, shape: torch.Size, layer: str) -> Tensor:
    if value.shape != shape:
        raise WeightsError(
            f"the weights of the layer {printable(layer, 40)!r} have the shape {[*value.shape]}, but the layer needs {[*shape]}"
        )
    return value.contiguous()
