"""From the network's logits, one a class, to scores, one a label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class LabelPosteriors:
    """Joins the classes that count as one label.

    Most classes count as ``_unknown_``, and the plain sum of their many small posteriors would outweigh a word that is the single best
    class. The logits are therefore divided by a temperature below one before the sum, which leaves little of what is small, and the
    joined posteriors are brought back by the same temperature, so that scores stay spread out and thresholds keep their meaning. At a
    temperature of one it is the plain sum.

    Args:
        grouping: which classes make up which label, ``[classes, labels]``.
        temperature: above 0; ``training.temperature`` fits it.
    """

    def __init__(self, grouping: Tensor, temperature: float = 1.0) -> None:
        self._grouping = grouping
        self._temperature = temperature
        self._columns: npt.NDArray[np.float32] = grouping.numpy()

    def __call__(self, logits: Tensor) -> Tensor:
        """Turn logits ``[batch, classes]`` into scores ``[batch, labels]`` that sum to one."""
        if self._temperature == 1.0:
            return torch.softmax(logits, dim=1) @ self._grouping
        joined = (torch.softmax(logits / self._temperature, dim=1) @ self._grouping) ** self._temperature
        return joined / joined.sum(1, keepdim=True)

    def one(self, logits: npt.NDArray[np.float32]) -> list[float]:
        """Turn the logits ``[classes]`` of one window into its scores: the same in a fraction of the time."""
        scaled = logits / np.float32(self._temperature)
        scaled -= np.maximum.reduce(scaled)
        joined = [value**self._temperature for value in (np.exp(scaled, out=scaled) @ self._columns).tolist()]
        total = sum(joined)
        return [value / total for value in joined]
