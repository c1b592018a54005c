"""Trains a head with mini-batches, for callers of the API that give a batch size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def minimize(
    matrix: Tensor,
    bias: Tensor,
    x: Tensor,
    y: Tensor,
    weight: Tensor,
    *,
    weight_decay: float,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    report: Callable[[float, float], None],
) -> list[float]:
    """Minimize the weighted cross entropy by Adam (Kingma and Ba 2015), in place.

    Args:
        matrix: weights of the head, ``[classes, embedding]``.
        bias: ``[classes]``.
        x: embeddings, ``[windows, embedding]``.
        y: class of each window.
        weight: of each window; they sum to 1.
        weight_decay: weight of the squared distance of the matrix from its initial value.
        epochs: number of passes over all windows.
        batch_size: windows per step.
        learning_rate: of Adam.
        seed: of the order of windows.
        report: called with the finished part and the loss, once per epoch.

    Returns:
        The loss of each epoch.
    """
    begin = matrix.detach().clone()
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam([matrix, bias], lr=learning_rate)
    losses: list[float] = []
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(len(x), generator=generator)
        for rows in torch.split(order, batch_size):
            optimizer.zero_grad()
            entropy = torch.nn.functional.cross_entropy(x[rows] @ matrix.T + bias, y[rows], reduction="none")
            loss = (entropy * weight[rows]).sum() * len(x) / len(rows) + weight_decay * (matrix - begin).square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach()) * len(rows) / len(x)
        losses.append(total)
        report((epoch + 1) / epochs, total)
    return losses
