"""Measures the recognizer: the time of a hop (features and network), alone and compared with a plain matrix product."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from voicetrail.spotting.recognizer import Recognizer, load_recognizer

Row = dict[str, str | float]


def median_ms(work: Callable[[], object], times: int = 300) -> float:
    """Median time of a call in ms, after a warm-up."""
    for _ in range(20):
        work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1000


def help_time() -> Row:
    """``voicetrail --help`` as a whole process, the median of seven."""
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "voicetrail", "--help"], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return {"name": "voicetrail --help", "value": float(np.median(taken)), "unit": "s", "limit": 0.15}


def hop_rows() -> list[Row]:
    """The time of one hop as in the game, and its ratio to one matrix product with as many multiplications."""
    recognizer = load_recognizer()
    rng = np.random.default_rng(0)
    size, hop = recognizer.window_samples, recognizer.hop
    sound = rng.standard_normal(size + 600 * hop).astype(np.float32) * np.float32(0.1)
    at = 0

    def score() -> None:
        nonlocal at
        at = (at + hop) % (600 * hop)
        recognizer.score(sound[at : at + size])

    taken = median_ms(score)
    multiplications = count_multiplications(recognizer)
    left, right = torch.randn(64, 320), torch.randn(320, max(1, multiplications // (64 * 320)))
    floor = median_ms(lambda: left @ right)
    return [
        {"name": "features and network for one hop, one thread", "value": taken, "unit": "ms", "limit": 1.5},
        {
            "name": f"the same, over a matrix product of {multiplications / 1e6:.1f} M multiplications",
            "value": taken / floor,
            "unit": "×",
        },
    ]


def count_multiplications(recognizer: Recognizer) -> int:
    """The number of multiplications of the network for one window, counted at run time."""
    total = 0
    hooks = []

    def count(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        weight = module.get_parameter("weight")
        total += output.numel() * weight[0].numel()

    backbone = vars(recognizer)["_backbone"]
    for module in backbone.modules():
        if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Linear)):
            hooks.append(module.register_forward_hook(count))
    recognizer.posteriors(np.zeros((1, 16_000), dtype=np.float32))
    for hook in hooks:
        hook.remove()
    return total


def rows() -> list[Row]:
    """All rows."""
    return [help_time(), *hop_rows()]
