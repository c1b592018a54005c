"""Negatives, which a head must reject: embeddings of other words, running speech and noise, shipped with the weights.

A few takes show what a word sounds like, but not what it does not sound like. A head trained on takes alone would mistake many other
sounds for a word. Therefore embeddings of recordings without the player's words ship with the backbone, in eight bits per number. The
sound itself does not ship, and cannot be reconstructed from the embeddings.

Embeddings fit only one backbone, so the file contains its hash (``backbone_hash``).

The file does not contain the means and maxima of the layers themselves, but their coordinates in a ``Space`` in which recordings of
one word have equal variance in every direction (whitening by the covariance within words, as in linear discriminant analysis: Fisher
1936), reduced to the directions along which sounds differ most.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import TeachingError
from voicetrail.spotting.locate import folders
from voicetrail.text import printable

FILE = "negatives.safetensors"
FORMAT_VERSION = 2
KEY = "voicetrail_negatives"
LARGEST = 32 * 1024 * 1024
"""Most bytes of the file; a larger one is refused unread."""


SHRINKAGE = 0.05
"""How much of the covariance within words is taken to be the same in all directions (Ledoit and Wolf 2004, with a fixed part)."""
DIMENSIONS = 256
"""Of the space. Fewer refuse less (192 by a point, 128 by two). 384, found by more clips, refuse better in single windows, but
make more false moves in books (``weights/EXPERIMENTS.md``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The space for heads of taught words: an affine transform of the pooled layers in which Euclidean distances are meaningful."""

    center: Tensor
    """``[pooled]``"""
    matrix: Tensor
    """``[pooled, dimensions]``"""

    def __call__(self, pooled: Tensor) -> Tensor:
        """Coordinates ``[windows, dimensions]`` of the backbone's means and maxima ``[windows, pooled]``."""
        return (pooled - self.center) @ self.matrix

    def head(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Convert a head in this space (``[classes, dimensions]``, ``[classes]``) to weights and biases on the backbone's own output.

        The mean over the classes, which does not change posteriors, is subtracted, so that the numbers fit half precision.
        """
        full = (weight - weight.mean(0)) @ self.matrix.T
        offset = bias - full @ self.center
        return full, offset - offset.mean()


def find_space(pooled: Tensor, words: Tensor, weight: Tensor, dimensions: int = DIMENSIONS) -> Space:
    """Compute the space of a backbone.

    Args:
        pooled: the backbone's output of many windows, ``[windows, pooled]``.
        words: the word of each window; -1 for what is no recording of one word.
        weight: how much each window counts when the directions are chosen.
        dimensions: how many are kept.
    """
    center = pooled.mean(0)
    x = (pooled - center).double()
    within, count = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float64), 0
    for word in torch.unique(words[words >= 0]):
        rows = x[words == word]
        rows = rows - rows.mean(0)
        within += rows.T @ rows
        count += len(rows) - 1
    within /= max(1, count)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * torch.eye(len(within)) * within.diagonal().mean().clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(within)
    whitening = vectors @ torch.diag(values.rsqrt())
    white = x @ whitening
    spread = (white * (weight / weight.sum())[:, None]).T @ white
    _, directions = torch.linalg.eigh(spread)
    return Space(center, (whitening @ directions[:, -dimensions:]).float())


@dataclass(frozen=True, slots=True, eq=False)
class Negatives:
    """Embeddings of sounds that are not the player's words."""

    embeddings: Tensor
    """Coordinates in ``space``, ``[windows, dimensions]``."""
    kinds: Tensor
    """Index into ``names`` of each window, ``[windows]``."""
    names: tuple[str, ...]
    """A known word, ``_unknown_`` (running speech) or ``_background_noise_``."""
    talk_seconds: float
    """Length of the running speech from which windows were taken at even steps, in s."""
    logits: Tensor
    """Logits of the shipped head for each window, ``[windows, classes]``; personal mode starts with them."""
    space: Space

    def __len__(self) -> int:
        return len(self.kinds)

    def at(self, rows: Tensor | slice) -> Negatives:
        """Some of the windows."""
        return replace(self, embeddings=self.embeddings[rows], kinds=self.kinds[rows], logits=self.logits[rows])

    def without(self, words: Sequence[str]) -> Negatives:
        """The negatives without some known words: those that are taught, or sound like a taught word."""
        drop = {index for index, name in enumerate(self.names) if name in {*words}}
        return self.at(torch.tensor([int(kind) not in drop for kind in self.kinds], dtype=torch.bool))

    def of_kind(self, name: str) -> Negatives:
        """The windows of one kind, in the order of the recordings."""
        return self.at(self.kinds == (self.names.index(name) if name in self.names else len(self.names)))


def backbone_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hex, of the tensors of a backbone, without the head, in half precision (as stored in weights files)."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if not name.startswith("head."):
            value = tensors[name]
            digest.update(name.encode() + b"\0")
            digest.update((value.half() if value.is_floating_point() else value).contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_negatives(path: Path, negatives: Negatives, backbone: str) -> None:
    """Write embeddings and logits with eight bits per number, each column scaled by its own range.

    Args:
        path: the file.
        negatives: the negatives.
        backbone: ``backbone_hash`` of their backbone.
    """
    tensors = {
        **_coded("embeddings", negatives.embeddings),
        **_coded("logits", negatives.logits),
        "kinds": negatives.kinds.to(torch.uint8),
        "center": negatives.space.center,
        "matrix": negatives.space.matrix.half(),
    }
    meta = {
        "format_version": FORMAT_VERSION,
        "backbone": backbone,
        "names": negatives.names,
        "talk_seconds": negatives.talk_seconds,
    }
    content = safetensors.torch.save({k: v.contiguous() for k, v in tensors.items()}, {KEY: json.dumps(meta)})
    replace_file(path, content, mode=PUBLIC_FILE)


def _coded(name: str, values: Tensor) -> dict[str, Tensor]:
    """A matrix in eight bits, with the offset and step of each column."""
    low, high = values.amin(0), values.amax(0)
    scale = (high - low).clamp(min=1e-6) / 255
    codes = ((values - low) / scale).round().clamp(0, 255).to(torch.uint8)
    return {name: codes, f"{name}.low": low, f"{name}.scale": scale}


def _decoded(name: str, tensors: Mapping[str, Tensor]) -> Tensor:
    return tensors[name].float() * tensors[f"{name}.scale"] + tensors[f"{name}.low"]


def find_negatives() -> Path:
    """Find the shipped file.

    Raises:
        TeachingError: it is missing.
    """
    for folder in folders():
        if (folder / FILE).is_file():
            return folder / FILE
    raise TeachingError(f"{FILE} is missing beside the weights; reinstall voicetrail")


def load_negatives(path: Path, backbone: str) -> Negatives:
    """Read what ``save_negatives`` wrote.

    Args:
        path: the file.
        backbone: ``backbone_hash`` of the backbone in use.

    Raises:
        TeachingError: the file is damaged, or was made with another backbone.
    """
    damaged = TeachingError(f"{printable(path)} is damaged; reinstall voicetrail")
    try:
        if path.stat().st_size > LARGEST:
            raise damaged
        with safetensors.safe_open(path, "pt") as stored:
            meta = json.loads((stored.metadata() or {}).get(KEY, "null"))
        tensors = safetensors.torch.load_file(path)
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError):
        raise damaged from None
    if not isinstance(meta, dict) or meta.get("format_version") != FORMAT_VERSION:
        raise damaged
    if meta.get("backbone") != backbone:
        raise TeachingError(
            "the shipped negatives were made with another backbone; teach on the shipped weights (directional4w or 18w), "
            "or make negatives for your weights with python -m voicetrail.training.fit.negatives"
        )
    names, talk_seconds = meta.get("names"), meta.get("talk_seconds")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not _fit(tensors, len(names)):
        raise damaged
    if not isinstance(talk_seconds, int | float) or not talk_seconds > 0:
        raise damaged
    space = Space(tensors["center"], tensors["matrix"].float())
    kinds = tensors["kinds"].long()
    return Negatives(
        _decoded("embeddings", tensors), kinds, tuple(names), float(talk_seconds), _decoded("logits", tensors), space
    )


def _fit(tensors: Mapping[str, Tensor], names: int) -> bool:
    """Whether the tensors are complete and fit each other."""
    coded = {f"{name}{part}" for name in ("embeddings", "logits") for part in ("", ".low", ".scale")}
    if tensors.keys() != {*coded, "kinds", "center", "matrix"}:
        return False
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values() if value.is_floating_point()):
        return False
    kinds, center, matrix = tensors["kinds"], tensors["center"], tensors["matrix"]
    if kinds.dtype != torch.uint8 or kinds.ndim != 1 or not len(kinds) or int(kinds.max()) >= names:
        return False
    for name in ("embeddings", "logits"):
        codes, low, scale = tensors[name], tensors[f"{name}.low"], tensors[f"{name}.scale"]
        if codes.dtype != torch.uint8 or codes.ndim != 2 or codes.shape[:1] != kinds.shape:
            return False
        if not low.shape == scale.shape == codes.shape[1:] or low.dtype != scale.dtype or low.dtype != torch.float32:
            return False
    fits = center.ndim == 1 and center.dtype == torch.float32 and matrix.is_floating_point()
    return fits and matrix.shape == (len(center), tensors["embeddings"].shape[1])
