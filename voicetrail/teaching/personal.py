"""Personal mode: the shipped words retuned to one voice, kept only where that measures no worse than what ships.

The shipped head is the start, and weight decay pulls towards it rather than towards zero (a Gaussian prior at the shipped weights,
as in MAP adaptation: Gauvain and Lee 1994), so that a few takes move what they speak for and nothing else. The shipped recordings
of every known word, the four among them, are trained on beside the takes: other voices are still heard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.weights import Weights
from voicetrail.teaching.evaluation import TALK_GUARD, HeldOut, advice, expected_events
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.head import Embedder, Head, HeadSettings, Positives, Progress, Timer, embed_takes
from voicetrail.teaching.negatives import Negatives
from voicetrail.teaching.takes import Take
from voicetrail.teaching.teach import FOLDS, Taught, check_examples
from voicetrail.vocabulary import NOISE, UNKNOWN, is_word

Scores = npt.NDArray[np.float64]

STRENGTH = 3e-3
"""Weight of the squared distance from the shipped head, whose embeddings are scaled as ``head.train_head`` scales them."""
HIGHEST_SHIFT = 3.0
"""Furthest that thresholds are moved up, in log-odds, for false moves to be no more than with what ships."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """What ships beside what was retuned, on takes and talk that the retuned head did not train on."""

    shipped_heard: float
    """Part of the held-out takes that are right and reach their threshold with what ships."""
    personal_heard: float
    shipped_false: float
    """False moves an hour of the shipped running speech and noise."""
    personal_false: float
    surer: float
    """How much higher the right word's score is, on average, in log-odds."""

    @property
    def better(self) -> bool:
        """It hears more (or as much, and surer) and moves falsely no more."""
        gains = self.personal_heard > self.shipped_heard or (self.personal_heard == self.shipped_heard and self.surer > 0)
        return gains and self.personal_false <= self.shipped_false

    @property
    def sentence(self) -> str:
        """For the player."""
        heard = f"Of your held-out takes {self.personal_heard:.0%} are heard, {self.shipped_heard:.0%} with what ships; "
        moved = f"false moves an hour of other talk: {self.personal_false:.1f}, {self.shipped_false:.1f} with what ships."
        return heard + moved


def retune(
    examples: ExampleSet,
    weights: Weights,
    negatives: Negatives,
    settings: HeadSettings | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Taught, Check]:
    """Retune the words of shipped weights to a voice.

    Args:
        examples: takes of each word of the weights.
        weights: what ships; its network is changed for use.
        negatives: recordings of all known words, talk and noise, by the same backbone.
        settings: how.
        progress: is given where it stands.

    Raises:
        TeachingError: a word has too few takes.
    """
    check_examples(examples)
    settings = settings or HeadSettings()
    timer = Timer()
    state = weights.model.state_dict()
    tensors = {name: value.detach().clone() for name, value in state.items()}
    info = weights.info
    words = tuple(label for label in info.labels if is_word(label))
    shipped = Head(info.classes, tensors["head.weight"].float(), tensors["head.bias"].float(), words, (), info.temperature)
    takes = {word: examples.distinct(word) for word in words if word in examples.words}
    embedder = Embedder(weights)
    positives = _in_order(embed_takes(embedder, takes, examples.room, settings), tuple(takes), words)
    rows = _Rows(positives, negatives, takes)
    scores = np.zeros((rows.count, len(words)))
    talk, noise = np.zeros(len(negatives.talk)), np.zeros(len(negatives.noise))
    for fold in range(FOLDS):
        head = adapt(shipped, rows.positives_without(fold), rows.negatives_without(fold), settings)
        scores[rows.folds == fold] = _margins(head, rows.clean[rows.folds == fold], info.detector)
        for out, found, blocks in ((talk, negatives.talk, rows.talk_blocks), (noise, negatives.noise, rows.noise_blocks)):
            out[blocks == fold] = _margins(head, found[blocks == fold], info.detector).max(1, initial=-20.0)
        done = 0.1 + 0.25 * (fold + 1)
        progress(Progress(done, 0.0, None, timer.left(done)))
    before = _margins(shipped, rows.clean, info.detector)
    shipped_talk = _margins(shipped, negatives.talk, info.detector).max(1, initial=-20.0)
    shipped_noise = _margins(shipped, negatives.noise, info.detector).max(1, initial=-20.0)
    allowed = _false(shipped_talk, shipped_noise, negatives.talk_seconds, 0.0)
    shift = next(
        (float(s) for s in np.arange(0.0, HIGHEST_SHIFT, 0.1) if _false(talk, noise, negatives.talk_seconds, s) <= allowed),
        HIGHEST_SHIFT,
    )
    own = np.arange(rows.count), rows.truth
    check = Check(
        _heard(before, rows.truth, 0.0),
        _heard(scores, rows.truth, shift),
        allowed,
        _false(talk, noise, negatives.talk_seconds, shift),
        float(np.mean(scores[own] - shift - before[own])),
    )
    final = adapt(shipped, positives, negatives, settings)
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
    threshold = float(_sigmoid(np.asarray([at + shift]))[0])
    progress(Progress(1.0, final.losses[-1], held_out.accuracy, 0.0))
    about = {
        "taught": True,
        "takes": {word: len(word_takes) for word, word_takes in takes.items()},
        "held_out_accuracy": round(held_out.accuracy, 4),
        "false_moves_an_hour": round(check.personal_false, 2),
    }
    detector = replace(
        info.detector,
        threshold=round(threshold, 3),
        thresholds={word: round(_shifted(info.detector.threshold_of(word), shift), 3) for word in words},
    )
    taught = Taught(
        {**tensors, "head.weight": final.weight, "head.bias": final.bias},
        replace(info, detector=detector, about=about),
        held_out,
        threshold,
        advice(held_out, threshold, {word: len(t) for word, t in takes.items()}),
        final.losses,
    )
    return taught, check


