"""Averages the weights of several epochs of a run.

``python -m voicetrail.training.fit.average RUN EPOCH…`` makes ``RUN/best.safetensors`` from ``RUN/epoch-<EPOCH>.safetensors``, which
``voicetrail train --keep N`` writes, and from the weights given with ``--with``. ``voicetrail train … --resume`` then chooses
thresholds and writes the weights. Distant epochs make errors on different clips, and their mean makes fewer (Izmailov et al.,
"Averaging Weights Leads to Wider Optima and Better Generalization", 2018).
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
    """The mean of each tensor; integer counts are those of the last weights.

    Raises:
        TrainingError: there are no weights, or they belong to different networks.
    """
    if not weights:
        raise TrainingError("there is nothing to average; name some epochs")
    shapes = [{name: value.shape for name, value in each.items()} for each in weights]
    if any(shape != shapes[0] for shape in shapes):
        raise TrainingError("the epochs belong to different networks; name epochs of one run")
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
    parser.add_argument("epochs", type=int, nargs="+", help="the epochs, which voicetrail train --keep has written")
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        action="append",
        default=[],
        metavar="WEIGHTS",
        help="also include these weights, such as those that the run started from",
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
