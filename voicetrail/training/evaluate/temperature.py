"""Fits the temperature at which classes are joined to labels (``spotting.posteriors``), on clips that training did not see.

Label smoothing and hard windows leave a network less sure than it is right, most of all where many classes count as one. One number
for all logits mends that (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2).
"""

from __future__ import annotations

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
