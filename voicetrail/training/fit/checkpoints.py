"""The files of a run: averaged weights of epochs, as tensors without metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor, nn

from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError

CHECKPOINT = "checkpoint.safetensors"
"""The state of a run, from which it can continue."""
BEST = "best.safetensors"
"""The weights to be written: those of the best epoch, or the mean that ``training.fit.average`` made."""
HISTORY = "history.json"


def epoch_path(run: Path, epoch: int) -> Path:
    """The file of an epoch's weights (``Job.keep``)."""
    return run / f"epoch-{epoch:03d}.safetensors"


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write weights for ``averaged``, atomically."""
    replace_file(path, safetensors.torch.save(dict(tensors)))


def save_network(network: nn.Module, path: Path) -> None:
    """Write the weights of a network during training."""
    save_tensors({name: value.detach().cpu().clone().contiguous() for name, value in network.state_dict().items()}, path)


def averaged(checkpoint: Path) -> dict[str, Tensor]:
    """The averaged weights in a checkpoint.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        tensors = safetensors.torch.load_file(checkpoint)
    except (OSError, safetensors.SafetensorError) as error:
        raise TrainingError(f"the checkpoint {checkpoint} cannot be read ({error}); name another") from None
    found = {name.removeprefix("average."): value for name, value in tensors.items() if name.startswith("average.")}
    return found or tensors
