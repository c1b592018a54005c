"""The mean of several epochs."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from voicetrail.errors import TrainingError
from voicetrail.training.fit.average import main, mean_weights
from voicetrail.training.fit.checkpoints import BEST, averaged, epoch_path


def weights(value: float, steps: int = 1) -> dict[str, torch.Tensor]:
    return {"head.weight": torch.full((2, 3), value), "norm.num_batches_tracked": torch.tensor(steps)}


def test_every_number_is_the_mean_and_counts_are_the_last() -> None:
    mean = mean_weights([weights(1.0, 5), weights(2.0, 6), weights(6.0, 7)])
    assert torch.equal(mean["head.weight"], torch.full((2, 3), 3.0))
    assert int(mean["norm.num_batches_tracked"]) == 7


def test_it_makes_the_best_of_a_run_of_its_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for epoch in (8, 16):
        safetensors.torch.save_file(weights(float(epoch)), epoch_path(tmp_path, epoch))
    assert main([str(tmp_path), "8", "16"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / BEST)
    assert torch.equal(averaged(tmp_path / BEST)["head.weight"], torch.full((2, 3), 12.0))


def test_what_the_run_began_with_may_be_among_them(tmp_path: Path) -> None:
    safetensors.torch.save_file({name: value.half() for name, value in weights(2.0).items()}, tmp_path / "before.safetensors")
    safetensors.torch.save_file(weights(4.0), epoch_path(tmp_path, 8))
    assert main([str(tmp_path), "8", "--with", str(tmp_path / "before.safetensors")]) == 0
    assert torch.equal(averaged(tmp_path / BEST)["head.weight"], torch.full((2, 3), 3.0))


def test_other_networks_and_missing_epochs_are_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match="one run"):
        mean_weights([weights(1.0), {"head.weight": torch.zeros(3)}])
    assert main([str(tmp_path), "3"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
