"""Fine-tuning: reported to its own callback, kept only where it hears more held-out takes, never with more false moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import voicetrail
from tests.teaching.tones import PITCH, recording, silence, spoken, take
from voicetrail.api import Transfer
from voicetrail.errors import TeachingError, UsageError
from voicetrail.events import SAMPLE_RATE
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.collecting import refused as refused_sound
from voicetrail.teaching.collecting.refused import read_refused
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads import fine_tuning
from voicetrail.teaching.heads.fine_tuning import Comparison, fine_tune
from voicetrail.teaching.heads.head import HeadProgress, HeadSettings
from voicetrail.teaching.heads.negatives import Negatives
from voicetrail.teaching.heads.teach import Taught, teach

QUICK = HeadSettings(variants=2)


@pytest.fixture(scope="module")
def negatives() -> Negatives:
    return making.shipped_negatives().at(slice(None, None, 12))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of other tones, in two files of a folder."""
    folder = tmp_path_factory.mktemp("refused")
    for name, seed in (("a", 1), ("b", 2)):
        other = np.concatenate([np.concatenate((spoken("other", seed * 50 + n), silence(1.0, seed=n))) for n in range(23)])
        soundfile.write(folder / f"{name}.wav", other, SAMPLE_RATE)
    return folder


@pytest.fixture(autouse=True)
def fewer_windows(monkeypatch: pytest.MonkeyPatch, negatives: Negatives) -> None:
    monkeypatch.setattr(refused_sound, "MOST_WINDOWS", 90)
    monkeypatch.setattr("voicetrail.teaching.transfer.shipped_negatives", lambda base="": negatives)


def transfer_with_takes(count: int = 3) -> Transfer:
    transfer = voicetrail.create_transfer("mine")
    for word in ("links", "rechts"):
        for seed in range(count):
            transfer.collect_example(word, recording([word], seed=seed))
    return transfer


def examples() -> ExampleSet:
    found = ExampleSet()
    for word in PITCH:
        for seed in range(3):
            found.add(word, take(word, seed))
    return found


def tuned_whatever_comes(negatives: Negatives, refused: Path, epochs: int = 1) -> tuple[Taught, Taught, ExampleSet]:
    """The head alone, and what was fine-tuned, also if it is no better."""
    taken = examples()
    before = teach(taken, load_weights("directional4w"), negatives, {}, QUICK)
    windows = read_refused(refused, 16_000)
    found, _ = fine_tune(taken, load_weights("directional4w"), negatives, before, windows, QUICK, epochs, always=True)
    return before, found, taken


def test_each_part_of_the_training_reports_to_its_own_callback(refused: Path) -> None:
    head, tuning = list[HeadProgress](), list[HeadProgress]()
    result = transfer_with_takes().train(
        fine_tuning_epochs=2, negatives=refused, variants=2, callback=head.append, fine_tuning_callback=tuning.append
    )
    assert {step.stage for step in head} == {"head"}
    assert {step.stage for step in tuning} == {"fine-tuning"}
    assert len(tuning) >= 2 * 3, "an epoch of each fold, at least"
    for steps in (head, tuning):
        assert [step.part for step in steps] == sorted(step.part for step in steps)
        assert steps[-1].part == 1.0
    assert result.fine_tuning is not None
    assert f"of {2 * 3} held-out takes" in result.fine_tuning.sentence


def test_one_callback_is_given_both_one_after_the_other(refused: Path) -> None:
    steps = list[HeadProgress]()
    transfer_with_takes().train(fine_tuning_epochs=1, negatives=refused, variants=2, callback=steps.append)
    stages = [step.stage for step in steps]
    assert stages == sorted(stages, key=("head", "fine-tuning").index)
    assert {*stages} == {"head", "fine-tuning"}


def test_what_hears_no_more_leaves_the_head_as_it_was(negatives: Negatives, refused: Path) -> None:
    assert not Comparison(0.9, 0.9, 12).better
    assert not Comparison(0.9, 0.8, 12).better
    assert Comparison(0.8, 0.9, 12).better
    # So high a learning rate that the network forgets everything: nothing of it may be kept.
    taken = examples()
    before = teach(taken, load_weights("directional4w"), negatives, {}, QUICK)
    windows = read_refused(refused, 16_000)
    found, compared = fine_tune(taken, load_weights("directional4w"), negatives, before, windows, QUICK, 1, learning_rate=1.0)
    assert compared.tuned_heard <= compared.head_heard
    assert found is before
    assert "the head alone is kept" in compared.sentence


