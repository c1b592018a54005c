"""The default network for one window at a time: the same arithmetic as ``model.TemporalResNet``, and next to nothing around it.

For a single window a general convolution spends most of its time on preparing. Here everything that does not depend on the sound is
prepared once: each convolution is a copy into a padded buffer, which applies the activation on the way, a copy that lays its patches
side by side (a view of the buffer with the strides of the patches), and one matrix product. A hop then takes about 0.4 of the time.

Buffers are reused: an ``Unrolled`` serves one thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from voicetrail.spotting.model import ConvNorm, Model, TemporalBlock, TemporalResNet


def _pair(sizes: Sequence[int] | str, alone: int) -> tuple[int, int]:
    """Rows and columns of a size that may be given for columns alone."""
    numbers = [int(size) for size in sizes]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (alone, numbers[0])


class _Patches:
    """A folded convolution as one matrix product, for an input of one fixed shape.

    Args:
        layer: a folded ``ConvNorm``; one over time counts as one of a single row.
        rows: of the input.
        columns: of the input.
    """

    def __init__(self, layer: ConvNorm, rows: int, columns: int) -> None:
        conv = layer.conv
        weights = conv.weight if conv.weight.ndim == 4 else conv.weight.unsqueeze(2)
        kernel = (int(weights.shape[2]), int(weights.shape[3]))
        # Over time alone there is one row, which is neither padded nor skipped.
        stride, padding = _pair(conv.stride, 1), _pair(conv.padding, 0)
        before, beside = padding
        outputs, inputs = conv.weight.shape[:2]
        self.rows = (rows + 2 * before - kernel[0]) // stride[0] + 1
        self.columns = (columns + 2 * beside - kernel[1]) // stride[1] + 1
        self._weight = conv.weight.reshape(outputs, -1).contiguous()
        self._bias = conv.get_parameter("bias")[:, None].expand(outputs, self.rows * self.columns).contiguous()
        padded = torch.zeros(inputs, rows + 2 * before, columns + 2 * beside)
        self.input = padded[:, before : before + rows, beside : beside + columns]
        """``[channels, rows, columns]`` within the padding: what ``convolve`` reads."""
        plane, row, column = padded.stride()
        shape = (inputs, *kernel, self.rows, self.columns)
        self._patches = padded.as_strided(shape, (plane, row, column, stride[0] * row, stride[1] * column))
        self._matrix = torch.empty(shape)
        self._flat = self._matrix.view(inputs * kernel[0] * kernel[1], self.rows * self.columns)
        self._output = torch.empty(outputs, self.rows * self.columns)

    def take(self, x: Tensor) -> None:
        """Put an activated input ``[channels, …]`` into the padding."""
        self.input.copy_(x.view(self.input.shape))

    def activate(self, x: Tensor) -> None:
        """Put the positive part of an input ``[channels, …]`` into the padding."""
        torch.clamp_min(x.view(self.input.shape), 0.0, out=self.input)

    def convolve(self) -> Tensor:
        """The result ``[channels, rows × columns]``, which the next call overwrites."""
        self._matrix.copy_(self._patches)
        return torch.addmm(self._bias, self._weight, self._flat, out=self._output)


class _Block:
    """A ``TemporalBlock``."""

    def __init__(self, block: TemporalBlock, frames: int) -> None:
        self._first = _Patches(block.first, 1, frames)
        self.frames = self._first.columns
        self._second = _Patches(block.second, 1, self.frames)
        squeeze, excite = block.weigh.squeeze, block.weigh.excite
        self._squeeze, self._excite = (squeeze.weight, squeeze.bias), (excite.weight, excite.bias)
        # A product with this is a mean over the frames, in less time.
        self._even = torch.full((self.frames,), 1 / self.frames)
        self._input = self._first.input[:, 0]
        self._shortcut = None if isinstance(block.shortcut, nn.Identity) else _Patches(block.shortcut, 1, frames)

    def __call__(self, x: Tensor) -> Tensor:
        """From the sum that the block before it ends in to its own, ``[channels, frames]``, before the activation of either."""
        self._first.activate(x)
        self._second.activate(self._first.convolve())
        y = self._second.convolve()
        hidden = torch.addmv(self._squeeze[1], self._squeeze[0], torch.mv(y, self._even)).relu_()
        weight = torch.addmv(self._excite[1], self._excite[0], hidden).sigmoid_()
        around = self._input
        if self._shortcut is not None:
            self._shortcut.take(self._first.input)
            around = self._shortcut.convolve()
        return torch.addcmul(around, y, weight[:, None])


class Unrolled:
    """A folded default network, prepared for single windows.

    Args:
        model: with a ``TemporalResNet`` as its backbone, folded.
        mels: rows of its picture.
        frames: columns of its picture.
    """

    def __init__(self, model: Model, mels: int, frames: int) -> None:
        backbone = model.backbone
        if not isinstance(backbone, TemporalResNet):
            raise TypeError("only the default network can be unrolled")
        layers: list[_Patches] = []
        rows, columns = mels, frames
        for layer in backbone.stem:
            assert isinstance(layer, ConvNorm)
            layers.append(_Patches(layer, rows, columns))
            rows, columns = layers[-1].rows, layers[-1].columns
        self._first, *self._rest = (*layers, _Patches(backbone.mix, 1, columns))
        self._blocks = []
        for block in backbone.blocks:
            assert isinstance(block, TemporalBlock)
            self._blocks.append(_Block(block, columns))
            columns = self._blocks[-1].frames
        self._even = torch.full((columns,), 1 / columns)
        self._head = (model.head.weight, model.head.bias)

    def __call__(self, picture: Tensor) -> Tensor:
        """The logits ``[1, classes]`` of one picture ``[1, 1, mels, frames]``."""
        self._first.take(picture)
        x = self._first.convolve()
        for layer in self._rest:
            layer.activate(x)
            x = layer.convolve()
        for block in self._blocks:
            x = block(x)
        x.relu_()
        embedding = torch.cat((torch.mv(x, self._even), x.amax(1)))
        return torch.addmv(self._head[1], self._head[0], embedding).unsqueeze(0)
