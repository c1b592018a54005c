"""Grows a trained network: a larger network that initially computes the same function.

Channels are added to a trained network without changing its function (as in Chen, Goodfellow and Shlens, "Net2Net", 2016, but by other
means): the inputs of the old channels stay, the new channels are random, and their weights in the old channels are zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def grown(small: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert the weights of a smaller network for a larger one with the same layers.

    Args:
        small: weights of the trained network.
        fresh: initial weights of the larger network.

    Returns:
        Weights for the larger network that give the same logits at inference. Tensors without a counterpart keep their shape.
    """
    out = {}
    for name, old in small.items():
        new = fresh.get(name)
        if (
            new is None
            or new.shape == old.shape
            or new.ndim != old.ndim
            or any(n < o for n, o in zip(new.shape, old.shape, strict=True))
        ):
            out[name] = old
            continue
        large = new.clone()
        if name == "head.weight":
            # The embedding is the mean and the maximum over time, concatenated.
            before, after = old.shape[1] // 2, new.shape[1] // 2
            large.zero_()
            large[:, :before], large[:, after : after + before] = old[:, :before], old[:, before:]
        elif old.ndim == 1:
            large[: len(old)] = old
        else:
            rows, columns = old.shape[:2]
            large[:rows, :columns], large[:rows, columns:] = old, 0.0
        out[name] = large
    return out
