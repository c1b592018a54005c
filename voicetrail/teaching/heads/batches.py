"""A head trained on mini-batches, for programmers who ask for a batch size and a learning rate."""

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
        weight: of each window; together they are 1.
        weight_decay: weight of the squared distance of the matrix from where it begins.
        epochs: times that every window is seen.
        batch_size: windows of one step.
        learning_rate: of Adam.
        seed: of the order of windows.
        report: is given the part done and the loss, once an epoch.

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
