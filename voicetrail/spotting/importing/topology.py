"""Reads the layers of a TensorFlow.js *layers* model: one sequence, from the patch of spectrum to the scores.

Models saved by the browser and models converted from Keras differ only in their wrapping. A transfer model contains the layers of the
base model, and a ``Sequential`` with the new head, inside a ``Model``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voicetrail.errors import WeightsError
from voicetrail.spotting.networks import layers
from voicetrail.text import printable

DEEPEST = 8
"""Most levels of nested models."""
CONTAINERS = ("Sequential", "Model", "Functional")
WITHOUT_WEIGHTS = ("InputLayer", "Dropout", "Flatten", "MaxPooling2D", "Activation", "Softmax")
KNOWN = ("Conv2D", "Dense", *WITHOUT_WEIGHTS, *CONTAINERS)


@dataclass(frozen=True, slots=True)
class NamedLayer:
    """A layer, with the name that its weights have."""

    name: str
    layer: layers.Layer


@dataclass(frozen=True, slots=True)
class Topology:
    """A network as a sequence of layers."""

    frames: int
    bins: int
    row: tuple[NamedLayer, ...]

    @property
    def units(self) -> int:
        """The number of scores."""
        return int(self.row[-1].layer["units"])


def read_topology(document: Mapping[str, Any]) -> Topology:
    """Read the layers of a ``model.json``.

    Raises:
        WeightsError: it is not a layers model, its layers are not a sequence, or the kind of a layer is not supported.
    """
    if document.get("format") == "graph-model" or "node" in (_mapping(document.get("modelTopology"), "modelTopology")):
        raise WeightsError(
            "this is a graph model, which has no layers any more; import the layers model from which it was made"
        )
    topology = _mapping(document.get("modelTopology"), "modelTopology")
    outermost = topology.get("model_config", topology)
    found = _unwrap(outermost, 0)
    shape = _input_shape(found)
    row = [NamedLayer(name, layer) for name, kind, config in found if (layer := _layer(name, kind, config)) is not None]
    names = [each.name for each in row if each.layer["kind"] in ("conv2d", "dense")]
    if len(set(names)) < len(names):
        raise WeightsError("two layers of the model have the same name; export the model again")
    return Topology(*shape, _without_softmax(row))


_Found = tuple[str, str, Mapping[str, Any]]
"""Name, kind and config of a layer."""


def _unwrap(node: object, depth: int) -> list[_Found]:
    """The layers of a model, including those of nested models, in sequence."""
    model = _mapping(node, "model")
    kind, config = model.get("class_name"), model.get("config")
    if depth > DEEPEST:
        raise WeightsError("the model is nested too deeply")
    if kind == "Sequential":
        listed = config.get("layers") if isinstance(config, dict) else config
        ordered = [_mapping(layer, "layer") for layer in _list(listed)]
    elif kind in ("Model", "Functional"):
        ordered = _chain(_mapping(config, "config"))
    else:
        raise WeightsError(
            f"the model is of the kind {printable(kind, 40)!r}; only {' and '.join(CONTAINERS[:2])} are supported"
        )
    out: list[_Found] = []
    for layer in ordered:
        if layer.get("class_name") in CONTAINERS:
            out += _unwrap(layer, depth + 1)
            continue
        settings = _mapping(layer.get("config"), "layer's config")
        name, sort = settings.get("name"), layer.get("class_name")
        if not isinstance(name, str) or not isinstance(sort, str):
            raise WeightsError("a layer of the model has no name or no kind; export the model again")
        out.append((name, sort, settings))
    return out


def _chain(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a functional model, followed along their connections."""
    after: dict[str | None, list[Mapping[str, Any]]] = {}
    listed = _list(config.get("layers"))
    for item in listed:
        layer = _mapping(item, "layer")
        after.setdefault(_source(layer), []).append(layer)
    ordered: list[Mapping[str, Any]] = []
    at: str | None = None
    while len(following := after.pop(at, [])) == 1:
        ordered.append(following[0])
        name = following[0].get("name")
        at = name if isinstance(name, str) else ""
    if following or after or len(ordered) < len(listed):
        raise WeightsError(
            "the model's layers branch or are not connected; only models with a single sequence of layers can be imported"
        )
    return ordered


