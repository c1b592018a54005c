"""Fine-tuning: the last block of the backbone and the head trained further, kept only where that hears more held-out takes.

What ships to be refused are embeddings of the backbone as it is, and the last block's part of them would not fit a changed one. So
fine-tuning asks for sound that holds none of the words. The head alone and the fine-tuned network are compared on the same held-out
takes, each at the threshold at which it makes as many false moves on held-out parts of that sound as the head alone does at the
threshold that was chosen for it. All that is trained is held near where it begins (L2-SP: Li, Grandvalet and Davoine 2018).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from voicetrail.errors import TeachingError
from voicetrail.spotting.frontend import build_frontend
from voicetrail.spotting.networks.model import TemporalResNet, fold
from voicetrail.spotting.posteriors import LabelPosteriors
from voicetrail.spotting.weights import Weights
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.evaluation import HeldOut, expected_events
from voicetrail.teaching.heads.head import Head, HeadProgress, HeadSettings, Positives, Timer, take_windows, train_head
from voicetrail.teaching.heads.negatives import Negatives
from voicetrail.teaching.heads.teach import Taught, soften

Sound = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]

LEARNING_RATE = 3e-4
"""Of Adam."""
BATCH = 64
STRENGTH = 0.05
"""Weight of the squared distance from where training begins."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The head alone beside the fine-tuned network, on takes and sound that neither trained on."""

    head_heard: float
    """Part of the held-out takes that are right and reach the threshold, with the head alone."""
    tuned_heard: float
    """The same with the fine-tuned network, at as many false moves."""
    takes: int
    """How many takes that is of."""

    @property
    def better(self) -> bool:
        """Whether the fine-tuned network is kept."""
        return self.tuned_heard > self.head_heard

    @property
    def sentence(self) -> str:
        """What came of it."""
        outcome = "the fine-tuned network is kept" if self.better else "the head alone is kept"
        return (
            f"At as many false moves, {self.tuned_heard:.0%} of {self.takes} held-out takes are heard fine-tuned, "
            f"{self.head_heard:.0%} with the head alone: {outcome}."
        )


