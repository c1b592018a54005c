"""Mines hard negatives: places where a network mistakes running speech or noise for a word of the game.

Most of many hours of speech sounds nothing like a direction, and random windows teach little after a while. Before a run that starts
from trained weights, all speech is therefore scored once, and the places are recorded at which those weights give a high
posterior to a direction. Training then draws many of its speech windows around these places (``Mix.hard``). Sung and Poggio
called this bootstrapping ("Example-based learning for view-based human face detection", 1998, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from voicetrail.atomic import replacing
from voicetrail.errors import TrainingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.features import FeatureSettings, LogMel
from voicetrail.spotting.frontend import FrontendSettings

STEP = 10
"""Frames between the windows to score."""
SUSPICIOUS = 0.05
"""A window counts as hard if the posterior of all directions together is at least this."""
PARTS = 8
"""Number of parts of the speech, which the processes share; the result of each is saved in a separate file."""
STRETCH = 60 * SAMPLE_RATE
"""Samples that are scored at once."""

Spots = npt.NDArray[np.int64]


def hard_spots(
    model: nn.Module, features: FrontendSettings, columns: Sequence[int], sound: npt.NDArray[np.int16], first: int, last: int
) -> Spots:
    """Find windows that are mistaken for a word.

    Args:
        model: in evaluation mode.
        features: of the model.
        columns: the classes that count as words.
        sound: ``[samples]``
        first: the first possible start of a window.
        last: the end of the possible starts of windows (exclusive).

    Returns:
        The starts of the windows, in samples, ascending.
    """
    if not isinstance(features, FeatureSettings):
        raise TrainingError("hard negatives can be mined only with networks on log-mel features")
    mel, width, step = LogMel(features), features.frames, STEP * features.hop_length
    found: list[Spots] = []
    for at in range(first, last, STRETCH):
        end = min(min(at + STRETCH, last) + features.used_samples, len(sound))
        if end - at < features.used_samples:
            break
        power = mel.power(torch.from_numpy(sound[at:end].astype(np.float32) / 32768.0).unsqueeze(0))[0, 0]
        windows = power.unfold(1, width, STEP).permute(1, 0, 2).unsqueeze(1)
        scores = torch.cat([_words(model, mel.normalize(part), columns) for part in torch.split(windows, 128)])
        found.append(at + step * np.flatnonzero(scores.numpy() >= SUSPICIOUS).astype(np.int64))
    return np.concatenate([*found, np.zeros(0, dtype=np.int64)])


def _words(model: nn.Module, pictures: Tensor, columns: Sequence[int]) -> Tensor:
    with torch.inference_mode():
        return torch.softmax(model(pictures), dim=1)[:, list(columns)].sum(dim=1)


def mine(
    model: nn.Module,
    features: FrontendSettings,
    columns: Sequence[int],
    sound: npt.NDArray[np.int16],
    out: Path,
    name: str,
    rank: int = 0,
    size: int = 1,
) -> None:
    """Hear this process's share of a sound, and keep what was found in ``out``; what is there already is not heard again."""
    bounds = np.linspace(0, len(sound), PARTS + 1).astype(int).tolist()
    model.eval()
    for part in range(rank, PARTS, size):
        path = _path(out, name, part)
        if path.exists():
            continue
        spots = hard_spots(model, features, columns, sound, bounds[part], bounds[part + 1])
        with replacing(path) as file:
            np.save(file, spots, allow_pickle=False)


def mined(out: Path, name: str) -> Spots:
    """The results of ``mine`` under a name, from all processes."""
    return np.concatenate([np.load(_path(out, name, part), allow_pickle=False) for part in range(PARTS)])


def _path(out: Path, name: str, part: int) -> Path:
    return out / f"hard-{name}-{part}.npy"