def _source(layer: Mapping[str, Any]) -> str | None:
    """The name of the preceding layer; ``None`` for the first."""
    nodes = layer.get("inbound_nodes")
    if nodes == [] or nodes is None:
        return None
    try:
        ((source,),) = nodes
        name = source[0]
    except (TypeError, ValueError, KeyError, IndexError):
        name = None
    if not isinstance(name, str):
        shown = printable(layer.get("name"), 40)
        raise WeightsError(
            f"the layer {shown!r} does not have exactly one preceding layer; only models without branches can be imported"
        )
    return name


def _input_shape(found: list[_Found]) -> tuple[int, int]:
    """Frames and bins of the model's input."""
    shape = next((c.get("batch_input_shape", c.get("batch_shape")) for _, _, c in found[:1]), None)
    if isinstance(shape, list) and len(shape) == 4 and shape[3] == 1 and all(type(size) is int for size in shape[1:3]):
        return shape[1], shape[2]
    raise WeightsError(
        f"the model's input is {printable(shape, 60)}, not a patch of spectrum ([null, 43, 232, 1]); is it a speech-commands model?"
    )


def _layer(name: str, kind: str, config: Mapping[str, Any]) -> layers.Layer | None:
    """A layer in our own terms; ``None`` for one that does nothing at inference."""
    shown = f"the layer {printable(name, 40)!r} ({printable(kind, 40)})"
    if config.get("data_format") not in (None, "channels_last", "channelsLast"):
        raise WeightsError(f"{shown} has its channels first; only channels last are supported")
    match kind:
        case "InputLayer" | "Dropout":
            return None
        case "Flatten":
            return layers.flatten()
        case "Softmax":
            return layers.activation("softmax")
        case "Activation":
            return layers.activation(_activation(config, shown))
        case "MaxPooling2D":
            pool = _pair(config.get("pool_size"), shown)
            strides = pool if config.get("strides") is None else _pair(config["strides"], shown)
            return layers.max_pool(pool, strides, _padding(config, shown))
        case "Conv2D":
            if config.get("groups", 1) != 1:
                raise WeightsError(f"{shown} is a grouped convolution, which is not supported")
            return layers.conv2d(
                _size(config.get("filters"), shown),
                _pair(config.get("kernel_size"), shown),
                _pair(config.get("strides", 1), shown),
                _padding(config, shown),
                _activation(config, shown),
                dilation=_pair(config.get("dilation_rate", 1), shown),
                bias=config.get("use_bias", True) is not False,
            )
        case "Dense":
            units, bias = _size(config.get("units"), shown), config.get("use_bias", True) is not False
            return layers.dense(units, _activation(config, shown), bias=bias)
    raise WeightsError(f"{shown} is not supported; the supported layers are {', '.join(KNOWN)}")


def _without_softmax(row: list[NamedLayer]) -> tuple[NamedLayer, ...]:
    """The layers without the final softmax, which the recognizer applies itself."""
    *before, last = row or [NamedLayer("", {"kind": "none", "activation": "linear"})]
    if last.layer["kind"] == "activation" and last.layer["activation"] == "softmax" and before:
        *before, last = before
        ends = last.layer.get("activation") == "linear"
    else:
        ends = last.layer.get("activation") == "softmax"
    if last.layer["kind"] != "dense" or not ends:
        raise WeightsError("the model does not end in a dense layer with a softmax, as a recognizer does")
    return (*before, NamedLayer(last.name, {**last.layer, "activation": "linear"}))


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WeightsError(f"the model.json has no readable {what}; is it a TensorFlow.js layers model?")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= 4 * layers.MAX_LAYERS:
        raise WeightsError("the model.json lists no layers, or too many for a recognizer")
    return value


def _size(value: object, shown: str) -> int:
    if type(value) is not int or not 1 <= value <= 1 << 20:
        raise WeightsError(f"{shown} has an invalid size: {printable(value, 40)}")
    return value


def _pair(value: object, shown: str) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        return _size(value[0], shown), _size(value[1], shown)
    return _size(value, shown), _size(value, shown)


def _activation(config: Mapping[str, Any], shown: str) -> str:
    name = config.get("activation") or "linear"
    if name not in layers.ACTIVATIONS:
        raise WeightsError(
            f"{shown} has the activation {printable(name, 40)!r}; the supported ones are {', '.join(layers.ACTIVATIONS)}"
        )
    return str(name)


def _padding(config: Mapping[str, Any], shown: str) -> str:
    name = config.get("padding") or "valid"
    if name not in ("valid", "same"):
        raise WeightsError(f"{shown} has the padding {printable(name, 40)!r}; the supported ones are valid and same")
    return str(name)
