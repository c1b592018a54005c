"""Makes weights from takes: embeds them, trains a head, evaluates it with cross-validation, and chooses the threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voicetrail.errors import TeachingError
from voicetrail.spotting.networks.model import pooled
from voicetrail.spotting.weights import Weights, WeightsInfo
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.evaluation import LOWEST, HeldOut, advice, threshold_for
from voicetrail.teaching.heads.head import (
    Embedder,
    Head,
    HeadProgress,
    HeadSettings,
    Positives,
    Timer,
    embed_takes,
    train_head,
)
from voicetrail.teaching.heads.negatives import Negatives
from voicetrail.vocabulary import NOISE, UNKNOWN

LEAST_TAKES = 3
"""Fewest different takes of each word."""
FOLDS = 3
SHOWN_THRESHOLD = 0.8
"""Scores are spread out so that the chosen threshold lies here: there a key's step up or down means the most."""
LOWEST_OF_ONE = 0.002
"""Lowest threshold on the score of a single word, before it is moved to where the others lie."""
SAME = 0.5
"""If at least this part of a word's held-out takes is classified as a known word, the two count as the same word."""
ROOM_STEP = 3200
"""Samples between the starts of two windows of the room."""


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """The result of teaching: weights, and their evaluation."""

    tensors: Mapping[str, Tensor]
    info: WeightsInfo
    held_out: HeldOut
    threshold: float
    advice: tuple[str, ...]
    losses: tuple[float, ...]
    left_out: tuple[str, ...] = ()
    """Known words that are not refused: they are taught, or sound like a word that is."""
    raw_threshold: float = 0.5
    """The threshold on the scores of the head before they were spread out (``soften``)."""
    fine_tuned: bool = False
    """The last block of the backbone was changed too."""

    @property
    def false_an_hour(self) -> float:
        """Expected false moves per hour of running speech at the chosen threshold, according to the shipped negatives."""
        return self.held_out.false_moves_an_hour(self.threshold)


def check_examples(examples: ExampleSet) -> None:
    """Check that a head can be trained.

    Raises:
        TeachingError: there are no words, or a word has too few different takes; the message names it.
    """
    if not examples.words:
        raise TeachingError("there are no words yet; add a word and record it first")
    for word in examples.words:
        count, different = len(examples.takes[word]), len(examples.distinct(word))
        if different < LEAST_TAKES:
            same = f", but only {different} that differ" if different < count else ""
            raise TeachingError(f"{word} has {count} takes{same}; record at least {LEAST_TAKES} different ones")


def teach(
    examples: ExampleSet,
    weights: Weights,
    negatives: Negatives,
    meanings: Mapping[str, str],
    settings: HeadSettings | None = None,
    progress: Callable[[HeadProgress], None] = lambda progress: None,
) -> Taught:
    """Train a head on the backbone of ``weights``.

    Args:
        examples: the takes.
        weights: with the backbone; their network is prepared for inference, in place.
        negatives: embeddings to reject, from the same backbone.
        meanings: the meaning of each word in the game (``vocabulary.MEANINGS``); other words do nothing.
        settings: of the training.
        progress: called with the progress, several times per second.

    Raises:
        TeachingError: a word has too few takes.
    """
    check_examples(examples)
    settings = settings or HeadSettings()
    timer = Timer()
    words = examples.words
    takes = {word: examples.distinct(word) for word in words}
    tensors = {name: value.detach().clone() for name, value in weights.model.state_dict().items()}
    embedder = Embedder(weights, negatives.space)
    progress(HeadProgress(0.01, 0.0, None, 0.0))
    positives = embed_takes(embedder, takes, examples.room, settings)
    used = negatives.without(words)
    room = embedder(_room_windows(examples.room, embedder.window_samples))

    def report(begin: float, end: float, accuracy: float | None) -> Callable[[float, float], None]:
        def inner(part: float, loss: float) -> None:
            done = begin + (end - begin) * part
            progress(HeadProgress(done, loss, accuracy, timer.left(done)))

        return inner

    held_out, known = _hold_out(words, takes, positives, used, room, settings, report)
    if known:
        # Norwegian *opp* sounds like *up*: a taught word that cannot be distinguished from a known word replaces it, and the
        # known word
        # is removed from the negatives.
        used = used.without(sorted(known))
        held_out, _ = _hold_out(words, takes, positives, used, room, settings, report)
    head = train_head(words, positives, used, settings, report(0.75, 0.99, held_out.accuracy))
    raw = threshold_for(held_out, lowest=LOWEST if len(words) > 1 else LOWEST_OF_ONE)
    softened, held_out, _ = soften(head, held_out, raw)
    threshold = threshold_for(held_out)
    found = advice(held_out, threshold, {word: len(t) for word, t in takes.items()}, sorted(known))
    progress(HeadProgress(1.0, head.losses[-1] if head.losses else 0.0, held_out.accuracy, 0.0))
    weight, bias = negatives.space.head(softened.weight, softened.bias)
    return Taught(
        {**tensors, "head.weight": weight, "head.bias": bias},
        _info(weights.info.without_filter(), softened, threshold, meanings, held_out, takes),
        held_out,
        threshold,
        found,
        head.losses,
        (*words, *sorted(known)),
        raw,
    )


def _room_windows(room: Any, size: int) -> Any:
    starts = range(0, max(0, len(room) - size + 1), ROOM_STEP)
    windows = [room[since : since + size] for since in starts]
    return np.stack(windows) if windows else np.zeros((0, size), dtype=np.float32)


