"""Networks given as a list of layers, as TensorFlow.js and Keras write them; imported weights are built from such a list.

The list comes from the metadata of a weights file, so nothing in it is trusted: every size is checked before anything is built. The
layers behave as in TensorFlow: a picture is ``[frames, bins, 1]`` with the channels last when it is flattened, ``same`` padding puts
the odd row or column at the end, and the softmax of the last layer is that of the recognizer (``spotting.posteriors``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

LAYERS = "layers"
"""The architecture's name in the weights' metadata."""
MAX_LAYERS = 64
MAX_PARAMETERS = 16 * 1024 * 1024
"""Most parameters of a network, limited by the size of a weights file."""
MAX_ACTIVATIONS = 16 * 1024 * 1024
"""Most numbers in the output of a layer, for one window."""
ACTIVATIONS = ("linear", "relu", "softmax")

Layer = Mapping[str, Any]
"""A layer as plain values: its ``kind`` and its parameters (see ``conv2d``, ``max_pool``, ``dense``, ``flatten``)."""


def conv2d(
    filters: int,
    kernel: Sequence[int],
    strides: Sequence[int] = (1, 1),
    padding: str = "valid",
    activation: str = "linear",
    *,
    dilation: Sequence[int] = (1, 1),
    bias: bool = True,
) -> Layer:
    """A 2-D convolution over frames and bins."""
    return {
        "kind": "conv2d",
        "filters": filters,
        "kernel": list(kernel),
        "strides": list(strides),
        "padding": padding,
        "dilation": list(dilation),
        "activation": activation,
        "bias": bias,
    }


def max_pool(pool: Sequence[int], strides: Sequence[int], padding: str = "valid") -> Layer:
    """Max pooling."""
    return {"kind": "max-pool", "pool": list(pool), "strides": list(strides), "padding": padding}


def flatten() -> Layer:
    """Flatten to one vector, with the channels innermost."""
    return {"kind": "flatten"}


def dense(units: int, activation: str = "linear", *, bias: bool = True) -> Layer:
    """A fully connected layer."""
    return {"kind": "dense", "units": units, "activation": activation, "bias": bias}


def activation(name: str) -> Layer:
    """An activation without another layer."""
    return {"kind": "activation", "activation": name}


class Backbone(nn.Sequential):
    """All layers but the last, after transposing the picture: ``[batch, 1, bins, frames]`` to ``[batch, embedding]``."""

    def forward(self, picture: Tensor) -> Tensor:
        """Run the layers."""
        x = picture.transpose(2, 3)
        for layer in self:
            x = layer(x)
        return x


class PaddedConv(nn.Conv2d):
    """A convolution whose padding may be asymmetric.

    Args:
        inputs: channels.
        outputs: channels.
        kernel: rows and columns.
        strides: of rows and columns.
        dilation: of rows and columns.
        around: padding with zeros on the left, right, top and bottom.
        bias: whether it has one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        strides: tuple[int, int],
        dilation: tuple[int, int],
        around: tuple[int, int, int, int],
        bias: bool,
    ) -> None:
        super().__init__(inputs, outputs, kernel, strides, dilation=dilation, bias=bias)
        self.around = around

    def forward(self, x: Tensor) -> Tensor:
        """Pad and convolve."""
        return super().forward(F.pad(x, self.around) if any(self.around) else x)


class PaddedPool(nn.MaxPool2d):
    """Max pooling whose padding may be asymmetric; padding is never the maximum.

    Args:
        pool: rows and columns.
        strides: of rows and columns.
        around: padding on the left, right, top and bottom.
    """

    def __init__(self, pool: tuple[int, int], strides: tuple[int, int], around: tuple[int, int, int, int]) -> None:
        super().__init__(pool, strides)
        self.around = around

    def forward(self, x: Tensor) -> Tensor:
        """Pad and pool."""
        out: Tensor = super().forward(F.pad(x, self.around, value=-math.inf) if any(self.around) else x)
        return out


class ChannelsLast(nn.Module):
    """Flattens ``[batch, channels, rows, columns]`` with the channels innermost."""

    def forward(self, x: Tensor) -> Tensor:
        """Flatten."""
        return x.permute(0, 2, 3, 1).flatten(1)


@dataclass(slots=True)
class _Shape:
    """The shape of a layer's output: a map, or one vector if ``flat``."""

    rows: int
    columns: int
    channels: int
    flat: bool = False

    @property
    def size(self) -> int:
        return self.rows * self.columns * self.channels


