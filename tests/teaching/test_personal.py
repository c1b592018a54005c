"""The shipped words are retuned to a voice, and kept only where that is better on takes and talk that were held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.teaching.tones import silence, take
from voicetrail.errors import TeachingError
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching import making
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.head import HeadSettings, Positives
from voicetrail.teaching.negatives import Negatives
from voicetrail.teaching.personal import Check, adapt, retune
from voicetrail.teaching.teach import Taught
from voicetrail.vocabulary import DIRECTIONS

QUICK = HeadSettings(iterations=30, variants=3)
SOUNDS = dict(zip(DIRECTIONS, ("hoch", "other", "links", "rechts"), strict=True))
"""A voice that no shipped weights understand: a tone for each word."""


@pytest.fixture(scope="module")
def negatives() -> Negatives:
    shipped = making.shipped_negatives()
    return Negatives(shipped.embeddings[::6], shipped.kinds[::6], shipped.names, shipped.talk_seconds)


@pytest.fixture(scope="module")
def retuned(negatives: Negatives) -> tuple[Taught, Check]:
    examples = ExampleSet(room=silence(2.0))
    for word, sound in SOUNDS.items():
        for seed in range(4):
            examples.add(word, take(sound, seed))
    return retune(examples, load_weights("directional4w"), negatives, QUICK)


def test_a_voice_that_was_missed_scores_higher_with_no_more_false_moves(retuned: tuple[Taught, Check]) -> None:
    _, check = retuned
    assert check.personal_heard >= check.shipped_heard
    assert check.surer > 1.0
    assert check.personal_false <= check.shipped_false
    assert check.better


def test_it_stays_a_weights_file_of_the_same_words_whose_backbone_is_untouched(retuned: tuple[Taught, Check]) -> None:
    taught, _ = retuned
    shipped = load_weights("directional4w")
    assert taught.info.labels == shipped.info.labels
    assert taught.info.classes == shipped.info.classes
    assert all(taught.info.detector.threshold_of(w) >= shipped.info.detector.threshold_of(w) - 0.001 for w in DIRECTIONS)
    state = shipped.model.state_dict()
    assert all(torch.equal(state[name], taught.tensors[name]) for name in state if not name.startswith("head."))


def test_what_is_no_better_is_not_kept() -> None:
    check = Check(0.95, 0.95, 10.0, 10.0, 0.2)
    assert check.better
    assert not replace(check, surer=-0.1).better
    assert not replace(check, personal_heard=0.9).better
    assert not replace(check, personal_heard=1.0, personal_false=10.1).better


def test_a_strong_penalty_leaves_the_head_as_it_ships(negatives: Negatives) -> None:
    from voicetrail.teaching.head import Head

    weights = load_weights("directional4w")
    state = weights.model.state_dict()
    shipped = Head(weights.info.classes, state["head.weight"].float(), state["head.bias"].float(), DIRECTIONS)
    none = Positives(negatives.embeddings[:4], torch.tensor([0, 1, 2, 3]), torch.arange(4))
    held = adapt(shipped, none, negatives, QUICK, strength=1e6)
    assert float((held.weight - shipped.weight).abs().max()) < 1e-3
    moved = adapt(shipped, none, negatives, QUICK)
    assert float((moved.weight - shipped.weight).abs().max()) > 1e-3
    assert np.isfinite(moved.losses).all()


def test_too_few_takes_are_named() -> None:
    few = ExampleSet()
    few.add("up", take("hoch"))
    with pytest.raises(TeachingError, match="up has 1 takes"):
        making.make_personal(few)