def test_what_is_kept_is_a_set_that_plays_and_is_not_made_again(negatives: Negatives, refused: Path, tmp_path: Path) -> None:
    before, found, taken = tuned_whatever_comes(negatives, refused, epochs=2)
    changed = {name for name in before.tensors if not torch.equal(before.tensors[name], found.tensors[name])}
    shipped = load_weights("directional4w")
    last = max(name.split(".")[2] for name in before.tensors if name.startswith("backbone.blocks."))
    assert changed
    assert all(name.startswith(("head.", f"backbone.blocks.{last}.")) for name in changed), "the last block and the head alone"
    assert any(name.startswith("backbone.") for name in changed)
    path = making.keep_set("mine", found, taken, folder=tmp_path)
    recognizer = Recognizer(load_weights(path))
    assert recognizer.labels == (*PITCH, "_unknown_", "_background_noise_")
    for index, word in enumerate(PITCH):
        window = np.concatenate((silence(0.3), recording([word], seed=9)))[-16000 - 3000 : -3000]
        assert int(np.argmax(recognizer.posteriors(window[None])[0])) == index
    about = word_sets.read_about(word_sets.set_folder("mine", tmp_path))
    assert about.fine_tuned
    assert not making.remake_if_needed("mine", tmp_path), "its network is meant to be another than the one that ships"
    assert shipped.info.without_filter().detector.talk_shift == found.info.detector.talk_shift


def test_at_its_threshold_it_makes_no_more_false_moves_than_the_head_alone(negatives: Negatives, refused: Path) -> None:
    from voicetrail.teaching.heads.evaluation import expected_events

    scores = np.random.default_rng(3).beta(1, 8, 400)
    at = fine_tuning._threshold(scores, 5.0)
    assert expected_events(scores, at) <= 5.0
    assert expected_events(scores, at - 0.02) > 5.0, "and is no higher than that asks for"
    _, found, _ = tuned_whatever_comes(negatives, refused)
    assert found.held_out.talk_seconds == pytest.approx(64.4, abs=1)
    assert 0 < found.threshold < 1


def test_sound_to_refuse_is_asked_for(tmp_path: Path) -> None:
    transfer = transfer_with_takes()
    with pytest.raises(UsageError, match="needs sound to refuse"):
        transfer.train(fine_tuning_epochs=3)
    with pytest.raises(UsageError, match="fine_tuning_epochs"):
        transfer.train(fine_tuning_epochs=-1)
    soundfile.write(tmp_path / "short.wav", silence(3.0), SAMPLE_RATE)
    with pytest.raises(TeachingError, match=r"short\.wav holds 3 s of sound; fine-tuning needs 60 s"):
        transfer.train(fine_tuning_epochs=1, negatives=tmp_path / "short.wav")


def test_short_clips_lie_in_the_middle_of_a_window() -> None:
    clip = np.ones(400, dtype=np.float32)
    (window,) = refused_sound._windows(clip, 1000, 100)
    assert window.sum() == 400
    assert not window[:300].any()
    assert len(refused_sound._windows(np.ones(1500, dtype=np.float32), 1000, 100)) == 6


def test_a_network_of_another_kind_is_refused_in_one_line(negatives: Negatives, refused: Path) -> None:
    from voicetrail.spotting.networks.model import build_model

    weights = load_weights("directional4w")
    other = build_model("ds-cnn", weights.info.features, len(weights.info.classes))
    before = teach(examples(), load_weights("directional4w"), negatives, {}, QUICK)
    strange = replace(weights, model=other, info=replace(weights.info, architecture="ds-cnn"))
    with pytest.raises(TeachingError, match="ds-cnn cannot be fine-tuned"):
        fine_tune(examples(), strange, negatives, before, read_refused(refused, 16_000), QUICK, 1)