def adapt(
    shipped: Head, positives: Positives, negatives: Negatives, settings: HeadSettings, strength: float = STRENGTH
) -> Head:
    """Move a head towards takes, held near where it was by a penalty on the squared distance; convex, by L-BFGS.

    Args:
        shipped: where it begins.
        positives: windows of takes, by index into the head's words; windows of parts count as running speech.
        negatives: recordings of known words (of its own ones too), talk and noise.
        settings: ``iterations`` of them.
        strength: of the penalty.
    """
    classes = list(shipped.classes)
    unknown = classes.index(UNKNOWN)
    columns = [classes.index(word) for word in shipped.words]
    kinds = torch.tensor([classes.index(name) if name in classes else unknown for name in negatives.names])
    own = torch.tensor([*columns, unknown])[positives.words]
    other = kinds[negatives.kinds]
    x = torch.cat([positives.embeddings, negatives.embeddings])
    y = torch.cat([own, other])
    # Half of the weight for the takes, half for everything else.
    weight = torch.cat([torch.full((len(each),), 0.5 / max(1, len(each))) for each in (own, other)])
    scale = 3.0 / x.shape[1] ** 0.5
    x = x * scale
    begin = shipped.weight / scale
    matrix, bias = begin.clone().requires_grad_(), shipped.bias.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [matrix, bias], max_iter=settings.iterations // 2, history_size=10, line_search_fn="strong_wolfe"
    )
    losses: list[float] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        entropy = torch.nn.functional.cross_entropy(x @ matrix.T + bias, y, reduction="none")
        far = (matrix - begin).square().sum() + (bias - shipped.bias).square().sum()
        loss: Tensor = (entropy * weight).sum() + strength * far
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return replace(shipped, weight=matrix.detach() * scale, bias=bias.detach(), losses=tuple(losses))


class _Rows:
    """Which windows are held out in which fold."""

    def __init__(self, positives: Positives, negatives: Negatives, takes: Mapping[str, Sequence[Take]]) -> None:
        self._positives, self._negatives = positives, negatives
        numbers = [index for word_takes in takes.values() for index in range(len(word_takes))]
        self.count = len(numbers)
        self.folds = np.array([number % FOLDS for number in numbers])
        first = [int((positives.takes == take).nonzero()[0, 0]) for take in range(self.count)]
        self.clean = positives.embeddings[first]
        self.truth = positives.words[first].numpy()
        self._blocks = (torch.arange(len(negatives.kinds)) * 12 // max(1, len(negatives.kinds))) % FOLDS
        self.talk_blocks = self._of(UNKNOWN)
        self.noise_blocks = self._of(NOISE)

    def _of(self, name: str) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = self._blocks[self._negatives.kinds == self._negatives.names.index(name)].numpy()
        return found

    def positives_without(self, fold: int) -> Positives:
        keep = torch.from_numpy(self.folds)[self._positives.takes] != fold
        each = self._positives
        return Positives(each.embeddings[keep], each.words[keep], each.takes[keep])

    def negatives_without(self, fold: int) -> Negatives:
        keep, each = self._blocks != fold, self._negatives
        return Negatives(each.embeddings[keep], each.kinds[keep], each.names, each.talk_seconds)


def _in_order(positives: Positives, given: Sequence[str], words: Sequence[str]) -> Positives:
    """The windows with indices into the head's words rather than into the order in which they were taught."""
    index = torch.tensor([*(words.index(word) for word in given), len(words)])
    return replace(positives, words=index[positives.words])


def _margins(head: Head, embeddings: Tensor, detector: DetectorSettings) -> Scores:
    """How far each word's score lies above its threshold, in log-odds, ``[windows, words]``."""
    p = np.clip(head.posteriors(embeddings).double().numpy(), 1e-7, 1 - 1e-7)
    at = np.array([detector.threshold_of(word) for word in head.words])
    found: Scores = np.log(p / (1 - p)) - np.log(at / (1 - at))
    return found


def _heard(margins: Scores, truth: npt.NDArray[np.int64], shift: float) -> float:
    return float(np.mean((margins.argmax(1) == truth) & (margins.max(1) >= shift)))


def _false(talk: Scores, noise: Scores, talk_seconds: float, shift: float) -> float:
    """False moves an hour, with what smoothing and the talk shift leave of those in talk (``evaluation.TALK_GUARD``)."""
    at = float(_sigmoid(np.asarray([shift]))[0])
    rate = TALK_GUARD * expected_events(_sigmoid(talk), at) / max(1.0, talk_seconds) * 3600
    return rate + (expected_events(_sigmoid(noise), at) / len(noise) * 360 if len(noise) else 0.0)


def _sigmoid(x: Scores) -> Scores:
    found: Scores = 1 / (1 + np.exp(-x))
    return found


def _shifted(threshold: float, shift: float) -> float:
    return min(0.99, float(_sigmoid(np.asarray([np.log(threshold / (1 - threshold)) + shift]))[0]))
