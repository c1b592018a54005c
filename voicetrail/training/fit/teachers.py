"""Teachers: what trained networks answer, which another network learns beside the label of a window.

A label says which word a window holds. The posteriors of a trained network, or of several together, say how sure that is: which word
it resembles, and where the noise leaves nothing to be known (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network",
2015). Teachers see a window before it is masked, the network that learns after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from voicetrail.errors import TrainingError
from voicetrail.spotting.frontend import FrontendSettings
from voicetrail.spotting.networks.model import ARCHITECTURES, POOLED, Model, build_model, fold
from voicetrail.training.fit.checkpoints import averaged


class Teachers:
    """Networks whose mean posteriors are learned.

    Args:
        networks: of the same classes, in their order.
        bfloat16: multiply in bfloat16.
    """

    def __init__(self, networks: Sequence[Model], *, bfloat16: bool = False) -> None:
        self.networks = list(networks)
        for network in self.networks:
            fold(network)
        self.bfloat16 = bfloat16

    @classmethod
    def load(cls, paths: Sequence[Path], features: FrontendSettings, classes: int, *, bfloat16: bool = False) -> Teachers:
        """Read the weights of runs, of whichever architectures they are.

        Raises:
            TrainingError: they cannot be read, or are of no known architecture with these features and so many classes.
        """
        return cls([_network(path, features, classes) for path in paths], bfloat16=bfloat16)

    def to(self, device: str) -> None:
        """Move the networks to where training computes."""
        self.networks = [network.to(device) for network in self.networks]

    def posteriors(self, pictures: Tensor) -> Tensor:
        """The mean of their posteriors ``[batch, classes]`` for pictures ``[batch, 1, mels, frames]``."""
        with torch.inference_mode(), torch.autocast(pictures.device.type, torch.bfloat16, enabled=self.bfloat16):
            found = [torch.softmax(network(pictures).float(), dim=1) for network in self.networks]
        return torch.stack(found).mean(0).clone()


def _network(path: Path, features: FrontendSettings, classes: int) -> Model:
    tensors = averaged(path)
    shapes = {name: value.shape for name, value in tensors.items()}
    for name, architecture in ARCHITECTURES.items():
        if architecture.features != features or name.endswith(POOLED):
            continue
        model = build_model(name, features, classes)
        if {key: value.shape for key, value in model.state_dict().items()} == shapes:
            model.load_state_dict(tensors)
            memory = torch.channels_last if architecture.channels_last else torch.contiguous_format
            return model.to(memory_format=memory)  # type: ignore[call-overload,no-any-return]  # torch's own hints lack it
    raise TrainingError(f"the teacher {path} is of no architecture with these features and {classes} classes; name another")


def taught_loss(logits: Tensor, labels: Tensor, taught: Tensor, label_share: float, smoothing: float) -> Tensor:
    """What is to become small: the distance to the teachers' posteriors, and for a part that to the label.

    Args:
        logits: ``[batch, classes]`` of the network that learns.
        labels: ``[batch]`` classes.
        taught: ``[batch, classes]`` posteriors of the teachers.
        label_share: part of the label, between 0 and 1.
        smoothing: label smoothing of that part.
    """
    to_teachers = -(taught * F.log_softmax(logits, dim=1)).sum(1).mean()
    return label_share * F.cross_entropy(logits, labels, label_smoothing=smoothing) + (1 - label_share) * to_teachers
