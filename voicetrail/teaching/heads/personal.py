"""Personal mode: adapts the shipped words to one voice; the result is used only if it measures better than the shipped words.

The shipped head does not change. Each of its words gets a second class with its own row, over every layer of the backbone. The more
likely of the two classes counts, so that other voices are recognized as before. The new rows start like those of a taught word
(``head.train_head``). A penalty on the squared distance keeps them near that start while they learn to distinguish the takes from
the shipped recordings of all known words (including these words by other voices), of running speech and of noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.networks.model import pooled
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.evaluation import HeldOut, advice, expected_events
from voicetrail.teaching.heads.head import Embedder, HeadProgress, HeadSettings, Timer, take_windows
from voicetrail.teaching.heads.negatives import Negatives, Space
from voicetrail.teaching.heads.teach import FOLDS, Taught, check_examples
from voicetrail.teaching.takes import Take
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

Scores = npt.NDArray[np.float64]

STRENGTH = 0.1
"""Weight of the squared distance from the start of the new rows."""
SHARPNESS = 0.05
"""As ``head.SHARPNESS``, for the start of the new rows."""
STEPS = 30
"""Steps of L-BFGS."""
NEVER = -100.0
"""Logit of the second class of a word without takes."""
TALK_GUARD = 0.3
"""Part of the false moves of single windows that remains after smoothing and the talk shift, for the shipped words. It was measured as
2.5 of 9.8 per hour (weights/EXPERIMENTS.md); this is a little more."""
LOWEST = 16.0
"""Most that the biases of the new rows are lowered to limit false moves; at this value, the rows have almost no effect."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Compares the adapted words with the shipped ones, on held-out takes and speech.

    Both are judged by the same single windows, so the shipped words without their score filter, with which the game hears a few more.
    Letting the detector decide in streams, with the filter, kept fewer heads that helped (docs/teaching.md).
    """

    shipped_heard: float
    """Part of the held-out takes that are right and reach their threshold, with the shipped words."""
    personal_heard: float
    shipped_false: float
    """False moves per hour in the shipped running speech and noise, with the shipped words."""
    personal_false: float
    surer: float
    """Mean increase of the right word's score, in log-odds."""
    resolution: float = 0.0
    """False moves per hour that correspond to one event in the shipped running speech; smaller differences cannot be measured."""

    @property
    def better(self) -> bool:
        """Whether more takes are recognized (or as many, with higher scores), without a measurable increase of false moves."""
        gains = self.personal_heard > self.shipped_heard or (self.personal_heard == self.shipped_heard and self.surer > 0)
        return gains and self.personal_false <= max(self.shipped_false, self.resolution)

    @property
    def sentence(self) -> str:
        """The comparison as a sentence for the player."""
        heard = f"Of your held-out takes, {self.personal_heard:.0%} are recognized (shipped words: {self.shipped_heard:.0%}). "
        moved = f"False moves per hour of other speech: {self.personal_false:.1f} (shipped words: {self.shipped_false:.1f})."
        return heard + moved


