"""The shipped words are retuned to a voice, and kept only where that is better on takes and talk that were held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.spotting.filters import load_filtered, own_score_filter
from tests.teaching.tones import silence, take
from voicetrail.errors import TeachingError
from voicetrail.spotting.networks.model import pooled
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights, save_weights
from voicetrail.teaching import making
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import Embedder, HeadProgress, HeadSettings, centered
from voicetrail.teaching.heads.negatives import Negatives
from voicetrail.teaching.heads.personal import Check, Shipped, adapt, retune
from voicetrail.teaching.heads.teach import Taught
from voicetrail.vocabulary import DIRECTIONS

QUICK = HeadSettings(variants=3)
SOUNDS = dict(zip(DIRECTIONS, ("hoch", "other", "links", "rechts"), strict=True))
"""A voice that no shipped weights understand: a tone for each word."""


@pytest.fixture(scope="module")
def negatives() -> Negatives:
    shipped = making.shipped_negatives()
    return shipped.at(slice(None, None, 6))


@pytest.fixture(scope="module")
def retuned(negatives: Negatives) -> tuple[Taught, Check]:
    examples = ExampleSet(room=silence(2.0))
    for word, sound in SOUNDS.items():
        for seed in range(4):
            examples.add(word, take(sound, seed))
    steps = list[HeadProgress]()
    made = retune(examples, load_filtered(own_score_filter(1.0)), negatives, QUICK, steps.append)
    assert all(step.loss > 0 and step.accuracy is not None for step in steps), "the player watches loss and accuracy"
    assert [step.part for step in steps] == sorted(step.part for step in steps)
    return made


def test_a_voice_that_was_missed_scores_higher_with_no_more_false_moves(retuned: tuple[Taught, Check]) -> None:
    _, check = retuned
    assert check.personal_heard >= check.shipped_heard
    assert check.surer > 1.0
    assert check.personal_false <= max(check.shipped_false, check.resolution)
    assert check.resolution < 1.0
    assert check.better


def test_it_stays_a_weights_file_of_the_same_words_whose_backbone_is_untouched(retuned: tuple[Taught, Check]) -> None:
    taught, _ = retuned
    shipped = load_weights("directional4w")
    assert taught.info.labels == shipped.info.labels
    assert taught.info.classes == (*shipped.info.classes, *DIRECTIONS)
    unfiltered = shipped.info.without_filter().detector
    assert all(taught.info.detector.threshold_of(w) >= unfiltered.threshold_of(w) - 0.001 for w in DIRECTIONS)
    state = shipped.model.state_dict()
    assert all(torch.equal(state[name], taught.tensors[name]) for name in state if not name.startswith("head."))
    rows, columns = state["head.weight"].shape
    assert torch.equal(
        taught.tensors["head.weight"][:rows, -columns:], state["head.weight"]
    )  # the shipped head is in it as it was


def test_a_personal_head_has_no_score_filter_and_the_settings_for_that(retuned: tuple[Taught, Check]) -> None:
    taught, _ = retuned
    unfiltered = load_weights("directional4w").info.without_filter().detector
    assert taught.info.score_filter is None
    assert taught.info.unfiltered_detector is None
    assert taught.info.detector == unfiltered
    assert taught.threshold == unfiltered.threshold


def test_what_is_no_better_is_not_kept() -> None:
    check = Check(0.95, 0.95, 10.0, 10.0, 0.2)
    assert check.better
    assert not replace(check, surer=-0.1).better
    assert not replace(check, personal_heard=0.9).better
    assert not replace(check, personal_heard=1.0, personal_false=10.1).better
    assert not replace(check, shipped_false=0.1, personal_false=0.7, resolution=0.6).better
    assert replace(check, shipped_false=0.1, personal_false=0.5, resolution=0.6).better


def test_the_file_scores_as_the_two_heads_that_are_in_it(negatives: Negatives, tmp_path: Path) -> None:
    weights = load_weights("directional4w")
    state, info = weights.model.state_dict(), weights.info
    shipped = Shipped(info.classes, state["head.weight"].clone(), state["head.bias"].clone(), DIRECTIONS, info.temperature)
    embedder = Embedder(weights)
    windows = np.stack([centered(take(SOUNDS[word], seed), 16_000) for word in DIRECTIONS for seed in range(2)])
    voice = shipped.voices(embedder.pooled(windows), negatives.space, torch.arange(8) // 2, torch.arange(8))
    assert torch.allclose(
        voice.logits, load_weights("directional4w").model.eval()(embedder._features(torch.from_numpy(windows))), atol=1e-3
    )
    both = adapt(shipped, voice, negatives)
    assert np.isfinite(both.losses).all()
    tensors = {**state, **both.tensors(negatives.space)}
    path = tmp_path / "me.safetensors"
    save_weights(path, tensors, replace(info, classes=both.all_classes, architecture=pooled(info.architecture)))
    scores = torch.from_numpy(Recognizer(load_weights(path)).posteriors(windows))[:, :4]
    assert torch.allclose(scores, both.posteriors(voice.embeddings, voice.logits), atol=0.02)
    assert (scores.argmax(1) == voice.words).all()


def test_too_few_takes_are_named() -> None:
    few = ExampleSet()
    few.add("up", take("hoch"))
    with pytest.raises(TeachingError, match="up has 1 takes"):
        making.make_personal(few)
