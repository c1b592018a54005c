"""The head of taught words: compares a window's distance from the mean of a word's takes with its distances from everything else.

It is a linear discriminant analysis (Fisher 1936) in the space that ships with the negatives, on the means and maxima of every layer
of the backbone. Of all methods measured, it rejects other sounds best (``weights/EXPERIMENTS.md``). Each taught word, each known word,
and each cluster of running speech and of noise is a class with one center. All classes share one covariance, which is the identity in
that space. The head is therefore computed directly, without optimization. It is one linear layer, so a set is an ordinary weights
file.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicetrail.errors import TeachingError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.networks.model import TemporalResNet, fold
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights
from voicetrail.teaching.heads.batches import minimize
from voicetrail.teaching.heads.negatives import Negatives, Space
from voicetrail.teaching.takes import Take
from voicetrail.vocabulary import NOISE, UNKNOWN

Sound = npt.NDArray[np.float32]
Random = np.random.Generator

VARIANTS = 6
"""Training windows made from each take."""
LATEST_END_S, EARLIEST_END_S = 0.0, 0.45
"""Range of the distance from the end of a word to the end of the window, in s, as it occurs in a stream."""
SNR_DB = (5.0, 35.0)
PEAK_DB = (-26.0, 0.0)
FAR = 1e3
"""Coordinates of a center that is far from everything."""
CLUSTERS = {UNKNOWN: 20, NOISE: 8}
"""Number of centers for running speech and for noise. With one center each, 88 % instead of 94 % of the takes score above 99.8 % of
running speech; more centers change nothing."""
ROUNDS = 12
"""Iterations of k-means."""
SHARPNESS = 0.1
"""Factor from half the difference of squared distances to log posterior ratios. It is below 1 because the layers are not independent,
so that the sum of their evidence would be overconfident."""
TEMPERATURE_OF_ONE = 2.0
"""At which the classes that are refused are joined where one word is taught: so that none of them alone decides. By five strangers, 83
instead of 81 % of its takes are above all but 1 % of other words. Several words do worse with it (ten words: 69 instead of 77 %)."""
WEIGHT_DECAY = 0.1
"""Weight of the squared distance from the computed head, in the refinement."""
EPOCHS = 0
"""L-BFGS steps of the refinement; none by default, because the measured effect was no better."""


@dataclass(frozen=True, slots=True)
class HeadProgress:
    """Where the training of a head stands."""

    part: float
    """The finished part, 0 to 1."""
    loss: float
    accuracy: float | None
    """Part of the held-out takes that are right; ``None`` until it is known."""
    seconds_left: float
    stage: Literal["head", "fine-tuning"] = "head"
    """What ``part`` is of."""


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a head is trained."""

    weight_decay: float = WEIGHT_DECAY
    epochs: int = EPOCHS
    variants: int = VARIANTS
    seed: int = 1
    noise: bool = True
    """Whether to add noise to the variants of takes: the recorded room, or generated noise."""
    batch_size: int = 0
    """Windows per step of Adam; 0 uses L-BFGS on all windows at once."""
    learning_rate: float = 0.01
    """Learning rate of Adam."""
    folds: int = 3
    """Number of folds of the cross-validation."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A trained head."""

    classes: tuple[str, ...]
    """The taught words, then the kinds of negatives; a kind with several centers is repeated."""
    weight: Tensor
    """``[classes, dimensions]``"""
    bias: Tensor
    """``[classes]``"""
    words: tuple[str, ...]
    losses: tuple[float, ...] = field(default=())

    temperature: float = 1.0
    """For combining classes into labels (``spotting.posteriors``)."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The taught words, then the reserved labels: the order of the scores."""
        return (*self.words, UNKNOWN, NOISE)

    def best(self, embeddings: Tensor) -> list[str]:
        """The most likely class for each embedding, ``[windows, dimensions]``."""
        return [self.classes[index] for index in (embeddings @ self.weight.T + self.bias).argmax(1).tolist()]

    def posteriors(self, embeddings: Tensor) -> Tensor:
        """Scores of the taught words, ``[windows, words]``, for embeddings ``[windows, dimensions]``."""
        scores = LabelPosteriors(self.grouping(), self.temperature)(embeddings @ self.weight.T + self.bias)
        return scores[:, : len(self.words)]

    def grouping(self) -> Tensor:
        """Which classes make up which label, ``[classes, labels]``."""
        grouping = torch.zeros(len(self.classes), len(self.labels))
        for row, name in enumerate(self.classes):
            grouping[row, self.labels.index(name if name in self.labels else UNKNOWN)] = 1.0
        return grouping


