"""The head: multinomial logistic regression on embeddings, from a few takes and many negatives.

Of what was measured side by side (``docs/teaching.md`` has the table), this is the best that stays one linear layer, so that a
taught set is an ordinary weights file: takes varied in place, level and noise; negatives of many kinds beside them, each kind a
class of its own (a known word, running speech, noise), for what is to be refused has no one center; and each kind of negative
weighted as a group, however many windows it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.model import fold
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights
from voicetrail.teaching.batches import minimize
from voicetrail.teaching.negatives import Negatives
from voicetrail.teaching.takes import Take
from voicetrail.vocabulary import NOISE, UNKNOWN

Sound = npt.NDArray[np.float32]
Random = np.random.Generator

VARIANTS = 10
"""Windows made of each take for training."""
PARTS = 1
"""Windows made of each take that hold only its beginning or its end: those are not the word."""
LATEST_END_S, EARLIEST_END_S = 0.0, 0.45
"""How far a word's end may lie before the window's, in s: where it lies while a stream is heard."""
SNR_DB = (5.0, 35.0)
PEAK_DB = (-26.0, 0.0)
WEIGHT_DECAY = 2e-4
"""Of the head's weights; chosen on words that the backbone had never heard (docs/teaching.md)."""
ITERATIONS = 100
GROUP_WEIGHTS = {"words": 1.0, UNKNOWN: 1.0, NOISE: 0.5}
"""Weight of each group of negatives beside that of one word, before they are scaled to weigh as much as all words together."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training of a head stands."""

    part: float
    """Between 0 and 1."""
    loss: float
    accuracy: float | None
    """Part of the held-out takes that are right, once it is known."""
    seconds_left: float


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a head is trained."""

    weight_decay: float = WEIGHT_DECAY
    iterations: int = ITERATIONS
    variants: int = VARIANTS
    seed: int = 1
    noise: bool = True
    """Add noise to the variants of takes: the recorded room where there is one, else noise made here."""
    batch_size: int = 0
    """Windows of one step of Adam; 0 takes all of them at once, with L-BFGS."""
    learning_rate: float = 0.01
    """Of Adam."""
    folds: int = 3
    """One take (and negative) in so many is held out, in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A trained head."""

    classes: tuple[str, ...]
    """The taught words, then the kinds of negatives."""
    weight: Tensor
    """``[classes, embedding]``"""
    bias: Tensor
    """``[classes]``"""
    words: tuple[str, ...]
    losses: tuple[float, ...] = field(default=())

    temperature: float = 1.0
    """At which classes are joined to labels, as ``spotting.posteriors`` has it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The taught words, then the reserved labels: the order of the scores."""
        return (*self.words, UNKNOWN, NOISE)

    def best(self, embeddings: Tensor) -> list[str]:
        """The likeliest class of each of the embeddings ``[windows, embedding]``."""
        return [self.classes[index] for index in (embeddings @ self.weight.T + self.bias).argmax(1).tolist()]

    def posteriors(self, embeddings: Tensor) -> Tensor:
        """Scores of the taught words, ``[windows, words]``, of embeddings ``[windows, embedding]``."""
        grouping = torch.zeros(len(self.classes), len(self.labels))
        for row, name in enumerate(self.classes):
            grouping[row, self.labels.index(name if name in self.labels else UNKNOWN)] = 1.0
        scores = LabelPosteriors(grouping, self.temperature)(embeddings @ self.weight.T + self.bias)
        return scores[:, : len(self.words)]


class Embedder:
    """Turns windows into embeddings with the backbone of a weights file.

    Args:
        weights: their network is changed for use (``fold``).
    """

    def __init__(self, weights: Weights) -> None:
        fold(weights.model)
        self.info = weights.info
        self.size = weights.model.head.in_features
        self.window_samples = weights.info.features.window_samples
        self._backbone = weights.model.backbone
        self._features = build_frontend(weights.info.features).eval()

    def __call__(self, windows: Sound, batch: int = 256) -> Tensor:
        """Embeddings ``[windows, embedding]`` of windows ``[windows, window_samples]``."""
        out = [torch.zeros(0, self.size)]
        with torch.inference_mode():
            for first in range(0, len(windows), batch):
                sound = torch.from_numpy(np.ascontiguousarray(windows[first : first + batch], dtype=np.float32))
                out.append(self._backbone(self._features(sound)))
        return torch.cat(out)


def centered(take: Take, size: int) -> Sound:
    """A take in the middle of a window of ``size`` samples, with its own room around it."""
    return _placed(take, (size + take.end - take.begin) // 2, size)


def _placed(take: Take, end: int, size: int) -> Sound:
    """A take in a window of ``size`` samples, so that its word ends at the sample ``end`` of it.

    What the take does not cover is hiss as loud as its noise floor: digital silence is in no room.
    """
    rng = np.random.default_rng(len(take.sound))
    out = rng.standard_normal(size).astype(np.float32) * np.float32(10 ** (take.floor_db / 20))
    at = end - take.end
    since, until = max(at, 0), min(at + len(take.sound), size)
    if since < until:
        out[since:until] = take.sound[since - at : until - at]
    return out


def variants(rng: Random, take: Take, count: int, size: int, room: Sound, *, noise: bool = True) -> Sound:
    """Windows ``[count, size]`` that hold the whole word, in other places, loudnesses and noises."""
    windows = []
    for _ in range(count):
        earliest = min(take.end - take.begin, size)
        before_end = int(rng.uniform(LATEST_END_S, EARLIEST_END_S) * SAMPLE_RATE)
        windows.append(_vary(rng, _placed(take, max(size - before_end, earliest), size), room, noise=noise))
    return np.stack(windows) if windows else np.zeros((0, size), dtype=np.float32)


def parts(rng: Random, take: Take, count: int, size: int, room: Sound, *, noise: bool = True) -> Sound:
    """Windows ``[count, size]`` in which less than half of the word can be heard: its beginning, or its end."""
    length = take.end - take.begin
    windows = []
    for _ in range(count):
        seen = int(length * rng.uniform(0.15, 0.4))
        end = size + length - seen if rng.random() < 0.6 else seen
        windows.append(_vary(rng, _placed(take, end, size), room, noise=noise))
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
    """A piece of the room, or where there is none (and now and then anyway) noise that falls by 0 to 6 dB an octave."""
    if len(room) > size and rng.random() < 0.6:
        since = int(rng.integers(0, len(room) - size))
        return room[since : since + size]
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** rng.uniform(0.0, 1.0)
    return np.fft.irfft(spectrum, size).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Positives:
    """Embeddings of takes: what ``train_head`` learns words from."""

    embeddings: Tensor
    """``[windows, embedding]``"""
    words: Tensor
    """Index of the word of each window; the number of words itself for a window that holds only a part of one."""
    takes: Tensor
    """Which take each window was made of, counted over all words: so that takes can be held out."""


def embed_takes(embedder: Embedder, takes: Mapping[str, Sequence[Take]], room: Sound, settings: HeadSettings) -> Positives:
    """Make and embed the windows of all takes, each first as it was recorded, then varied, then in part."""
    rng = np.random.default_rng(settings.seed)
    size, windows, words, numbers, number = embedder.window_samples, [], [], [], 0
    for index, word_takes in enumerate(takes.values()):
        for take in word_takes:
            whole = variants(rng, take, settings.variants, size, room, noise=settings.noise)
            part = parts(rng, take, PARTS, size, room, noise=settings.noise)
            windows += [centered(take, size)[None], whole, part]
            words += [index] * (1 + len(whole)) + [len(takes)] * len(part)
            numbers += [number] * (1 + len(whole) + len(part))
            number += 1
    sound = np.concatenate(windows) if windows else np.zeros((0, size), dtype=np.float32)
    return Positives(embedder(sound), torch.tensor(words), torch.tensor(numbers))


def train_head(
    words: Sequence[str],
    positives: Positives,
    negatives: Negatives,
    settings: HeadSettings,
    progress: Callable[[float, float], None] = lambda part, loss: None,
) -> Head:
    """Train a head: L-BFGS on the weighted cross entropy with weight decay, which is convex, so the start does not matter.

    Args:
        words: the taught words.
        positives: windows of their takes; windows that hold part of a word count as running speech.
        negatives: what is to be refused.
        settings: how.
        progress: is given the part done, between 0 and 1, and the loss.
    """
    count = len(words)
    used = torch.unique(negatives.kinds)
    kinds = [negatives.names[int(index)] for index in used]
    for reserved in (UNKNOWN, NOISE):
        if reserved not in kinds:
            kinds.append(reserved)
    column = {int(index): count + position for position, index in enumerate(used)}
    part_column = count + kinds.index(UNKNOWN)
    x = torch.cat([positives.embeddings, negatives.embeddings])
    center, scale = x.mean(0), 3.0 / x.shape[1] ** 0.5
    x = (x - center) * scale
    own = torch.where(positives.words == count, torch.tensor(part_column), positives.words)
    y = torch.cat([own, torch.tensor([column[int(kind)] for kind in negatives.kinds], dtype=torch.long)])
    weight = _weights(positives, negatives, count)
    matrix = torch.zeros(count + len(kinds), x.shape[1], requires_grad=True)
    bias = torch.zeros(count + len(kinds), requires_grad=True)
    optimizer = torch.optim.LBFGS([matrix, bias], max_iter=settings.iterations, history_size=10, line_search_fn="strong_wolfe")
    losses: list[float] = []
    if settings.batch_size:
        losses = minimize(
            matrix,
            bias,
            x,
            y,
            weight,
            weight_decay=settings.weight_decay,
            epochs=settings.iterations,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            seed=settings.seed,
            report=progress,
        )
        trained = matrix.detach() * scale
        return Head((*words, *kinds), trained, bias.detach() - trained @ center, tuple(words), tuple(losses))

    def closure() -> Tensor:
        optimizer.zero_grad()
        entropy = torch.nn.functional.cross_entropy(x @ matrix.T + bias, y, reduction="none")
        loss = (entropy * weight).sum() + settings.weight_decay * matrix.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        progress(min(1.0, len(losses) / (1.3 * settings.iterations)), losses[-1])
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    trained = matrix.detach() * scale
    return Head((*words, *kinds), trained, bias.detach() - trained @ center, tuple(words), tuple(losses))


def _weights(positives: Positives, negatives: Negatives, count: int) -> Tensor:
    """The weight of each window, ``[positives + negatives]``, summing to one: half for the words, half for what is to be refused."""
    own = torch.zeros(len(positives.words))
    for index in range(count + 1):
        rows = positives.words == index
        own[rows] = (1.0 if index < count else 0.25 * count) / max(1, int(rows.sum()))
    other = torch.zeros(len(negatives.kinds))
    talk, noise = (negatives.names.index(n) if n in negatives.names else -1 for n in (UNKNOWN, NOISE))
    for name, rows in (
        (UNKNOWN, negatives.kinds == talk),
        (NOISE, negatives.kinds == noise),
        ("words", (negatives.kinds != talk) & (negatives.kinds != noise)),
    ):
        other[rows] = GROUP_WEIGHTS[name] / max(1, int(rows.sum())) * count / sum(GROUP_WEIGHTS.values())
    joined = torch.cat([own, other])
    return joined / joined.sum()


class Timer:
    """Estimates the seconds left from the part done."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def left(self, part: float) -> float:
        """Seconds left when ``part`` (0 to 1) is done."""
        return (time.monotonic() - self._began) * (1 - part) / part if part > 0.02 else 0.0