def build_layers(layers: Sequence[Layer], rows: int, frames: int, classes: int) -> tuple[Backbone, nn.Linear]:
    """Build a network.

    Args:
        layers: from the picture to the logits.
        rows: of the picture: bins.
        frames: of the picture.
        classes: number of logits.

    Returns:
        All but the last layer, and the last. A last layer without a bias gets one of zeros.

    Raises:
        ValueError: the list does not make a recognizer; the message says which layer is wrong, and why.
    """
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ValueError(f"it has {len(layers)} layers; a recognizer has 1 to {MAX_LAYERS}")
    *body, last = list(layers)
    shape, parameters, modules = _Shape(frames, rows, 1), 0, list[nn.Module]()
    for number, layer in enumerate(body, 1):
        try:
            for module in _build(layer, shape):
                parameters += sum(parameter.numel() for parameter in module.parameters())
                modules.append(module)
        except (KeyError, TypeError) as error:
            raise ValueError(f"layer {number} lacks a value, or has one of the wrong type ({error})") from None
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from None
        if parameters > MAX_PARAMETERS or shape.size > MAX_ACTIVATIONS:
            raise ValueError(f"layer {number} is too large")
    if last.get("kind") != "dense" or last.get("units") != classes or not shape.flat:
        raise ValueError(f"its last layer must be a dense layer with one unit for each of {classes} labels")
    if parameters + shape.size * classes > MAX_PARAMETERS:
        raise ValueError("the last layer is too large")
    return Backbone(*modules), nn.Linear(shape.size, classes)


def _build(layer: Layer, shape: _Shape) -> list[nn.Module]:
    """The modules of one layer; updates ``shape`` to that of its output."""
    match layer["kind"]:
        case "conv2d":
            return _convolution(layer, shape)
        case "max-pool":
            return _pooling(layer, shape)
        case "flatten":
            was, shape.flat = shape.flat, True
            return [] if was else [ChannelsLast()]
        case "dense":
            return _dense(layer, shape)
        case "activation":
            return _activate(layer)
        case kind:
            raise ValueError(f"layers of the kind {str(kind)[:40]!r} are not supported")


def _convolution(layer: Layer, shape: _Shape) -> list[nn.Module]:
    if shape.flat:
        raise ValueError("there is a convolution after a flatten layer")
    kernel, strides, dilation = (_pair(layer[name]) for name in ("kernel", "strides", "dilation"))
    filters, bias = _count(layer["filters"]), bool(layer["bias"])
    if filters * shape.channels * math.prod(kernel) > MAX_PARAMETERS:
        raise ValueError("it is too large")
    around = _around(shape, kernel, strides, dilation, layer["padding"])
    conv = PaddedConv(shape.channels, filters, kernel, strides, dilation, around, bias)
    shape.channels = filters
    return [conv, *_activate(layer)]


def _pooling(layer: Layer, shape: _Shape) -> list[nn.Module]:
    if shape.flat:
        raise ValueError("there is a pooling layer after a flatten layer")
    pool, strides = _pair(layer["pool"]), _pair(layer["strides"])
    return [PaddedPool(pool, strides, _around(shape, pool, strides, (1, 1), layer["padding"]))]


def _dense(layer: Layer, shape: _Shape) -> list[nn.Module]:
    if not shape.flat:
        raise ValueError("there is a dense layer without a flatten layer before it")
    units = _count(layer["units"])
    if units * shape.size > MAX_PARAMETERS:
        raise ValueError("it is too large")
    linear = nn.Linear(shape.size, units, bias=bool(layer["bias"]))
    shape.rows, shape.columns, shape.channels = 1, 1, units
    return [linear, *_activate(layer)]


def _activate(layer: Layer) -> list[nn.Module]:
    name = layer["activation"]
    if name == "relu":
        return [nn.ReLU()]
    if name == "linear":
        return []
    raise ValueError(f"the activation {str(name)[:40]!r} is not supported before the last layer")


def _around(
    shape: _Shape, kernel: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int], padding: object
) -> tuple[int, int, int, int]:
    """The padding on the left, right, top and bottom; updates ``shape`` to the rows and columns of the output.

    With ``same``, there is one output per started stride; an odd row or column of padding goes to the end (TensorFlow's rule).
    """
    if padding not in ("same", "valid"):
        raise ValueError(f"the padding {str(padding)[:40]!r} is not supported")
    out, sides = [], []
    for size, taps, stride, spread in zip((shape.rows, shape.columns), kernel, strides, dilation, strict=True):
        reach = (taps - 1) * spread + 1
        count = math.ceil(size / stride) if padding == "same" else (size - reach) // stride + 1
        if count < 1:
            raise ValueError("its kernel is larger than its input")
        missing = max(0, (count - 1) * stride + reach - size) if padding == "same" else 0
        out.append(count)
        sides.append((missing // 2, missing - missing // 2))
    shape.rows, shape.columns = out
    return (*sides[1], *sides[0])


def _pair(value: Any) -> tuple[int, int]:
    first, second = value
    return _count(first), _count(second)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1 << 20:
        raise ValueError(f"{str(value)[:40]} is not a size")
    return value
