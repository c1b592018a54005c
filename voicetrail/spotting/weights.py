"""Weights files: safetensors whose metadata contain everything needed to use them. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeGuard

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from voicetrail.atomic import PUBLIC_FILE, replace_file
from voicetrail.errors import WeightsError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.frontend import FrontendSettings, build_frontend, frontend_settings
from voicetrail.spotting.locate import TAUGHT_FILE, find_weights
from voicetrail.spotting.networks.layers import LAYERS, MAX_LAYERS, Layer, build_layers
from voicetrail.spotting.networks.model import ARCHITECTURES, Model, build_model
from voicetrail.spotting.score_filter import ScoreFilter
from voicetrail.text import printable
from voicetrail.vocabulary import MEANINGS, RESERVED, UNKNOWN

FORMAT_VERSION = 1
MAX_SIZE = 64 * 1024 * 1024
"""Largest size in bytes; larger files are refused unread."""
MAX_LABEL_LENGTH, MAX_CLASSES = 40, 1000
KEY = "voicetrail"


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """The metadata of a weights file."""

    labels: tuple[str, ...]
    """Words of the vocabulary, then ``_unknown_`` and ``_background_noise_``: the order of the scores."""
    classes: tuple[str, ...]
    """The network's classes, in the order of its logits. There are more classes than labels: a network that distinguishes all words of
    the training recognizes the few labels better. A class without a label of its own counts as ``_unknown_``."""
    architecture: str
    features: FrontendSettings = field(default_factory=FeatureSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    """Thresholds and times chosen on validation streams."""
    temperature: float = 1.0
    """For combining classes into labels (``spotting.posteriors``)."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the network was trained on, and how it scored."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What labels that are not words of the game mean: a word of ``vocabulary.MEANINGS``, or an empty string for a word that does
    nothing although the game knows it."""
    layers: tuple[Layer, ...] = ()
    """The network, if the architecture is ``layers.LAYERS`` (an imported model)."""
    score_filter: ScoreFilter | None = None
    """What makes scores of the posteriors for the detector; ``None``: the posteriors are the scores."""
    unfiltered_detector: DetectorSettings | None = None
    """With a score filter: the detector settings for posteriors without it; ``None``: the same as with it."""

    def without_filter(self) -> WeightsInfo:
        """These weights without their score filter, with the detector settings for that.

        A filter is fitted to one head. Heads that are taught on the same backbone have none, and start from these settings.
        """
        detector = self.detector if self.unfiltered_detector is None else self.unfiltered_detector
        return replace(self, detector=detector, score_filter=None, unfiltered_detector=None)

    def grouping(self) -> Tensor:
        """The matrix ``[classes, labels]`` that sums the posteriors of the classes of each label."""
        matrix = torch.zeros(len(self.classes), len(self.labels))
        for row, name in enumerate(self.classes):
            matrix[row, self.labels.index(name if name in self.labels else UNKNOWN)] = 1.0
        return matrix


@dataclass(frozen=True, slots=True)
class Weights:
    """A loaded weights file."""

    name: str
    hash: str
    """SHA-256 of the file, in hex."""
    info: WeightsInfo
    model: Model


def save_weights(path: Path, tensors: Mapping[str, Tensor], info: WeightsInfo, *, half: bool = True) -> None:
    """Write a weights file atomically.

    Args:
        path: the file.
        tensors: those of the network, by their names in its ``state_dict``.
        info: the metadata.
        half: store half precision, which is finer than any threshold and halves the file; loading converts it back. Imported weights
        are stored as they are.
    """
    meta = {
        "format_version": FORMAT_VERSION,
        "labels": info.labels,
        "classes": info.classes,
        "architecture": info.architecture,
        "features": info.features.as_dict(),
        "temperature": info.temperature,
        "detector": info.detector.to_dict(),
        "about": dict(info.about),
    }
    if info.meanings:
        meta["meanings"] = dict(info.meanings)
    if info.layers:
        meta["layers"] = [dict(layer) for layer in info.layers]
    if info.score_filter is not None:
        meta["score_filter"] = info.score_filter.to_dict()
    if info.unfiltered_detector is not None:
        meta["unfiltered_detector"] = info.unfiltered_detector.to_dict()
    on_cpu = {name: value.detach().cpu() for name, value in tensors.items()}
    small = {name: value.half() if half and value.is_floating_point() else value for name, value in on_cpu.items()}
    content = safetensors.torch.save({name: value.contiguous() for name, value in small.items()}, {KEY: json.dumps(meta)})
    replace_file(path, content, mode=PUBLIC_FILE)


def read_info(path: Path) -> WeightsInfo:
    """Read the metadata of a weights file only.

    Raises:
        WeightsError: it cannot be used.
    """
    return _parse(path, _read_meta(path))


def load_weights(name: str | Path) -> Weights:
    """Load weights by name or path, and build their network.

    Raises:
        WeightsError: the file is missing, damaged, a pickle, of another format version, or does not fit its architecture.
    """
    path = find_weights(name)
    info = read_info(path)
    try:
        model = build_network(info)
    except (RuntimeError, ValueError) as error:
        raise _damaged(path, f"the network {info.architecture} cannot be built for its features: {error}") from None
    try:
        tensors = {
            key: value.float() if value.is_floating_point() else value
            for key, value in safetensors.torch.load_file(path).items()
        }
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path, str(error)) from None
    expected = model.state_dict()
    if tensors.keys() != expected.keys() or any(tensors[key].shape != expected[key].shape for key in expected):
        wrong = next((k for k in expected if k not in tensors or tensors[k].shape != expected[k].shape), "extra tensors")
        raise WeightsError(
            f"the weights {printable(path)} do not fit the network {info.architecture} ({wrong}); download the file again"
        )
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values() if value.is_floating_point()):
        raise _damaged(path, "a weight is not a number")
    model.load_state_dict(tensors)
    if not _scores_are_finite(model, info):
        raise _damaged(path, "its scores are not finite: a weight is too large")
    # A taught set is in a folder with its name, and replays refer to it by that name.
    name_of = path.parent.name if path.name == TAUGHT_FILE else path.stem
    return Weights(name_of, hashlib.sha256(path.read_bytes()).hexdigest(), info, model)


def _scores_are_finite(model: Model, info: WeightsInfo) -> bool:
    """Whether the scores of silence and noise are finite: finite weights may still overflow in the network."""
    frontend = build_frontend(info.features).eval()
    noise = torch.rand(1, info.features.window_samples, generator=torch.Generator().manual_seed(0)) * 2 - 1
    was_training = model.training
    with torch.inference_mode():
        logits = model.eval()(frontend(torch.cat((torch.zeros_like(noise), 1e-3 * noise, noise))))
    model.train(was_training)
    return bool(torch.isfinite(logits).all())


def build_network(info: WeightsInfo) -> Model:
    """Build the network of a weights file, with random parameters.

    Raises:
        ValueError: its layers do not make a network.
        RuntimeError: its architecture does not fit its features.
    """
    if info.architecture != LAYERS:
        return build_model(info.architecture, info.features, len(info.classes))
    backbone, head = build_layers(info.layers, info.features.rows, info.features.frames, len(info.classes))
    return Model.joined(backbone, head)


def _damaged(path: Path, why: str) -> WeightsError:
    return WeightsError(f"the weights {printable(path)} are damaged ({printable(why)}); download the file again")


def _read_meta(path: Path) -> dict[str, Any]:
    try:
        size, head = path.stat().st_size, path.open("rb").read(9)
    except OSError as error:
        raise WeightsError(f"the weights {printable(path)} cannot be read: {error.strerror}") from None
    # A safetensors file starts with the length of its header, which can be any number, followed by the brace of the header.
    if head[8:] != b"{" and (head[:2] == b"PK" or head[:1] == b"\x80"):
        raise WeightsError(
            f"{printable(path)} is a pickle, which could run any code and is never read; save it as .safetensors"
        )
    if size > MAX_SIZE:
        raise WeightsError(f"{printable(path)} is too large for a weights file ({size} bytes); is it the right file?")
    try:
        with safetensors.safe_open(path, "pt") as stored:
            text = (stored.metadata() or {}).get(KEY)
        meta = json.loads(text) if text else None
    except (OSError, safetensors.SafetensorError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(meta, dict):
        raise WeightsError(
            f"{printable(path)} contains no weights of voicetrail (it lacks their metadata); train weights with `voicetrail train`"
        )
    return meta


def _is_meaning(word: object) -> bool:
    return isinstance(word, str) and word in (*MEANINGS, "")


def _names(value: object) -> TypeGuard[list[str]]:
    """Whether these are printable labels. Control characters are refused here, once for all commands."""
    return isinstance(value, list) and all(
        isinstance(name, str) and 0 < len(name) <= MAX_LABEL_LENGTH and name.isprintable() for name in value
    )


def _parse_labels(path: Path, meta: dict[str, Any], *, may_lack_reserved: bool) -> tuple[list[str], list[str]]:
    """The labels and classes. A model of others may lack the two reserved labels; then its classes are its labels."""
    labels, classes = meta.get("labels"), meta.get("classes")
    if not _names(labels) or not _names(classes) or len(classes) > MAX_CLASSES:
        raise _damaged(path, f"a label is not printable text of 1 to {MAX_LABEL_LENGTH} characters")
    reserved = set[str]() if may_lack_reserved else {*RESERVED}
    if not reserved <= {*labels} <= {*classes}:
        raise _damaged(path, "its labels are not among its classes")
    if len({*classes}) > len({*labels}) and UNKNOWN not in labels:
        raise _damaged(path, "a class belongs to no label")
    if len({*labels}) < len(labels):
        raise _damaged(path, "a label is listed twice")
    return labels, classes


def _parse(path: Path, meta: dict[str, Any]) -> WeightsInfo:
    version = meta.get("format_version")
    if version != FORMAT_VERSION:
        raise WeightsError(
            f"the weights {printable(path)} have format version {printable(version)}, this program reads {FORMAT_VERSION}; "
            "update voicetrail, or train the weights again"
        )
    architecture = meta.get("architecture")
    if not isinstance(architecture, str) or architecture not in (*ARCHITECTURES, LAYERS):
        raise WeightsError(
            f"the weights {printable(path)} need the architecture {printable(architecture)!r}; "
            f"this program has {', '.join(ARCHITECTURES)}"
        )
    labels, classes = _parse_labels(path, meta, may_lack_reserved=architecture == LAYERS)
    layers = meta.get("layers", [])
    if not isinstance(layers, list) or len(layers) > MAX_LAYERS or not all(isinstance(layer, dict) for layer in layers):
        raise _damaged(path, "its layers are not a list of layers")
    # Older files have neither a score filter nor settings without one.
    stated_filter, stated_unfiltered = meta.get("score_filter"), meta.get("unfiltered_detector")
    try:
        detector = DetectorSettings.from_dict(meta.get("detector"))
        score_filter = None if stated_filter is None else ScoreFilter.from_dict(stated_filter)
        unfiltered = None if stated_unfiltered is None else DetectorSettings.from_dict(stated_unfiltered)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if score_filter is not None and not {*RESERVED} <= {*labels}:
        raise _damaged(path, f"a score filter needs the labels {' and '.join(RESERVED)}")
    temperature = meta.get("temperature", 1.0)  # older files have none
    if not isinstance(temperature, (int, float)) or not 0.1 <= temperature <= 10:
        raise _damaged(path, "its temperature is out of range")
    stated = meta.get("features")
    features = frontend_settings(stated if isinstance(stated, dict) else {})
    meanings = meta.get("meanings", {})
    if (
        not isinstance(meanings, dict)
        or not {*meanings} <= {*labels}
        or not all(_is_meaning(word) for word in meanings.values())
    ):
        raise _damaged(path, "a meaning is not a word of the game")
    about = meta.get("about")
    return WeightsInfo(
        tuple(labels),
        tuple(classes),
        architecture,
        features,
        detector,
        float(temperature),
        about if isinstance(about, dict) else {},
        meanings,
        tuple(layers),
        score_filter,
        unfiltered,
    )
