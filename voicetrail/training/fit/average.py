"""The mean of the weights that a run had after several epochs.

``python -m voicetrail.training.fit.average RUN EPOCH…`` makes ``RUN/best.safetensors`` of ``RUN/epoch-<EPOCH>.safetensors``, which
``voicetrail train --keep N`` leaves behind, and of the weights named by ``--with``; ``voicetrail train … --resume`` then
chooses thresholds for it and writes the weights.
Epochs that are far apart err on different clips, and their mean errs on fewer (Izmailov et al., "Averaging Weights Leads to Wider
Optima and Better Generalization", 2018).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from voicetrail import output
from voicetrail.errors import TrainingError
from voicetrail.training.fit.checkpoints import BEST, averaged, epoch_path, save_tensors


def mean_weights(weights: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor; counts are the last one's.

    Raises:
        TrainingError: there are none, or they are not of one network.
    """
    if not weights:
        raise TrainingError("there is nothing to average; name some epochs")
    shapes = [{name: value.shape for name, value in each.items()} for each in weights]
    if any(shape != shapes[0] for shape in shapes):
        raise TrainingError("the epochs are not of one network; name epochs of one run")
    return {
        name: torch.stack([each[name] for each in weights]).mean(0) if last.is_floating_point() else last
        for name, last in weights[-1].items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m voicetrail.training.fit.average", description="Average the weights of epochs."
    )
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("epochs", type=int, nargs="+", help="which (voicetrail train --keep left them there)")
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        action="append",
        default=[],
        metavar="WEIGHTS",
        help="and these, as the run began with",
    )
    args = parser.parse_args(arguments)
    try:
        paths = [*args.others, *(epoch_path(args.run, epoch) for epoch in args.epochs)]
        tensors = mean_weights([averaged(path) for path in paths])
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    save_tensors(tensors, args.run / BEST)
    output.write_line(str(args.run / BEST))
    return 0


if __name__ == "__main__":
    sys.exit(main())
