"""Two published small keyword networks, for comparison: a depthwise separable one, and one with broadcast residuals.

Both consist of convolutions with batch normalization, like the project's own network. Their input is ``[batch, 1, mels, frames]`` with
40 mel bands, their output an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A convolution and its batch normalization, which ``fold`` turns into one convolution for use."""

    def __init__(self, conv: nn.Conv1d | nn.Conv2d) -> None:
        super().__init__()
        self.conv: nn.Conv1d | nn.Conv2d = conv
        norm = nn.BatchNorm1d if isinstance(conv, nn.Conv1d) else nn.BatchNorm2d
        self.norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.Identity = norm(conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalize."""
        y: Tensor = self.norm(self.conv(x))
        return y

    def fold(self) -> None:
        """Move the normalization's scale and shift into the convolution. For inference only: the network cannot be trained
        afterwards.
        """
        if isinstance(self.norm, nn.Identity):
            return
        self.conv = torch.nn.utils.fusion.fuse_conv_bn_eval(self.conv, self.norm)
        self.norm = nn.Identity()


class DepthwiseSeparable(nn.Module):
    """The DS-CNN of Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), table 6.

    A convolution over all mels and frames, then blocks of a depthwise and a pointwise convolution, then the mean. Instead of the
    paper's ten cepstral coefficients, the input has forty mel bands; the first convolution has a stride of four over them, so
    that the maps have the paper's sizes.
    """

    def __init__(self, channels: int, blocks: int = 4) -> None:
        super().__init__()
        first = ConvNorm(nn.Conv2d(1, channels, (10, 10), (4, 2), (3, 4), bias=False))
        layers: list[nn.Module] = [first, nn.ReLU()]
        for _ in range(blocks):
            layers += [ConvNorm(nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, bias=False)), nn.ReLU()]
            layers += [ConvNorm(nn.Conv2d(channels, channels, 1, bias=False)), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, picture: Tensor) -> Tensor:
        """``[batch, 1, mels, frames]`` to ``[batch, channels]``."""
        x: Tensor = self.layers(picture)
        return x.mean((2, 3))


class SubSpectralNorm(nn.Module):
    """Separate batch normalization of each fifth of the bands (Chang et al., "SubSpectral Normalization", 2021)."""

    PARTS = 5

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels * self.PARTS)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize ``[batch, channels, bands, frames]``; the bands are a multiple of ``PARTS``."""
        batch, channels, bands, frames = x.shape
        parts = x.reshape(batch, channels * self.PARTS, bands // self.PARTS, frames)
        y: Tensor = self.norm(parts)
        return y.reshape(batch, channels, bands, frames)


class BroadcastBlock(nn.Module):
    """A residual over bands and frames, and one over frames only, which is broadcast to all bands."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.same = inputs == outputs and stride == 1
        enter: list[nn.Module] = [] if self.same else [ConvNorm(nn.Conv2d(inputs, outputs, 1, bias=False)), nn.ReLU()]
        over_bands = nn.Conv2d(outputs, outputs, (3, 1), (stride, 1), (1, 0), groups=outputs, bias=False)
        self.bands = nn.Sequential(*enter, over_bands, SubSpectralNorm(outputs))
        over_time = nn.Conv2d(outputs, outputs, (1, 3), 1, (0, dilation), (1, dilation), groups=outputs, bias=False)
        mix = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.time = nn.Sequential(ConvNorm(over_time), nn.SiLU(), mix, nn.Dropout2d(0.1))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, inputs, bands, frames]`` to ``[batch, outputs, bands / stride, frames]``."""
        y: Tensor = self.bands(x)
        y = y + self.time(y.mean(2, keepdim=True))
        return torch.relu(y + x if self.same else y)


class BroadcastResNet(nn.Module):
    """The BC-ResNet of Kim et al., "Broadcasted Residual Learning for Efficient Keyword Spotting" (2021), table 1.

    Args:
        width: the paper's tau; BC-ResNet-1 has 1.
        blocks: the number of blocks in each of the four stages.
    """

    def __init__(self, width: float, blocks: Sequence[int] = (2, 2, 4, 4)) -> None:
        super().__init__()
        channels = [round(factor * width) for factor in (16, 8, 12, 16, 20, 32)]
        layers: list[nn.Module] = [ConvNorm(nn.Conv2d(1, channels[0], 5, (2, 1), 2, bias=False)), nn.ReLU()]
        for stage, count in enumerate(blocks):
            for number in range(count):
                inputs = channels[stage] if number == 0 else channels[stage + 1]
                stride = 2 if number == 0 and stage in (1, 2) else 1
                layers.append(BroadcastBlock(inputs, channels[stage + 1], stride, 2**stage))
        last = channels[4]
        layers += [nn.Conv2d(last, last, 5, 1, (0, 2), groups=last, bias=False)]
        layers += [ConvNorm(nn.Conv2d(last, channels[5], 1, bias=False)), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.embedding = channels[5]
        """Size of the embedding."""

    def forward(self, picture: Tensor) -> Tensor:
        """``[batch, 1, 40, frames]`` to ``[batch, embedding]``."""
        x: Tensor = self.layers(picture)
        return x.mean((2, 3))