class Embedder:
    """Turns windows into embeddings: the means and maxima over time of all layers of the backbone of a weights file.

    Args:
        weights: their network is prepared for inference, in place (``fold``).
        space: embeddings are transformed into this space; ``None`` for no transformation.
    """

    def __init__(self, weights: Weights, space: Space | None = None) -> None:
        fold(weights.model)
        self.info = weights.info
        self.window_samples = weights.info.features.window_samples
        self._backbone = weights.model.backbone
        if isinstance(self._backbone, TemporalResNet):
            self._backbone = copy.deepcopy(self._backbone)
            self._backbone.pool_all()
        self._features = build_frontend(weights.info.features).eval()
        self._space = space
        self.size = self.pooled(np.zeros((1, self.window_samples), dtype=np.float32)).shape[1]
        if space is not None and len(space.center) != self.size:
            raise TeachingError("the shipped negatives were made with another backbone; reinstall voicetrail")

    def pooled(self, windows: Sound, batch: int = 256) -> Tensor:
        """The means and maxima ``[windows, size]`` of windows ``[windows, window_samples]``, without the space."""
        out = []
        with torch.inference_mode():
            for first in range(0, max(1, len(windows)), batch):
                sound = torch.from_numpy(np.ascontiguousarray(windows[first : first + batch], dtype=np.float32))
                out.append(self._backbone(self._features(sound)) if len(sound) else torch.zeros(0, self.size))
        return torch.cat(out)

    def __call__(self, windows: Sound) -> Tensor:
        """Embeddings ``[windows, dimensions]`` of windows ``[windows, window_samples]``."""
        pooled = self.pooled(windows)
        return pooled if self._space is None else self._space(pooled)


