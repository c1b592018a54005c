"""The keyword networks: a backbone that computes an embedding, and a head that turns it into logits, one per class.

Each architecture has a name (``ARCHITECTURES``), which the metadata of weights files contain. The same code builds and runs all of
them. Their input, called a picture, is ``[batch, 1, mels, frames]``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from voicetrail.spotting.browser_fft import BrowserFftSettings
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.frontend import FrontendSettings
from voicetrail.spotting.networks.compact import BroadcastResNet, DepthwiseSeparable
from voicetrail.spotting.networks.compact import ConvNorm as ConvNorm

DEFAULT_ARCHITECTURE = "temporal-resnet"
POOLED = "-pooled"
"""Suffix of an architecture whose embedding is the mean and maximum of every layer of the backbone, not of the last one only."""


class Model(nn.Module):
    """A backbone and a head.

    Attributes:
        backbone: ``[batch, 1, mels, frames]`` to an embedding ``[batch, embedding]``; what transfer learning freezes.
        head: the last layer: the embedding to logits ``[batch, classes]``.
    """

    def __init__(self, backbone: nn.Module, embedding: int, classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(embedding, classes)

    @classmethod
    def joined(cls, backbone: nn.Module, head: nn.Linear) -> Model:
        """Make a model from an existing backbone and head."""
        model = cls(backbone, 1, 1)
        model.head = head
        return model

    def forward(self, picture: Tensor) -> Tensor:
        """Compute the logits ``[batch, classes]`` of pictures ``[batch, 1, mels, frames]``."""
        logits: Tensor = self.head(self.backbone(picture))
        return logits


class SqueezeExcite(nn.Module):
    """Scales the channels by weights computed from the whole window (Hu et al., "Squeeze-and-Excitation Networks", 2018, section
    3).
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of ``[batch, channels, frames]``."""
        weight = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean(-1)))))
        return x * weight.unsqueeze(-1)


class TemporalBlock(nn.Module):
    """Two convolutions over time with a shortcut (Choi et al., "Temporal convolution for real-time keyword spotting", 2019)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm(nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False))
        self.second = ConvNorm(nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False))
        self.weigh = SqueezeExcite(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else ConvNorm(nn.Conv1d(inputs, outputs, 1, stride, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, inputs, frames]`` to ``[batch, outputs, frames / stride]``."""
        y = self.weigh(self.second(torch.relu(self.first(x))))
        return torch.relu(y + self.shortcut(x))


class TemporalResNet(nn.Module):
    """The project's own network: a small 2-D stem that tolerates shifts in pitch, then residual convolutions over time.

    Dense 1-D convolutions need more arithmetic than depthwise 2-D ones, but less time on a CPU, in training and in use, because they
    are matrix products. The embedding is the mean and the maximum over time, concatenated: the maximum preserves a short word (*up*)
    that the mean over the window would dilute.

    The last block keeps only what distinguishes the words of the training. For other words (``teaching``), the earlier layers carry
    more information: with ``pooled``, the embedding is the mean and the maximum of each of them.
    """

    def __init__(self, mels: int, mix: int, blocks: Sequence[tuple[int, int, int]], pooled: bool = False) -> None:
        """Build it.

        Args:
            mels: rows of a picture.
            mix: channels after the rows of the stem are mixed.
            blocks: channels, kernel (frames) and stride of each residual block.
            pooled: return the mean and the maximum over time of the mixed stem and of every block, not only of the last block.
        """
        super().__init__()
        self.stem = nn.ModuleList(
            [
                ConvNorm(nn.Conv2d(1, 16, 5, 2, 2, bias=False)),
                ConvNorm(nn.Conv2d(16, 16, 3, (2, 1), 1, bias=False)),
            ]
        )
        rows = (((mels + 1) // 2) + 1) // 2
        self.mix = ConvNorm(nn.Conv1d(16 * rows, mix, 1, bias=False))
        inputs = (mix, *(outputs for outputs, _, _ in blocks))
        self.blocks = nn.Sequential(*(TemporalBlock(before, *block) for before, block in zip(inputs, blocks, strict=False)))
        self.pooled = pooled
        self._channels = inputs

    @property
    def embedding(self) -> int:
        """Size of the embedding."""
        return 2 * (sum(self._channels) if self.pooled else self._channels[-1])

    def pool_all(self) -> None:
        """From now on, return the mean and the maximum of every layer; those of the last block come last."""
        self.pooled = True

    def forward(self, picture: Tensor) -> Tensor:
        """``[batch, 1, mels, frames]`` to ``[batch, embedding]``."""
        layers = self.layers(picture)[0 if self.pooled else -1 :]
        return torch.cat([part for x in layers for part in (x.mean(-1), x.amax(-1))], dim=1)

    def layers(self, picture: Tensor) -> list[Tensor]:
        """What the mixed stem and each block make of pictures, ``[batch, channels, frames]`` each."""
        x = picture
        for layer in self.stem:
            x = torch.relu(layer(x))
        layers = [torch.relu(self.mix(x.flatten(1, 2)))]
        for block in self.blocks:
            layers.append(block(layers[-1]))
        return layers


def _dense_stack(sizes: list[int], relu_first: bool = True) -> list[nn.Module]:
    """Fully connected layers with a ReLU after each, optionally except the first (the paper's linear layer has none)."""
    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(inputs, outputs))
        if index or relu_first:
            layers.append(nn.ReLU())
    return layers


class Transpose(nn.Module):
    """Swaps mels and frames, for networks with time first: ``[batch, 1, frames, mels]``."""

    def forward(self, picture: Tensor) -> Tensor:
        """Swap the last two axes."""
        return picture.transpose(2, 3)


def _cnn_trad_fpool3(features: FrontendSettings, classes: int) -> Model:
    """Sainath and Parada, "Convolutional Neural Networks for Small-footprint Keyword Spotting" (2015), table 1."""
    time, mels = features.frames - 20 + 1, (features.rows - 8 + 1) // 3
    flat = 64 * (time - 10 + 1) * (mels - 4 + 1)
    layers = [Transpose(), nn.Conv2d(1, 64, (20, 8)), nn.ReLU(), nn.MaxPool2d((1, 3)), nn.Conv2d(64, 64, (10, 4)), nn.ReLU()]
    return Model(nn.Sequential(*layers, nn.Flatten(), *_dense_stack([flat, 32, 128], relu_first=False)), 128, classes)


def _cnn_one_fstride4(features: FrontendSettings, classes: int) -> Model:
    """The same paper, table 3: one convolution over all frames, with a stride of 4 in frequency."""
    flat = 186 * ((features.rows - 8) // 4 + 1)
    layers = [Transpose(), nn.Conv2d(1, 186, (features.frames, 8), stride=(1, 4)), nn.ReLU()]
    return Model(nn.Sequential(*layers, nn.Flatten(), *_dense_stack([flat, 32, 128, 128], relu_first=False)), 128, classes)


def _browser_fft(features: FrontendSettings, classes: int) -> Model:
    """The layers of the TensorFlow.js speech-commands recognizer ("BROWSER_FFT")."""
    rows, columns = features.frames, features.rows
    layers: list[nn.Module] = [Transpose()]
    for index, (inputs, outputs, width) in enumerate(((1, 8, 8), (8, 32, 4), (32, 32, 4), (32, 32, 4))):
        stride = (1, 2) if index == 3 else (2, 2)
        layers += [nn.Conv2d(inputs, outputs, (2, width)), nn.ReLU(), nn.MaxPool2d(2, stride)]
        rows, columns = (rows - 1 - 2) // stride[0] + 1, (columns - width + 1) // 2
    layers += [nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * rows * columns, 2000), nn.ReLU(), nn.Dropout(0.5)]
    return Model(nn.Sequential(*layers), 2000, classes)


_TEMPORAL: Mapping[str, tuple[int, tuple[tuple[int, int, int], ...], str]] = {
    DEFAULT_ARCHITECTURE: (64, ((64, 5, 1), (64, 5, 2), (80, 3, 2)), "2-D stem and temporal residual blocks (the default)"),
    # More channels late in the network, where they cost the least time per hop (0.42 instead of 0.32 ms).
    "temporal-resnet-medium": (64, ((64, 5, 1), (96, 5, 2), (128, 3, 2)), "the same with 1.7 times the parameters"),
    # Three times the parameters, where they cost least. Training takes only half as long again, since the stem's large maps take most
    # of the time in both.
    "temporal-resnet-wide": (96, ((96, 5, 1), (128, 5, 2), (160, 3, 2)), "the same with three times the parameters"),
}
"""Channels after the stem; channels, kernel and stride of each block; a description."""


def _temporal_resnet(name: str, pooled: bool) -> Architecture:
    mix, blocks, about = _TEMPORAL[name]

    def build(features: FrontendSettings, classes: int) -> Model:
        backbone = TemporalResNet(features.rows, mix, blocks, pooled)
        return Model(backbone, backbone.embedding, classes)

    return Architecture(build, FeatureSettings(), f"{name}, its head on every layer" if pooled else about)


def _ds_cnn(features: FrontendSettings, classes: int) -> Model:
    return Model(DepthwiseSeparable(64), 64, classes)


def _bc_resnet(features: FrontendSettings, classes: int) -> Model:
    backbone = BroadcastResNet(1)
    return Model(backbone, backbone.embedding, classes)


@dataclass(frozen=True, slots=True)
class Architecture:
    """How to build a network, and its input features."""

    build: Callable[[FrontendSettings, int], Model]
    """Takes the feature settings and the number of classes."""
    features: FrontendSettings
    about: str
    channels_last: bool = True
    """Train it with the channels last in memory: a quarter faster on a CPU for 2-D convolutions, slower where maps are reshaped."""


# 32 frames × 40 mels, as in the paper, stretched over one second instead of its 0.33 s.
_PAPER_INPUT = FeatureSettings(n_fft=1024, win_length=640, hop_length=483)

ARCHITECTURES = MappingProxyType(
    {
        **{name: _temporal_resnet(name, pooled=False) for name in _TEMPORAL},
        "cnn-trad-fpool3": Architecture(_cnn_trad_fpool3, _PAPER_INPUT, "Sainath and Parada 2015, table 1"),
        "cnn-one-fstride4": Architecture(_cnn_one_fstride4, _PAPER_INPUT, "Sainath and Parada 2015, table 3"),
        "ds-cnn": Architecture(_ds_cnn, FeatureSettings(), "Zhang et al. 2017, DS-CNN-S"),
        "bc-resnet": Architecture(_bc_resnet, FeatureSettings(), "Kim et al. 2021, BC-ResNet-1", channels_last=False),
        "browser-fft": Architecture(_browser_fft, BrowserFftSettings(), "the TensorFlow.js recognizer's layers and features"),
        **{name + POOLED: _temporal_resnet(name, pooled=True) for name in _TEMPORAL},
    }
)
"""Every architecture by name."""


def build_model(architecture: str, features: FrontendSettings, classes: int) -> Model:
    """Build a network with fresh weights.

    Args:
        architecture: a name in ``ARCHITECTURES``.
        features: they determine the shape of the input.
        classes: number of logits.

    Raises:
        KeyError: no such architecture.
    """
    return ARCHITECTURES[architecture].build(features, classes)


def pooled(architecture: str) -> str:
    """The pooled variant of an architecture (see ``POOLED``), or the same name if there is none."""
    return architecture + POOLED if architecture + POOLED in ARCHITECTURES else architecture


def parameters(model: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def fold(model: nn.Module) -> nn.Module:
    """Prepare a network for inference: evaluation mode, with batch normalizations folded into their convolutions."""
    model.eval()
    for module in model.modules():
        if isinstance(module, ConvNorm):
            module.fold()
    return model.requires_grad_(False)
