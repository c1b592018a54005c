"""Makes posteriors mean what they say: one temperature for all logits, fitted on clips that training did not see.

Label smoothing and hard windows leave a network less sure than it is right, and where many classes count as one (``_unknown_``), the
sum of their small posteriors then takes clips from a word that is the single best class. Dividing the logits by one number mends both
(Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2). It goes into the head's weights, so nothing that uses them
need know.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

TEMPERATURES = tuple(round(0.4 + 0.02 * step, 2) for step in range(46))
"""What is tried: 0.4 to 1.3."""


def fit_temperature(logits: Tensor, grouping: Tensor, truth: Tensor, weight: Tensor) -> float:
    """Find the temperature under which what clips are is the likeliest.

    Args:
        logits: ``[clips, classes]``
        grouping: which classes make up which label, ``[classes, labels]``.
        truth: label of each clip, ``[clips]``.
        weight: of each clip, ``[clips]``.

    Returns:
        One of ``TEMPERATURES``.
    """

    def unlikeliness(temperature: float) -> float:
        posteriors = torch.softmax(logits / temperature, dim=1) @ grouping
        right = posteriors.gather(1, truth[:, None])[:, 0].clamp_min(1e-6)
        return float(-(weight * right.log()).sum() / weight.sum())

    return min(TEMPERATURES, key=unlikeliness)


def tempered(tensors: Mapping[str, Tensor], temperature: float) -> dict[str, Tensor]:
    """The weights of a network whose logits are divided by the temperature."""
    return {name: value / temperature if name in ("head.weight", "head.bias") else value for name, value in tensors.items()}
