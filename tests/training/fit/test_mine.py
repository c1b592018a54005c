"""Hard negatives: found where the weights believe in a word, by every process its share, and not looked for twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from voicetrail.spotting.features import FeatureSettings
from voicetrail.training.data.recordings import CLIP
from voicetrail.training.fit import mine as mining

FEATURES = FeatureSettings()


class BelievesInHighTones(nn.Module):
    """Takes a window for the first class as far as the upper mel bands are louder than the lower ones."""

    def __init__(self) -> None:
        super().__init__()
        self.windows = 0

    def forward(self, pictures: Tensor) -> Tensor:
        self.windows += len(pictures)
        high = pictures[:, 0, 20:].mean(dim=(1, 2)) - pictures[:, 0, :20].mean(dim=(1, 2))
        return torch.stack([20 * high, torch.zeros_like(high)], dim=1)


@pytest.fixture
def talk() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Half a minute of a low tone, with three seconds of a high one after ten."""
    time = np.arange(30 * CLIP) / CLIP
    pitch = np.where((time >= 10) & (time < 13), 5000.0, 200.0)
    return (3000 * np.sin(2 * np.pi * pitch * time)).astype(np.int16)


def test_windows_taken_for_a_word_are_found_where_they_begin(talk: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    spots = mining.hard_spots(BelievesInHighTones(), FEATURES, (0,), talk, 0, len(talk))
    # A window counts as hard once about half of it lies within the high tone.
    assert 9.3 * CLIP < spots.min() < 9.8 * CLIP
    assert 12.2 * CLIP < spots.max() < 12.8 * CLIP
    assert set(np.diff(spots)) == {mining.STEP * FEATURES.hop_length}


def test_processes_find_together_what_one_finds_alone_and_a_second_run_hears_nothing_again(
    talk: np.ndarray[tuple[int], np.dtype[np.int16]], tmp_path: Path
) -> None:
    single, shared = tmp_path / "single", tmp_path / "shared"
    single.mkdir()
    shared.mkdir()
    mining.mine(BelievesInHighTones(), FEATURES, (0,), talk, single, "talk")
    for rank in range(2):
        mining.mine(BelievesInHighTones(), FEATURES, (0,), talk, shared, "talk", rank, 2)
    np.testing.assert_array_equal(mining.mined(single, "talk"), mining.mined(shared, "talk"))
    assert len(mining.mined(single, "talk"))
    again = BelievesInHighTones()
    mining.mine(again, FEATURES, (0,), talk, single, "talk")
    assert again.windows == 0


def test_talk_too_short_for_a_window_has_no_hard_place(tmp_path: Path) -> None:
    mining.mine(BelievesInHighTones(), FEATURES, (0,), np.zeros(CLIP // 2, dtype=np.int16), tmp_path, "noise")
    assert len(mining.mined(tmp_path, "noise")) == 0
