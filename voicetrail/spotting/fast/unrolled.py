"""The default network for one window at a time: the same arithmetic as ``model.TemporalResNet``, with very little overhead.

For a single window, a general convolution spends most of its time on setup, and each call of torch costs more than the arithmetic.
Here, everything that does not depend on the sound is prepared once, and a convolution is three calls: its input is activated in place,
its patches are copied side by side, and a matrix product with the weights writes directly into the padded input of the next
convolution. Biases are one more row in the patches: ones, or zeros where the product falls on padding, which so stays zero.

Each step uses the faster library: numpy for copies, torch for activations and products. (The libraries behind numpy's products also
split products of this size between threads, which takes ten times the processor time.)

Buffers are reused: an ``Unrolled`` serves one thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib.stride_tricks import as_strided
from torch import nn

from voicetrail.spotting.networks.model import ConvNorm, Model, TemporalBlock, TemporalResNet

Array = npt.NDArray[np.float32]
ZERO = np.float32(0)


def _pair(sizes: Sequence[int] | str, rows: int) -> tuple[int, int]:
    """Rows and columns of a size that may be given for the columns only."""
    numbers = [int(size) for size in sizes]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (rows, numbers[0])


def _array(tensor: torch.Tensor) -> Array:
    """A copy of a parameter."""
    copy: Array = tensor.detach().numpy().astype(np.float32)
    return copy


class _Map:
    """The output of a layer: ``[channels, rows, columns]`` before the activation, inside the padding that the next layer needs."""

    def __init__(self, channels: int, rows: int, columns: int, padding: tuple[int, int] = (0, 0)) -> None:
        before, self.beside = padding
        self.rows, self.columns = rows, columns
        self.padded: Array = np.zeros((channels, rows + 2 * before, columns + 2 * self.beside), dtype=np.float32)
        self.activated = torch.from_numpy(self.padded)
        """All of it as a tensor: ``relu_`` activates it and leaves the padding zero."""
        within = self.padded[:, before : before + rows]
        self.inside = within[..., self.beside : self.beside + columns]
        self.lines = torch.from_numpy(within).view(channels, -1)
        """``[channels, rows × padded columns]``: the target of a product."""

    def stacked(self) -> _Map:
        """The same numbers with the rows as channels: ``[channels × rows, 1, columns]``; for a map without padding."""
        other = _Map(1, 1, self.columns)
        other.padded = other.inside = self.padded.reshape(-1, 1, self.columns)
        other.activated = self.activated
        return other


class _Convolution:
    """A folded convolution as one matrix product, from one map into another.

    Args:
        layer: a folded ``ConvNorm``; one over time counts as one of a single row.
        source: its input.
        padding: that the next layer needs.
        scale: factor of the result.
    """

    def __init__(self, layer: ConvNorm, source: _Map, padding: tuple[int, int] = (0, 0), scale: float = 1.0) -> None:
        conv = layer.conv
        weights = _array(conv.weight) if conv.weight.ndim == 4 else _array(conv.weight)[:, :, None]
        outputs, inputs, *kernel = weights.shape
        stride = _pair(conv.stride, 1)
        shape = source.padded.shape
        rows, columns = ((shape[1 + axis] - kernel[axis]) // stride[axis] + 1 for axis in (0, 1))
        self.target = _Map(outputs, rows, columns, padding)
        taps = kernel[0] * kernel[1]
        self._taps, self._center = taps, taps // 2
        # The row of ones is where the center of one more channel would be (see `at_center`).
        bias_at = inputs * taps + self._center
        wide = columns + 2 * padding[1]
        matrix: Array = np.zeros((bias_at + 1, rows, wide), dtype=np.float32)
        self._inside = inside = slice(padding[1], padding[1] + columns)
        matrix[bias_at, :, inside] = 1.0
        self._cells = matrix[:-1][: inputs * taps].reshape(inputs, *kernel, rows, wide)[..., inside]
        self._source = source.activated
        plane, row, column = source.padded.strides
        strides = (plane, row, column, stride[0] * row, stride[1] * column)
        self._patches = as_strided(source.padded, (inputs, *kernel, rows, columns), strides, writeable=False)
        joined = np.zeros((outputs, bias_at + 1), dtype=np.float32)
        joined[:, : inputs * taps] = weights.reshape(outputs, -1)
        joined[:, bias_at] = _array(conv.get_parameter("bias"))
        self._weight = torch.from_numpy(joined * np.float32(scale))
        self._matrix = torch.from_numpy(matrix.reshape(bias_at + 1, -1))

    @property
    def at_center(self) -> torch.Tensor:
        """For a convolution over time: the activated input under the center of the kernel, and a row of ones: ``[channels + 1,
        columns]``.
        """
        return self._matrix[self._center :: self._taps, self._inside]

    def __call__(self) -> None:
        """Activate the source in place, and convolve it into the target."""
        self._source.relu_()
        self.take()

    def take(self) -> None:
        """Convolve a source that needs no activation."""
        np.copyto(self._cells, self._patches)
        torch.mm(self._weight, self._matrix, out=self.target.lines)


def _with_bias(layer: nn.Linear, scale: float = 1.0, bias_scale: float = 1.0) -> Array:
    """A linear layer as a matrix for inputs with an appended one."""
    bias = _array(layer.bias) * np.float32(bias_scale)
    return np.ascontiguousarray(np.concatenate((_array(layer.weight) * np.float32(scale), bias[:, None]), axis=1))


class _Block:
    """A ``TemporalBlock``, from the sum at the end of the previous block to its own sum, both before the activation.

    The logistic function of its channel weights is computed as (1 + tanh(x / 2)) / 2, which cannot overflow. The preceding convolution
    includes the outer factor of one half.
    """

    def __init__(self, block: TemporalBlock, source: _Map, padding: tuple[int, int]) -> None:
        self._first = _Convolution(block.first, source, (0, _pair(block.second.conv.padding, 0)[1]))
        self._second = _Convolution(block.second, self._first.target, padding, scale=0.5)
        self.target = self._second.target
        channels, wide = self.target.padded.shape[0], self.target.padded.shape[2]
        self._lines = self.target.padded[:, 0]
        # The padding is zero and adds nothing to the mean.
        self._even: Array = np.full(wide, 1 / self.target.columns, dtype=np.float32)
        self._squeeze = _with_bias(block.weigh.squeeze, scale=2.0)
        self._excite = _with_bias(block.weigh.excite, scale=0.5, bias_scale=0.5)
        self._mean: Array = np.ones(channels + 1, dtype=np.float32)
        self._hidden: Array = np.ones(self._excite.shape[1], dtype=np.float32)
        self._weight: Array = np.empty(channels, dtype=np.float32)
        self._each = self._weight[:, None, None]
        self._source = source.inside
        self._shortcut: torch.Tensor | None = None
        if not isinstance(block.shortcut, nn.Identity):
            conv = block.shortcut.conv
            self._shortcut = torch.cat((conv.weight[:, :, 0], conv.get_parameter("bias")[:, None]), dim=1).detach().contiguous()
            self._under = self._first.at_center
            self._sum = self.target.lines[:, padding[1] : padding[1] + self.target.columns]

    def __call__(self) -> None:
        """Compute the target from the source."""
        self._first()
        self._second()
        mean, hidden = self._mean, self._hidden
        np.dot(self._lines, self._even, out=mean[:-1])
        np.dot(self._squeeze, mean, out=hidden[:-1])
        np.maximum(hidden[:-1], ZERO, out=hidden[:-1])
        np.dot(self._excite, hidden, out=self._weight)
        np.tanh(self._weight, out=self._weight)
        self._weight += np.float32(1)
        inside = self.target.inside
        inside *= self._each
        if self._shortcut is None:
            inside += self._source
        else:
            self._sum.addmm_(self._shortcut, self._under)


class _Pool:
    """The mean and the maximum over time of an activated map, concatenated at the start of ``out``.

    The next layer has activated the map in place. The padding is zero, so it adds nothing to the mean, and no activated number is
    below it.
    """

    def __init__(self, source: _Map, out: Array) -> None:
        self._lines = source.padded[:, 0]
        channels, wide = self._lines.shape
        self._even: Array = np.full(wide, 1 / source.columns, dtype=np.float32)
        self._mean, self._most = out[:channels], out[channels : 2 * channels]

    def __call__(self) -> None:
        np.dot(self._lines, self._even, out=self._mean)
        np.maximum.reduce(self._lines, axis=1, out=self._most)


class Unrolled:
    """A folded default network, prepared for single windows.

    Args:
        model: folded, with a ``TemporalResNet`` as its backbone.
        mels: rows of its picture.
        frames: columns of its picture.
    """

    def __init__(self, model: Model, mels: int, frames: int) -> None:
        backbone = model.backbone
        if not isinstance(backbone, TemporalResNet):
            raise TypeError("only the default network can be unrolled")
        stem = [layer for layer in backbone.stem if isinstance(layer, ConvNorm)]
        blocks = [block for block in backbone.blocks if isinstance(block, TemporalBlock)]
        paddings = [*(_pair(layer.conv.padding, 0) for layer in stem), (0, 0)]
        source = _Map(1, mels, frames, paddings[0])
        self.picture = source.inside[0]
        """``[mels, frames]``: buffer for the input."""
        layers = []
        for layer, padding in zip(stem, paddings[1:], strict=True):
            layers.append(_Convolution(layer, source, padding))
            source = layers[-1].target
        block_paddings = [*(_pair(block.first.conv.padding, 0) for block in blocks), (0, 0)]
        layers.append(_Convolution(backbone.mix, source.stacked(), block_paddings[0]))
        self._first, *self._rest = layers
        source = layers[-1].target
        self._blocks, pooled = [], [source]
        for block, padding in zip(blocks, block_paddings[1:], strict=True):
            self._blocks.append(_Block(block, source, padding))
            source = self._blocks[-1].target
            pooled.append(source)
        self._last = source.padded[:, 0]
        self._embedding: Array = np.empty(backbone.embedding, dtype=np.float32)
        self._pools, at = [], 0
        for given in pooled if backbone.pooled else pooled[-1:]:
            self._pools.append(_Pool(given, self._embedding[at:]))
            at += 2 * len(given.padded)
        self._given = torch.from_numpy(self._embedding)
        self._head = (model.head.bias.detach(), model.head.weight.detach())
        self._logits = torch.empty(model.head.out_features)

    def __call__(self) -> Array:
        """Compute the logits ``[classes]`` of ``picture``; the next call overwrites them. Call it within ``torch.inference_mode``."""
        self._first.take()
        for layer in self._rest:
            layer()
        for block in self._blocks:
            block()
        np.maximum(self._last, ZERO, out=self._last)
        for pool in self._pools:
            pool()
        torch.addmv(*self._head, self._given, out=self._logits)
        logits: Array = self._logits.numpy()
        return logits
