"""What a head must refuse: embeddings of other words, running speech and noise, shipped beside the weights.

A few takes say what a word sounds like. They do not say what it does not sound like, and a head that has never met anything else
takes much of it for a word. So the backbone's embeddings of recordings that hold none of the player's words ship with it, in
eight bits a number: the sound itself does not, and cannot be had back from them.

An embedding fits one backbone only, so the file names the backbone it was made with (``backbone_hash``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import TeachingError
from voicetrail.spotting.locate import folders
from voicetrail.text import printable
from voicetrail.vocabulary import NOISE, UNKNOWN

FILE = "negatives.safetensors"
FORMAT_VERSION = 1
KEY = "voicetrail_negatives"
LARGEST = 32 * 1024 * 1024
"""Bytes past which a file is refused unread."""


@dataclass(frozen=True, slots=True, eq=False)
class Negatives:
    """Embeddings of what is none of the player's words."""

    embeddings: Tensor
    """``[windows, embedding]``"""
    kinds: Tensor
    """Index into ``names`` of each window, ``[windows]``."""
    names: tuple[str, ...]
    """A known word, ``_unknown_`` (running speech) or ``_background_noise_``."""
    talk_seconds: float
    """How much running speech its windows stand for: they were taken at even steps from so many seconds."""

    def without(self, words: Sequence[str]) -> Negatives:
        """Leave known words out: those that are taught, or sound like one that is."""
        drop = {index for index, name in enumerate(self.names) if name in {*words}}
        keep = torch.tensor([int(kind) not in drop for kind in self.kinds], dtype=torch.bool)
        return Negatives(self.embeddings[keep], self.kinds[keep], self.names, self.talk_seconds)

    def rows(self, name: str) -> Tensor:
        """The embeddings of one kind, ``[windows, embedding]``."""
        return self.embeddings[self.kinds == self.names.index(name)] if name in self.names else self.embeddings[:0]

    @property
    def talk(self) -> Tensor:
        """Embeddings of running speech, in the order of the recordings."""
        return self.rows(UNKNOWN)

    @property
    def noise(self) -> Tensor:
        """Embeddings of sound in which nobody speaks."""
        return self.rows(NOISE)


def backbone_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hex, of the tensors of a backbone in half precision (as weights files keep them); the head does not count."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if not name.startswith("head."):
            value = tensors[name]
            digest.update(name.encode() + b"\0")
            digest.update((value.half() if value.is_floating_point() else value).contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_negatives(path: Path, negatives: Negatives, backbone: str) -> None:
    """Write the embeddings in eight bits a number, each column scaled by its own range.

    Args:
        path: where to.
        negatives: what to write.
        backbone: ``backbone_hash`` of what made them.
    """
    low, high = negatives.embeddings.amin(0), negatives.embeddings.amax(0)
    scale = (high - low).clamp(min=1e-6) / 255
    tensors = {
        "embeddings": ((negatives.embeddings - low) / scale).round().clamp(0, 255).to(torch.uint8),
        "low": low,
        "scale": scale,
        "kinds": negatives.kinds.to(torch.uint8),
    }
    meta = {
        "format_version": FORMAT_VERSION,
        "backbone": backbone,
        "names": negatives.names,
        "talk_seconds": negatives.talk_seconds,
    }
    content = safetensors.torch.save({k: v.contiguous() for k, v in tensors.items()}, {KEY: json.dumps(meta)})
    replace_file(path, content, mode=PUBLIC_FILE)


def find_negatives() -> Path:
    """The file that ships.

    Raises:
        TeachingError: it is missing.
    """
    for folder in folders():
        if (folder / FILE).is_file():
            return folder / FILE
    raise TeachingError(f"{FILE} is missing beside the weights; install voicetrail again")


def load_negatives(path: Path, backbone: str) -> Negatives:
    """Read what ``save_negatives`` wrote.

    Args:
        path: the file.
        backbone: ``backbone_hash`` of the backbone that they are wanted for.

    Raises:
        TeachingError: the file is damaged, or was made with another backbone.
    """
    damaged = TeachingError(f"{printable(path)} is damaged; install voicetrail again")
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
            "the negatives that ship were made with another backbone; teach on the weights that ship (directional4w or 18w), "
            "or make negatives for yours with python -m voicetrail.training.fit.negatives"
        )
    names, talk_seconds = meta.get("names"), meta.get("talk_seconds")
    expected = {"embeddings", "low", "scale", "kinds"}
    if tensors.keys() != expected or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise damaged
    codes, low, scale, kinds = (tensors[name] for name in ("embeddings", "low", "scale", "kinds"))
    fits = codes.dtype == kinds.dtype == torch.uint8 and codes.ndim == 2 and kinds.shape == codes.shape[:1]
    fits = (
        fits and low.shape == scale.shape == codes.shape[1:] and bool(torch.isfinite(low).all() and torch.isfinite(scale).all())
    )
    if not isinstance(talk_seconds, int | float) or not talk_seconds > 0:
        raise damaged
    fits = fits and len(kinds) > 0
    if not fits or int(kinds.max()) >= len(names):
        raise damaged
    return Negatives(codes.float() * scale + low, kinds.long(), tuple(names), float(talk_seconds))
