"""Exports a network as ONNX: pictures in, scores out. The file's metadata describe how pictures are computed from sound."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import WeightsError
from voicetrail.install import pip_command
from voicetrail.spotting.networks.model import Model, fold
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights

OPSET = 17
INPUT, OUTPUT = "picture", "scores"


class _Scores(nn.Module):
    """A network followed by its posteriors."""

    def __init__(self, model: Model, posteriors: LabelPosteriors) -> None:
        super().__init__()
        self.model = model
        self.posteriors = posteriors

    def forward(self, picture: Tensor) -> Tensor:
        """Scores ``[batch, labels]`` of pictures ``[batch, 1, rows, frames]``."""
        return self.posteriors(self.model(picture))


def export_onnx(weights: Weights, path: Path) -> None:
    """Write weights as ONNX.

    The input ``picture`` is ``[batch, 1, rows, frames]``, the output ``scores`` ``[batch, labels]``, each row summing to one. The
    metadata ``labels`` and ``features`` are JSON: the order of the scores, and how a picture is computed from sound.

    Args:
        weights: loaded; the network is prepared for inference, in place (``fold``).
        path: the file.

    Raises:
        WeightsError: the package onnx is missing.
        OSError: the file cannot be written.
    """
    try:
        import onnx
    except ImportError:
        raise WeightsError(f"the ONNX format needs the package onnx: {pip_command('onnx')}") from None
    info = weights.info
    fold(weights.model)
    network = _Scores(weights.model, LabelPosteriors(info.grouping(), info.temperature)).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # torch's newer exporter needs another package and writes the same graph. The warnings of the older one do not concern users.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, info.features.rows, info.features.frames),),
            buffer,  # type: ignore[arg-type]  # the older exporter accepts an open file, although its type hints no longer say so
            dynamo=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
            opset_version=OPSET,
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    about = {
        "labels": json.dumps(info.labels),
        "features": json.dumps({"kind": "log-mel", **info.features.as_dict()}),
        "weights": weights.name,
        "weights_hash": weights.hash,
    }
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    replace_file(path, model.SerializeToString(), mode=PUBLIC_FILE)