class Tail(nn.Module):
    """What is trained: the last block and the head, on what the layers before it make of a window."""

    def __init__(self, block: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.block = block
        self.head = head

    def forward(self, below: Tensor, before: Tensor) -> Tensor:
        """Logits ``[windows, classes]``.

        Args:
            below: the means and maxima of the layers before, ``[windows, numbers]``.
            before: the last of these layers, ``[windows, channels, frames]``.
        """
        y = self.block(before)
        logits: Tensor = self.head(torch.cat([below, y.mean(-1), y.amax(-1)], 1))
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """What the layers before the last block make of windows: it is computed once."""

    below: Tensor
    before: Tensor

    def at(self, rows: Tensor) -> _Layers:
        return _Layers(self.below[rows], self.before[rows])

    def __len__(self) -> int:
        return len(self.below)


class _Backbone:
    """A backbone cut before its last block."""

    def __init__(self, weights: Weights) -> None:
        backbone = weights.model.backbone
        if not isinstance(backbone, TemporalResNet):
            raise TeachingError(f"{weights.info.architecture} cannot be fine-tuned; only temporal-resnet and its kind can")
        self._features = build_frontend(weights.info.features).eval()
        backbone = copy.deepcopy(backbone).eval()
        self._last = copy.deepcopy(backbone.blocks[-1])
        """As it ships, its normalizations as they are."""
        self.name = f"backbone.blocks.{len(backbone.blocks) - 1}."
        fold(backbone)
        self._backbone = backbone

    def layers(self, windows: Sound, batch: int = 256) -> _Layers:
        """Run windows ``[windows, samples]`` through all layers but the last block."""
        below, before = list[Tensor](), list[Tensor]()
        with torch.inference_mode():
            for first in range(0, len(windows), batch):
                sound = torch.from_numpy(np.ascontiguousarray(windows[first : first + batch], dtype=np.float32))
                found = self._backbone.layers(self._features(sound))[:-1]
                below.append(torch.cat([part for x in found for part in (x.mean(-1), x.amax(-1))], 1))
                before.append(found[-1])
        # Out of inference mode, in which nothing can be trained on.
        return _Layers(torch.cat(below).clone(), torch.cat(before).clone())

    def pooled(self, layers: _Layers) -> Tensor:
        """The backbone's own numbers, with the last block as it ships."""
        with torch.no_grad():
            y = self._last(layers.before)
        return torch.cat([layers.below, y.mean(-1), y.amax(-1)], 1)

    def tail(self, head: Head, negatives: Negatives) -> Tail:
        """The last block as it ships, under a head made in the space of the negatives."""
        weight, bias = negatives.space.head(head.weight, head.bias)
        linear = nn.Linear(weight.shape[1], len(weight))
        with torch.no_grad():
            linear.weight.copy_(weight)
            linear.bias.copy_(bias)
        return Tail(copy.deepcopy(self._last), linear).eval()


def fine_tune(
    examples: ExampleSet,
    weights: Weights,
    negatives: Negatives,
    taught: Taught,
    refused: tuple[Sound, float],
    settings: HeadSettings,
    epochs: int,
    *,
    learning_rate: float = LEARNING_RATE,
    always: bool = False,
    progress: Callable[[HeadProgress], None] = lambda progress: None,
) -> tuple[Taught, Comparison]:
    """Fine-tune what ``teach`` gave.

    Args:
        examples: the takes.
        weights: whose backbone was taken, as loaded.
        negatives: what ships with it.
        taught: what ``teach`` made of them.
        refused: windows of sound that holds none of the words, and its seconds (``collecting.refused``).
        settings: those of ``teach``.
        epochs: times that every window is seen.
        learning_rate: of Adam.
        always: give out what was fine-tuned also where it is no better, to measure it.
        progress: is given where it stands, an epoch at a time.

    Returns:
        What was fine-tuned where that is better, else ``taught`` itself; and both figures.

    Raises:
        TeachingError: the backbone has no last block that can be trained on its own.
    """
    timer, done, runs = Timer(), 0, settings.folds + 1
    words = examples.words
    takes = {word: examples.distinct(word) for word in words}
    backbone = _Backbone(weights)
    windows, own_words, numbers = take_windows(takes, weights.info.features.window_samples, examples.room, settings)
    mine, others = backbone.layers(windows), backbone.layers(refused[0])
    positives = Positives(negatives.space(backbone.pooled(mine)), own_words, numbers)
    used = negatives.without(tuple(taught.left_out))
    fold_of_take = torch.tensor([index % settings.folds for each in takes.values() for index in range(len(each))])
    fold_of_window = fold_of_take[numbers]
    block = (torch.arange(len(others)) * 12 // max(1, len(others))) % settings.folds
    clean = torch.tensor([int((numbers == take).nonzero()[0, 0]) for take in range(len(fold_of_take))])
    accuracy: float | None = None

    def tuned(tail: Tail, head: Head, takes_in: Tensor, sound_in: Tensor) -> Tail:
        def report(loss: float) -> None:
            nonlocal done
            done += 1
            part = done / (epochs * runs)
            progress(HeadProgress(part, loss, accuracy, timer.left(part), "fine-tuning"))

        _train(
            tail,
            head,
            (mine.at(takes_in), own_words[takes_in]),
            others.at(sound_in),
            epochs=epochs,
            learning_rate=learning_rate,
            seed=settings.seed,
            report=report,
        )
        return tail

    before, after = (_Scores.empty(len(clean), len(words), len(others)) for _ in range(2))
    for fold_number in range(settings.folds):
        training = fold_of_window != fold_number
        part = Positives(positives.embeddings[training], positives.words[training], positives.takes[training])
        head = train_head(words, part, used, settings)
        tail = backbone.tail(head, negatives)
        held, sound = fold_of_take == fold_number, block == fold_number
        before.put(tail, head, (held, mine.at(clean[held])), (sound, others.at(sound)))
        tuned(tail, head, training.nonzero()[:, 0], (~sound).nonzero()[:, 0])
        after.put(tail, head, (held, mine.at(clean[held])), (sound, others.at(sound)))
        seen = fold_of_take <= fold_number
        truth = own_words[clean]
        accuracy = float((after.takes[seen].argmax(1) == truth[seen]).float().mean())
    head = train_head(words, positives, used, settings)
    threshold = taught.raw_threshold
    events = expected_events(before.highest, threshold)
    at = _threshold(after.highest, events)
    truth_of = own_words[clean].numpy()
    compared = Comparison(before.heard(truth_of, threshold), after.heard(truth_of, at), len(clean))
    if not (compared.better or always):
        progress(HeadProgress(1.0, 0.0, accuracy, 0.0, "fine-tuning"))
        return taught, compared
    final = tuned(backbone.tail(head, negatives), head, torch.arange(len(mine)), torch.arange(len(others)))
    return _as_taught(taught, backbone, final, head, after, truth_of, at, refused[1]), compared


def _train(
    tail: Tail,
    head: Head,
    takes: tuple[_Layers, Tensor],
    refused: _Layers,
    *,
    epochs: int,
    learning_rate: float,
    seed: int,
    report: Callable[[float], None],
) -> None:
    """Train a tail in place: half of the loss is that of the takes, half that of what is refused."""
    begin = [parameter.detach().clone() for parameter in tail.parameters()]
    optimizer = torch.optim.Adam(tail.parameters(), lr=learning_rate)
    generator = torch.Generator().manual_seed(seed)
    layers, words = takes
    for _ in range(epochs):
        total, steps = 0.0, max(1, -(-(len(layers) + len(refused)) // BATCH))
        own = torch.tensor_split(torch.randperm(len(layers), generator=generator), steps)
        other = torch.tensor_split(torch.randperm(len(refused), generator=generator), steps)
        for mine, theirs in zip(own, other, strict=True):
            optimizer.zero_grad()
            loss = torch.zeros(())
            if len(mine):
                scores = _scores(tail, head, layers.at(mine))
                loss = loss - 0.5 * scores.gather(1, words[mine][:, None]).clamp(min=1e-6).log().mean()
            if len(theirs):
                taken = _scores(tail, head, refused.at(theirs)).sum(1)
                loss = loss - 0.5 * (1 - taken).clamp(min=1e-6).log().mean()
            far = sum(((now - was).square().sum() for now, was in zip(tail.parameters(), begin, strict=True)), torch.zeros(()))
            loss = loss + STRENGTH * far
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach()) / steps
        report(total)


def _scores(tail: Tail, head: Head, layers: _Layers) -> Tensor:
    """Scores of the words, ``[windows, words]``."""
    return LabelPosteriors(head.grouping(), head.temperature)(tail(layers.below, layers.before))[:, : len(head.words)]


@dataclass(slots=True, eq=False)
class _Scores:
    """Scores of held-out takes ``[takes, words]``, and the highest of each held-out window of the sound that is refused."""

    takes: Tensor
    sound: Tensor

    @classmethod
    def empty(cls, takes: int, words: int, windows: int) -> _Scores:
        return cls(torch.zeros(takes, words), torch.zeros(windows))

    def put(self, tail: Tail, head: Head, takes: tuple[Tensor, _Layers], sound: tuple[Tensor, _Layers]) -> None:
        with torch.no_grad():
            self.takes[takes[0]] = _scores(tail, head, takes[1])
            for rows in torch.split(torch.arange(len(sound[1])), 512):
                self.sound[sound[0].nonzero()[:, 0][rows]] = _scores(tail, head, sound[1].at(rows)).amax(1)

    @property
    def highest(self) -> Scores:
        """Of the sound, in the order of the recordings."""
        return self.sound.double().numpy()

    def heard(self, truth: npt.NDArray[np.int64], threshold: float) -> float:
        scores = self.takes.numpy()
        return float(np.mean((scores.argmax(1) == truth) & (scores.max(1) >= threshold)))


def _threshold(scores: Scores, allowed: float) -> float:
    """The lowest threshold that no more events reach."""
    grid = np.concatenate((np.geomspace(0.002, 0.02, 20)[:-1], np.arange(0.02, 0.98, 0.01), 1 - np.geomspace(0.02, 1e-6, 60)))
    return next((float(t) for t in grid if expected_events(scores, float(t)) <= allowed), float(grid[-1]))


def _as_taught(
    taught: Taught,
    backbone: _Backbone,
    tail: Tail,
    head: Head,
    scores: _Scores,
    truth: npt.NDArray[np.int64],
    raw: float,
    seconds: float,
) -> Taught:
    """What was fine-tuned, in the place of the head alone."""
    linear = replace(head, weight=tail.head.weight.detach(), bias=tail.head.bias.detach())
    every = max(1, round(len(scores.sound) / seconds))
    held_out = HeldOut(
        tuple(head.words),
        scores.takes.double().numpy(),
        truth,
        scores.highest,
        seconds,
        np.zeros(0),
        scores.highest[::every],
        np.zeros(0),
    )
    softened, held_out, threshold = soften(linear, held_out, raw)
    block: Mapping[str, Tensor] = {backbone.name + name: value.detach() for name, value in tail.block.state_dict().items()}
    about = {
        **taught.info.about,
        "fine_tuned": True,
        "held_out_accuracy": round(held_out.accuracy, 4),
        "false_moves_an_hour": round(held_out.false_moves_an_hour(threshold), 2),
    }
    detector = replace(taught.info.detector, threshold=round(threshold, 3))
    return replace(
        taught,
        tensors={**taught.tensors, **block, "head.weight": softened.weight, "head.bias": softened.bias},
        info=replace(taught.info, detector=detector, temperature=softened.temperature, about=about),
        held_out=held_out,
        threshold=threshold,
        raw_threshold=raw,
        fine_tuned=True,
    )