def retune(
    examples: ExampleSet,
    weights: Weights,
    negatives: Negatives,
    settings: HeadSettings | None = None,
    progress: Callable[[HeadProgress], None] = lambda progress: None,
) -> tuple[Taught, Check]:
    """Adapt the words of shipped weights to a voice.

    Args:
        examples: takes of each word of the weights.
        weights: the shipped weights; their network is prepared for inference, in place.
        negatives: embeddings of known words, running speech and noise, from the same backbone.
        settings: of the training.
        progress: called with the progress.

    Raises:
        TeachingError: a word has too few takes.
    """
    check_examples(examples)
    settings = settings or HeadSettings()
    timer = Timer()
    state = weights.model.state_dict()
    tensors = {name: value.detach().clone() for name, value in state.items()}
    info = weights.info.without_filter()
    words = tuple(label for label in info.labels if is_word(label))
    shipped = Shipped(info.classes, tensors["head.weight"].float(), tensors["head.bias"].float(), words, info.temperature)
    takes = {word: examples.distinct(word) for word in words if word in examples.words}
    embedder = Embedder(weights)
    windows, own_words, numbers = take_windows(takes, embedder.window_samples, examples.room, settings)
    index = torch.tensor([words.index(word) for word in takes])
    heard = shipped.voices(embedder.pooled(windows), negatives.space, index[own_words], numbers)
    rows = _Rows(heard, negatives, takes)
    heads, right = list[Shipped](), list[bool]()
    for fold in range(FOLDS):
        heads.append(adapt(shipped, rows.positives_without(fold), rows.negatives_without(fold)))
        mine = rows.clean[rows.folds == fold]
        found = margins(heads[fold], heard.embeddings[mine], heard.logits[mine], info.detector).argmax(1)
        right += (found == rows.truth[rows.folds == fold]).tolist()
        done = 0.1 + 0.25 * (fold + 1)
        progress(HeadProgress(done, heads[fold].losses[-1], sum(right) / max(1, len(right)), timer.left(done)))
    before = margins(shipped, heard.embeddings[rows.clean], heard.logits[rows.clean], info.detector)
    shipped_talk, shipped_noise = rows.others([shipped] * FOLDS, info.detector)
    shipped_false = _false(shipped_talk, shipped_noise, negatives.talk_seconds)
    resolution = TALK_GUARD / max(1.0, negatives.talk_seconds) * 3600
    for lower in (*np.arange(0.0, LOWEST).tolist(), LOWEST):
        lowered = [head.lowered(lower) for head in heads]
        talk, noise = rows.others(lowered, info.detector)
        if _false(talk, noise, negatives.talk_seconds) <= max(shipped_false, resolution):
            break
    scores = rows.takes(lowered, info.detector)
    own = np.arange(rows.count), rows.truth
    check = Check(
        _heard(before, rows.truth),
        _heard(scores, rows.truth),
        shipped_false,
        _false(talk, noise, negatives.talk_seconds),
        float(np.mean(scores[own] - before[own])),
        resolution,
    )
    final = adapt(shipped, heard, negatives).lowered(lower)
    at = float(np.log(info.detector.threshold / (1 - info.detector.threshold)))
    held_out = HeldOut(
        words,
        _sigmoid(scores + at),
        rows.truth,
        _sigmoid(talk + at),
        negatives.talk_seconds,
        _sigmoid(noise + at),
        np.zeros(0),
        np.zeros(0),
    )
    progress(HeadProgress(1.0, final.losses[-1], held_out.accuracy, 0.0))
    about = {
        "taught": True,
        "takes": {word: len(word_takes) for word, word_takes in takes.items()},
        "held_out_accuracy": round(held_out.accuracy, 4),
        "false_moves_an_hour": round(check.personal_false, 2),
    }
    taught = Taught(
        {**tensors, **final.tensors(negatives.space)},
        replace(info, about=about, classes=final.all_classes, architecture=pooled(info.architecture)),
        held_out,
        info.detector.threshold,
        advice(held_out, info.detector.threshold, {word: len(t) for word, t in takes.items()}),
        final.losses,
    )
    return taught, check