def _hold_out(
    words: Sequence[str],
    takes: Mapping[str, Sequence[Any]],
    positives: Positives,
    negatives: Negatives,
    room: Tensor,
    settings: HeadSettings,
    report: Callable[[float, float, float | None], Callable[[float, float], None]],
) -> tuple[HeldOut, set[str]]:
    """Score every take and negative with a head that was not trained on it.

    Returns:
        The scores, and the known words that cannot be distinguished from a taught word.
    """
    take_fold, first_window = [], []
    row = 0
    per_take = int((positives.takes == 0).sum())
    for word_takes in takes.values():
        for index in range(len(word_takes)):
            take_fold.append(index % settings.folds)
            first_window.append(row)
            row += per_take
    fold_of_take = torch.tensor(take_fold)
    fold_of_window = fold_of_take[positives.takes]
    # Long segments, so that neighboring windows (and most voices) are in the same fold.
    block = (torch.arange(len(negatives.kinds)) * 12 // max(1, len(negatives.kinds))) % settings.folds
    clean = torch.tensor(first_window)
    scores = torch.zeros(len(clean), len(words))
    other = torch.zeros(len(negatives.kinds))
    in_room = torch.zeros(len(room))
    likeliest = [""] * len(clean)
    right: list[bool] = []
    truth = positives.words[clean].tolist()
    for fold in range(settings.folds):
        part = Positives(
            positives.embeddings[fold_of_window != fold],
            positives.words[fold_of_window != fold],
            positives.takes[fold_of_window != fold],
        )
        rest = negatives.at(block != fold)
        begin, end = (0.1 + 0.63 * each / settings.folds for each in (fold, fold + 1))
        accuracy = sum(right) / len(right) if right else None
        head = train_head(words, part, rest, settings, report(begin, end, accuracy))
        mine = fold_of_take == fold
        scores[mine] = head.posteriors(positives.embeddings[clean[mine]])
        for row, name in zip(torch.nonzero(mine)[:, 0].tolist(), head.best(positives.embeddings[clean[mine]]), strict=True):
            likeliest[row] = name
        best = scores[mine].argmax(1).tolist()
        right += [word == truth[row] for row, word in zip(torch.nonzero(mine)[:, 0].tolist(), best, strict=True)]
        other[block == fold] = head.posteriors(negatives.embeddings[block == fold]).amax(1)
        if len(room):
            in_room = torch.maximum(in_room, head.posteriors(room).amax(1))
    talk, noise = (negatives.kinds == negatives.names.index(name) for name in (UNKNOWN, NOISE))
    known = {
        name
        for index in range(len(words))
        for name in {*likeliest} - {*words, UNKNOWN, NOISE}
        if sum(n == name for n, t in zip(likeliest, truth, strict=True) if t == index) > SAME * truth.count(index)
    }
    return (
        HeldOut(
            tuple(words),
            scores.double().numpy(),
            positives.words[clean].numpy(),
            other[talk].double().numpy(),
            negatives.talk_seconds,
            other[noise].double().numpy(),
            other[~talk & ~noise].double().numpy(),
            in_room.double().numpy(),
        ),
        known,
    )


def soften(head: Head, held_out: HeldOut, threshold: float) -> tuple[Head, HeldOut, float]:
    """Spread the scores so that the threshold that is chosen comes to lie near ``SHOWN_THRESHOLD``, whatever the head's certainty.

    Logits and temperature are scaled by the same factor, so that only the combined scores are raised to a power. The order of scores
    hardly changes, and in log-odds the scores are scaled, as the held-out scores are here.
    """
    target = float(np.log(SHOWN_THRESHOLD / (1 - SHOWN_THRESHOLD)))
    at = float(np.log(threshold / (1 - threshold)))
    factor = min(1.5, max(0.12, target / at)) if at > 0.3 else 1.0
    # The score of one word can be moved too. That of several cannot: a word's rivals would move with it.
    shift = target - factor * at if len(head.words) == 1 else 0.0

    def scaled(p: Any) -> Any:
        q = np.clip(p, 1e-9, 1 - 1e-9)
        return 1 / (1 + np.exp(-(factor * np.log(q / (1 - q)) + shift)))

    bias = head.bias * factor
    bias[: len(head.words)] += shift
    softer = replace(head, weight=head.weight * factor, bias=bias, temperature=head.temperature * factor)
    spread = replace(
        held_out,
        takes=scaled(held_out.takes),
        talk=scaled(held_out.talk),
        noise=scaled(held_out.noise),
        others=scaled(held_out.others),
        room=scaled(held_out.room),
    )
    return softer, spread, float(scaled(threshold))


def _info(
    shipped: WeightsInfo,
    head: Head,
    threshold: float,
    meanings: Mapping[str, str],
    held_out: HeldOut,
    takes: Mapping[str, Sequence[Any]],
) -> WeightsInfo:
    about = {
        "taught": True,
        "takes": {word: len(word_takes) for word, word_takes in takes.items()},
        "held_out_accuracy": round(held_out.accuracy, 4),
        "false_moves_an_hour": round(held_out.false_moves_an_hour(threshold), 2),
    }
    detector = replace(shipped.detector, threshold=round(threshold, 3), thresholds={})
    return replace(
        shipped,
        labels=(*head.words, UNKNOWN, NOISE),
        architecture=pooled(shipped.architecture),
        classes=head.classes,
        detector=detector,
        temperature=head.temperature,
        about=about,
        meanings=dict(meanings),
    )
