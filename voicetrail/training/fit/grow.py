"""A network that begins as a smaller one: the same answers, with room to learn more.

Channels are added to a trained network so that at first nobody reads them (Chen, Goodfellow and Shlens, "Net2Net", 2016, keep
the function as well, by other means): what the old channels are computed from stays, the new ones begin at random, and their
weight in the old ones is zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def grown(small: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a smaller network in the shapes of a larger one of the same layers.

    Args:
        small: of the trained network.
        fresh: of the larger one, as it was built.

    Returns:
        Weights for the larger one, with which it gives the same logits in evaluation. What has no place in it keeps its shape.
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
            # The embedding is the mean and the maximum over time, side by side.
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