def centered(take: Take, size: int) -> Sound:
    """A take in the middle of a window of ``size`` samples, with the sound around it."""
    return _placed(take, (size + take.end - take.begin) // 2, size)


def _placed(take: Take, end: int, size: int) -> Sound:
    """A take in a window of ``size`` samples, with the end of its word at the sample ``end``.

    The rest of the window is noise at the level of the take's noise floor, because no room has digital silence.
    """
    rng = np.random.default_rng(len(take.sound))
    out = rng.standard_normal(size).astype(np.float32) * np.float32(10 ** (take.floor_db / 20))
    at = end - take.end
    since, until = max(at, 0), min(at + len(take.sound), size)
    if since < until:
        out[since:until] = take.sound[since - at : until - at]
    return out


def variants(rng: Random, take: Take, count: int, size: int, room: Sound, *, noise: bool = True) -> Sound:
    """Windows ``[count, size]`` that contain the whole word, at varied positions and levels, with varied noise."""
    windows = []
    for _ in range(count):
        earliest = min(take.end - take.begin, size)
        before_end = int(rng.uniform(LATEST_END_S, EARLIEST_END_S) * SAMPLE_RATE)
        windows.append(_vary(rng, _placed(take, max(size - before_end, earliest), size), room, noise=noise))
    return np.stack(windows) if windows else np.zeros((0, size), dtype=np.float32)


def _vary(rng: Random, window: Sound, room: Sound, *, noise: bool) -> Sound:
    loud = float(np.sort(np.mean(window[: len(window) // 160 * 160].reshape(-1, 160) ** 2, axis=1))[-30:].mean())
    if noise and loud > 0 and rng.random() < 0.8:
        hiss = _noise(rng, len(window), room)
        gain = np.sqrt(loud / (float(np.mean(hiss**2)) + 1e-12) * 10 ** (-rng.uniform(*SNR_DB) / 10))
        window = window + np.float32(gain) * hiss
    peak = float(np.abs(window).max(initial=0.0))
    scale = 10 ** (rng.uniform(*PEAK_DB) / 20) / peak if peak > 0 else 1.0
    out: Sound = np.clip(window * np.float32(scale), -1.0, 1.0)
    return out


def _noise(rng: Random, size: int, room: Sound) -> Sound:
    """A piece of the room, or (without a room, and sometimes with one) noise that falls by 0 to 6 dB per octave."""
    if len(room) > size and rng.random() < 0.6:
        since = int(rng.integers(0, len(room) - size))
        return room[since : since + size]
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(0.0, 1.0)
    return np.fft.irfft(spectrum, size).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Positives:
    """Embeddings of takes, for ``train_head``."""

    embeddings: Tensor
    """``[windows, dimensions]``"""
    words: Tensor
    """Index of the word of each window."""
    takes: Tensor
    """Index of the take of each window, counted over all words, so that whole takes can be held out."""


def take_windows(
    takes: Mapping[str, Sequence[Take]], size: int, room: Sound, settings: HeadSettings
) -> tuple[Sound, Tensor, Tensor]:
    """The windows ``[windows, size]`` of all takes, each first as recorded, then varied; and the word and the take of each window."""
    rng = np.random.default_rng(settings.seed)
    windows, words, numbers, number = [np.zeros((0, size), dtype=np.float32)], [], [], 0
    for index, word_takes in enumerate(takes.values()):
        for take in word_takes:
            varied = variants(rng, take, settings.variants, size, room, noise=settings.noise)
            windows += [centered(take, size)[None], varied]
            words += [index] * (1 + len(varied))
            numbers += [number] * (1 + len(varied))
            number += 1
    return np.concatenate(windows), torch.tensor(words), torch.tensor(numbers)


def embed_takes(embedder: Embedder, takes: Mapping[str, Sequence[Take]], room: Sound, settings: HeadSettings) -> Positives:
    """Make and embed the windows of all takes."""
    windows, words, numbers = take_windows(takes, embedder.window_samples, room, settings)
    return Positives(embedder(windows), words, numbers)


def train_head(
    words: Sequence[str],
    positives: Positives,
    negatives: Negatives,
    settings: HeadSettings,
    progress: Callable[[float, float], None] = lambda part, loss: None,
) -> Head:
    """Compute a head.

    Args:
        words: the taught words.
        positives: windows of their takes.
        negatives: embeddings to reject.
        settings: of the training.
        progress: called with the finished part, 0 to 1, and the loss.
    """
    centers = [positives.embeddings[positives.words == index].mean(0) for index in range(len(words))]
    classes = [*words]
    of_row = torch.zeros(len(negatives), dtype=torch.long)
    for kind, name in enumerate(negatives.names):
        rows = torch.nonzero(negatives.kinds == kind)[:, 0]
        if not len(rows):
            continue
        nearest, found = _clusters(negatives.embeddings[rows], CLUSTERS.get(name, 1), settings.seed)
        of_row[rows] = nearest + len(classes)
        centers += [*found]
        classes += [name] * len(found)
    for reserved in (UNKNOWN, NOISE):
        if reserved not in classes:  # without such negatives, its class is never the most likely
            centers.append(torch.full_like(centers[0], FAR))
            classes.append(reserved)
    center = torch.stack(centers)
    temperature = 1.0 if len(words) > 1 else TEMPERATURE_OF_ONE
    bias = -0.5 * SHARPNESS * center.square().sum(1)
    head = Head(tuple(classes), SHARPNESS * center, bias, tuple(words), temperature=temperature)
    x = torch.cat([positives.embeddings, negatives.embeddings])
    y = torch.cat([positives.words, of_row])
    return _refined(head, x, y, _weights(y, head), settings, progress)


def _clusters(x: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """K-means: the cluster of each row of ``[rows, dimensions]``, and the centers ``[clusters, dimensions]``.

    Empty clusters are omitted.
    """
    generator = torch.Generator().manual_seed(seed)
    centers = x[torch.randperm(len(x), generator=generator)[:count]].clone()
    nearest = torch.zeros(len(x), dtype=torch.long)
    for _ in range(ROUNDS if len(centers) > 1 else 1):
        nearest = torch.cdist(x, centers).argmin(1)
        used, nearest = torch.unique(nearest, return_inverse=True)
        centers = torch.zeros(len(used), x.shape[1]).index_add_(0, nearest, x) / torch.bincount(nearest)[:, None]
    return nearest, centers


def _refined(
    head: Head, x: Tensor, y: Tensor, weight: Tensor, settings: HeadSettings, progress: Callable[[float, float], None]
) -> Head:
    """The head after ``settings.epochs`` steps on the weighted cross entropy, with a penalty on its change; and the loss."""
    matrix, bias = head.weight.clone().requires_grad_(), head.bias.clone().requires_grad_()
    losses: list[float] = []

    def loss() -> Tensor:
        entropy = torch.nn.functional.cross_entropy(x @ matrix.T + bias, y, reduction="none")
        far = (matrix - head.weight).square().sum() + 0.1 * (bias - head.bias).square().sum()
        return (entropy * weight).sum() + settings.weight_decay * far

    def closure() -> Tensor:
        optimizer.zero_grad()
        found = loss()
        found.backward()  # type: ignore[no-untyped-call]
        losses.append(float(found.detach()))
        progress(min(1.0, len(losses) / (1.3 * settings.epochs)), losses[-1])
        return found

    if settings.epochs and settings.batch_size:
        losses = minimize(
            matrix,
            bias,
            x,
            y,
            weight,
            weight_decay=settings.weight_decay,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            seed=settings.seed,
            report=progress,
        )
    elif settings.epochs:
        optimizer = torch.optim.LBFGS([matrix, bias], max_iter=settings.epochs, history_size=10, line_search_fn="strong_wolfe")
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    else:
        with torch.no_grad():
            losses.append(float(loss()))
        progress(1.0, losses[-1])
    return replace(head, weight=matrix.detach(), bias=bias.detach(), losses=tuple(losses))


def _weights(y: Tensor, head: Head) -> Tensor:
    """Weights of the windows, which sum to one: half for the words, half for the negatives, divided equally between classes."""
    count = torch.bincount(y, minlength=len(head.classes)).clamp(min=1)
    words = len(head.words)
    each = torch.full((len(head.classes),), 0.5 / max(1, len(head.classes) - words))
    each[:words] = 0.5 / max(1, words)
    out = (each / count)[y]
    return out / out.sum()


class Timer:
    """Estimates the seconds left from the part done."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def left(self, part: float) -> float:
        """Estimated seconds left when ``part`` (0 to 1) is done."""
        return (time.monotonic() - self._began) * (1 - part) / part if part > 0.02 else 0.0
