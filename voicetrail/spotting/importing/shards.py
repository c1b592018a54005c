"""Reads the weights of a TensorFlow.js model: the manifest in ``model.json`` and the binary shards beside it.

The format is that of ``tf.io.WeightsManifestConfig``: groups of weights, each with its shards. The concatenated bytes of the
shards are the weights one after the other, little-endian. Quantized weights are decoded as in ``tf.io.decodeWeights``.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from voicetrail.atomic import read_file
from voicetrail.errors import WeightsError
from voicetrail.text import printable

MAX_BYTES = 64 * 1024 * 1024
"""Most bytes of all weights as float32, the limit of a weights file."""
MAX_ENTRIES = 4096
"""Most groups, shards or weights in a manifest."""
STORED = {"uint8": "<u1", "uint16": "<u2", "float16": "<f2"}
"""numpy's names of the types of quantized weights."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Weight:
    """A weight as the manifest describes it."""

    name: str
    shape: tuple[int, ...]
    stored: str
    """numpy's name of the type in the shard."""
    scale: float = 1.0
    minimum: float = 0.0
    kind: str = "float32"
    """What TensorFlow.js calls the type in the shard."""

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        return self.count * np.dtype(self.stored).itemsize

    def decode(self, content: bytes) -> Array:
        values = np.frombuffer(content, dtype=self.stored).reshape(self.shape)
        if self.kind in ("uint8", "uint16"):
            # In double precision and then rounded, as in JavaScript.
            with np.errstate(over="ignore", invalid="ignore"):
                return (values.astype(np.float64) * self.scale + self.minimum).astype(np.float32)
        return values.astype(np.float32)


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """All weights of a model."""

    arrays: Mapping[str, Array]
    kinds: frozenset[str]
    """The types in which they were stored."""


def read_weights(document: Mapping[str, Any], folder: Path) -> StoredWeights:
    """Read the weights that a ``model.json`` names.

    Args:
        document: the ``model.json``.
        folder: its folder, which also contains the shards.

    Raises:
        WeightsError: a shard is missing, has the wrong size or is outside the folder, or the type of a weight is not supported.
    """
    groups = [_group(group) for group in _list(document.get("weightsManifest"), "weightsManifest")]
    if not groups:
        raise WeightsError("the model.json names no weights; export the model again, with its weights")
    weights = [weight for _, each in groups for weight in each]
    if len({weight.name for weight in weights}) < len(weights):
        raise WeightsError("the model.json names a weight twice; export the model again")
    # Compare all sizes in the manifest with those of the files before reading anything.
    if sum(weight.count for weight in weights) * 4 > MAX_BYTES:
        raise WeightsError(f"the model is too large for a recognizer (limit: {MAX_BYTES // 2**20} MiB of weights)")
    found = [[_shard(folder, path) for path in paths] for paths, _ in groups]
    for shards, (_, each) in zip(found, groups, strict=True):
        stated, there = sum(weight.size for weight in each), sum(size for _, size in shards)
        if stated != there:
            names = ", ".join(printable(path.name, 40) for path, _ in shards[:3]) or "none"
            raise WeightsError(
                f"the weights of the model should have {stated} bytes, but the shards ({names}) have {there}; download them again"
            )
    arrays: dict[str, Array] = {}
    for shards, (_, each) in zip(found, groups, strict=True):
        content, at = b"".join(_read(path, size) for path, size in shards), 0
        for weight in each:
            arrays[weight.name] = weight.decode(content[at : at + weight.size])
            at += weight.size
            if not np.isfinite(arrays[weight.name]).all():
                raise WeightsError(
                    f"the weight {printable(weight.name, 60)!r} contains values that are not numbers; export the model again"
                )
    return StoredWeights(arrays, frozenset(weight.kind for weight in weights))


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise WeightsError(f"the model.json has no readable {what}; export the model again")
    return value


def _group(group: object) -> tuple[list[str], list[_Weight]]:
    if not isinstance(group, dict):
        raise WeightsError("the model.json has no readable weightsManifest; export the model again")
    paths = _list(group.get("paths"), "paths of shards")
    return [_plain(path) for path in paths], [_weight(weight) for weight in _list(group.get("weights"), "list of weights")]


def _plain(path: object) -> str:
    """A shard's path, checked to be inside the model's folder."""
    text = path if isinstance(path, str) else ""
    parts = PurePosixPath(text).parts
    if not text or len(text) > 500 or not text.isprintable() or "\\" in text or ":" in text or ".." in parts or text[0] == "/":
        raise WeightsError(f"the shard {printable(path, 60)!r} is outside the model's folder, or has no readable name")
    return text


def _weight(weight: object) -> _Weight:
    spec = weight if isinstance(weight, dict) else {}
    name, shape = spec.get("name"), spec.get("shape")
    shown = printable(name, 60)
    if not isinstance(name, str) or not 0 < len(name) <= 500:
        raise WeightsError("the model.json lists a weight without a name; export the model again")
    if not isinstance(shape, list) or len(shape) > 8 or not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
        raise WeightsError(f"the weight {shown!r} has no readable shape; export the model again")
    if spec.get("dtype") != "float32":
        raise WeightsError(
            f"the weight {shown!r} is of the type {printable(spec.get('dtype'), 30)!r}; only float32 is supported"
        )
    quantization = spec.get("quantization")
    if quantization is None:
        return _Weight(name, tuple(shape), "<f4")
    kind = quantization.get("dtype") if isinstance(quantization, dict) else None
    if not isinstance(kind, str) or kind not in STORED:
        known = ", ".join(STORED)
        raise WeightsError(f"the weight {shown!r} is quantized to {printable(kind, 30)!r}; only {known} are supported")
    if kind == "float16":
        return _Weight(name, tuple(shape), STORED[kind], kind=kind)
    scale, minimum = quantization.get("scale"), quantization.get("min")
    if not all(isinstance(value, (int, float)) and abs(value) < 1e30 for value in (scale, minimum)):
        raise WeightsError(f"the weight {shown!r} is quantized with a scale that is not a number; export the model again")
    return _Weight(name, tuple(shape), STORED[kind], float(scale), float(minimum), kind)


def _shard(folder: Path, name: str) -> tuple[Path, int]:
    """The path of a shard, and its size in bytes."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise WeightsError(f"the shard {printable(name, 60)!r} is outside the model's folder")
        found = path.stat()
    except (OSError, ValueError, RuntimeError):
        raise WeightsError(f"the shard {printable(name, 60)!r} is missing; it must be beside the model.json") from None
    if not stat.S_ISREG(found.st_mode):
        raise WeightsError(f"the shard {printable(name, 60)!r} is not a file")
    return path, found.st_size


def _read(path: Path, size: int) -> bytes:
    try:
        content = read_file(path, size)
    except OSError as error:
        raise WeightsError(f"the shard {printable(path.name, 60)!r} cannot be read: {error.strerror}") from None
    if len(content) != size:
        raise WeightsError(f"the shard {printable(path.name, 60)!r} changed while it was being read; try again")
    return content
