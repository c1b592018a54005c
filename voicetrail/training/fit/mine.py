"""Hard negatives: where a network takes running speech, or noise, for one of the game's words.

Of hours of talk nearly all is nothing like a direction, and windows drawn from just anywhere teach little after the first hours.
Before a run that begins with trained weights, the talk is therefore heard once, and the places where those weights believed in a
direction are noted; training then draws many of its talk windows around these (``Mix.hard``). Sung and Poggio called this
bootstrapping ("Example-based learning for view-based human face detection", 1998, section 3.3).
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
"""Frames between the windows that are tried."""
SUSPICIOUS = 0.05
"""Posterior of all directions together from which a window counts as hard."""
PARTS = 8
"""The talk is heard in so many parts, shared by the processes; each is kept in a file of its own."""
STRETCH = 60 * SAMPLE_RATE
"""Samples that are heard at once."""

Spots = npt.NDArray[np.int64]


def hard_spots(
    model: nn.Module, features: FrontendSettings, columns: Sequence[int], sound: npt.NDArray[np.int16], first: int, last: int
) -> Spots:
    """Find where windows begin that are taken for a word.

    Args:
        model: in evaluation.
        features: of the model.
        columns: the classes that count as words.
        sound: ``[samples]``
        first: the first sample at which a window may begin.
        last: the first sample at which none may begin any more.

    Returns:
        Samples, rising.
    """
    if not isinstance(features, FeatureSettings):
        raise TrainingError("only networks that hear log-mel features can be asked for what they take for a word")
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
    """All that ``mine`` found under a name, of all processes."""
    return np.concatenate([np.load(_path(out, name, part), allow_pickle=False) for part in range(PARTS)])


def _path(out: Path, name: str, part: int) -> Path:
    return out / f"hard-{name}-{part}.npy"