@dataclass(frozen=True, slots=True, eq=False)
class VoiceWindows:
    """Windows of takes: their embeddings, and their logits from the shipped head."""

    embeddings: Tensor
    """``[windows, dimensions]``"""
    logits: Tensor
    """Logits of the shipped head, ``[windows, classes]``."""
    words: Tensor
    """Index into the head's words."""
    takes: Tensor
    """Index of the take of each window."""

    def at(self, rows: Tensor) -> VoiceWindows:
        """Some of the windows."""
        return VoiceWindows(self.embeddings[rows], self.logits[rows], self.words[rows], self.takes[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Shipped:
    """The shipped head and, after ``adapt``, a second class for each of its words."""

    classes: tuple[str, ...]
    weight: Tensor
    """Rows of the shipped classes, ``[classes, embedding]``."""
    bias: Tensor
    words: tuple[str, ...]
    temperature: float = 1.0
    own_weight: Tensor | None = None
    """Rows of the second classes, ``[words, dimensions]``."""
    own_bias: Tensor | None = None
    losses: tuple[float, ...] = ()

    @property
    def all_classes(self) -> tuple[str, ...]:
        """The shipped classes, then the words with a second class."""
        return (*self.classes, *self.words) if self.own_weight is not None else self.classes

    def voices(self, pooled: Tensor, space: Space, words: Tensor, takes: Tensor) -> VoiceWindows:
        """Make a ``Voice`` from the means and maxima of the layers, ``[windows, pooled]``; the shipped head uses those of the
        last block.
        """
        logits = pooled[:, -self.weight.shape[1] :] @ self.weight.T + self.bias
        return VoiceWindows(space(pooled), logits, words, takes)

    def posteriors(self, embeddings: Tensor, logits: Tensor) -> Tensor:
        """Scores of the words, ``[windows, words]``."""
        if self.own_weight is not None and self.own_bias is not None:
            logits = torch.cat([logits, embeddings @ self.own_weight.T + self.own_bias], 1)
        labels = (*self.words, UNKNOWN, NOISE)
        grouping = torch.zeros(logits.shape[1], len(labels))
        for row, name in enumerate(self.all_classes):
            grouping[row, labels.index(name if name in labels else UNKNOWN)] = 1.0
        return LabelPosteriors(grouping, self.temperature)(logits)[:, : len(self.words)]

    def lowered(self, by: float) -> Shipped:
        """The same head with less likely second classes."""
        return self if self.own_bias is None else replace(self, own_bias=self.own_bias - by)

    def tensors(self, space: Space) -> dict[str, Tensor]:
        """The complete head over every layer; the shipped rows use only the last block."""
        if self.own_weight is None or self.own_bias is None:
            return {"head.weight": self.weight, "head.bias": self.bias}
        own = self.own_weight @ space.matrix.T
        weight = torch.zeros(len(self.all_classes), own.shape[1])
        weight[: len(self.classes), -self.weight.shape[1] :] = self.weight
        weight[len(self.classes) :] = own
        return {"head.weight": weight, "head.bias": torch.cat([self.bias, self.own_bias - own @ space.center])}


def adapt(shipped: Shipped, voice: VoiceWindows, negatives: Negatives, strength: float = STRENGTH) -> Shipped:
    """Add a second class of each word that was said, by L-BFGS from the mean of its takes on.

    Args:
        shipped: the shipped head.
        voice: windows of takes.
        negatives: embeddings of known words (including these), running speech and noise.
        strength: weight of the penalty on the distance from the start of the rows.
    """
    count = len(shipped.words)
    columns = torch.tensor([shipped.classes.index(word) for word in shipped.words])
    others = torch.tensor([row for row in range(len(shipped.classes)) if row not in columns.tolist()])
    kinds = torch.tensor([shipped.words.index(name) if name in shipped.words else count for name in negatives.names])
    z = torch.cat([voice.embeddings, negatives.embeddings])
    logits = torch.cat([voice.logits, negatives.logits])
    base, rest = logits[:, columns], torch.logsumexp(logits[:, others], 1, keepdim=True)
    y = torch.cat([voice.words, kinds[negatives.kinds]])
    # Half of the weight for the takes, half for everything else.
    weight = torch.cat([torch.full((len(each),), 0.5 / max(1, len(each))) for each in (voice.words, negatives.kinds)])
    begin = torch.zeros(count, z.shape[1])
    offset = torch.full((count,), NEVER)
    for word in torch.unique(voice.words).tolist():
        rows = voice.words == word
        center = voice.embeddings[rows].mean(0)
        begin[word] = SHARPNESS * center
        # For the takes themselves, the new class starts as likely as the most likely shipped class.
        offset[word] = float((voice.logits[rows].amax(1) - voice.embeddings[rows] @ begin[word]).mean())
    matrix, bias = begin.clone().requires_grad_(), offset.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([matrix, bias], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")
    losses: list[float] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        joined = torch.cat([torch.logaddexp(base, z @ matrix.T + bias), rest], 1)
        entropy = torch.nn.functional.cross_entropy(joined, y, reduction="none")
        loss: Tensor = (entropy * weight).sum() + strength * (matrix - begin).square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return replace(shipped, own_weight=matrix.detach(), own_bias=bias.detach(), losses=tuple(losses))


class _Rows:
    """The windows that each fold holds out."""

    def __init__(self, voice: VoiceWindows, negatives: Negatives, takes: Mapping[str, Sequence[Take]]) -> None:
        self._voice, self._negatives = voice, negatives
        numbers = [index for word_takes in takes.values() for index in range(len(word_takes))]
        self.count = len(numbers)
        self.folds = np.array([number % FOLDS for number in numbers])
        self.clean = torch.tensor([int((voice.takes == take).nonzero()[0, 0]) for take in range(self.count)])
        """The window of each take as recorded."""
        self.truth = voice.words[self.clean].numpy()
        self._blocks = (torch.arange(len(negatives)) * 12 // max(1, len(negatives))) % FOLDS

    def others(self, heads: Sequence[Shipped], detector: DetectorSettings) -> tuple[Scores, Scores]:
        """The highest margin of each window of running speech and of noise, with the head of the fold that holds it out."""
        out = []
        for name in (UNKNOWN, NOISE):
            every = self._negatives.of_kind(name)
            blocks = self._blocks[self._negatives.kinds == self._negatives.names.index(name)]
            found = np.zeros(len(every))
            for fold, head in enumerate(heads):
                held_out = every.at(blocks == fold)
                most = margins(head, held_out.embeddings, held_out.logits, detector).max(1, initial=-20.0)
                found[(blocks == fold).numpy()] = most
            out.append(found)
        return out[0], out[1]

    def takes(self, heads: Sequence[Shipped], detector: DetectorSettings) -> Scores:
        """The margins of each take as it was recorded, by the head of the fold in which it was held out, ``[takes, words]``."""
        found = np.zeros((self.count, len(heads[0].words)))
        for fold, head in enumerate(heads):
            held_out = self._voice.at(self.clean[self.folds == fold])
            found[self.folds == fold] = margins(head, held_out.embeddings, held_out.logits, detector)
        return found

    def positives_without(self, fold: int) -> VoiceWindows:
        return self._voice.at(torch.from_numpy(self.folds)[self._voice.takes] != fold)

    def negatives_without(self, fold: int) -> Negatives:
        return self._negatives.at(self._blocks != fold)


def margins(head: Shipped, embeddings: Tensor, logits: Tensor, detector: DetectorSettings) -> Scores:
    """How far each word's score is above its threshold, in log-odds, ``[windows, words]``."""
    p = np.clip(head.posteriors(embeddings, logits).double().numpy(), 1e-7, 1 - 1e-7)
    at = np.array([detector.threshold_of(word) for word in head.words])
    found: Scores = np.log(p / (1 - p)) - np.log(at / (1 - at))
    return found


def _heard(margins: Scores, truth: npt.NDArray[np.int64]) -> float:
    return float(np.mean((margins.argmax(1) == truth) & (margins.max(1) >= 0)))


def _false(talk: Scores, noise: Scores, talk_seconds: float) -> float:
    """False moves per hour; those in running speech are reduced by smoothing and the talk shift (``TALK_GUARD``)."""
    rate = TALK_GUARD * expected_events(_sigmoid(talk), 0.5) / max(1.0, talk_seconds) * 3600
    return rate + (expected_events(_sigmoid(noise), 0.5) / len(noise) * 360 if len(noise) else 0.0)


def _sigmoid(x: Scores) -> Scores:
    found: Scores = 1 / (1 + np.exp(-x))
    return found
