"""Fits the temperature for combining classes into labels (``spotting.posteriors``), on held-out clips.

Label smoothing and hard windows make a network underconfident, especially where many classes form one label. A single temperature
for all logits corrects that (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2).
"""

from __future__ import annotations

import torch
from torch import Tensor

TEMPERATURES = tuple(round(0.4 + 0.02 * step, 2) for step in range(46))
"""The temperatures to try: 0.4 to 1.3."""


def fit_temperature(logits: Tensor, grouping: Tensor, truth: Tensor, weight: Tensor) -> float:
    """Find the temperature with the highest likelihood.

    Args:
        logits: ``[clips, classes]``
        grouping: which classes belong to which label, ``[classes, labels]``.
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
