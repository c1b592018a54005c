"""Words are taught from a few takes on the shipped backbone: they are heard, and what is none of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import voicetrail
from tests.spotting.filters import load_filtered, own_score_filter
from tests.teaching.tones import PITCH, recording, silence, take
from voicetrail.errors import TeachingError, UsageError
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import load_weights
from voicetrail.teaching import making, word_sets
from voicetrail.teaching.collecting.likeness import Likeness
from voicetrail.teaching.examples import ExampleSet
from voicetrail.teaching.heads.head import HeadProgress, HeadSettings
from voicetrail.teaching.heads.negatives import Negatives, Space, backbone_hash, find_space, load_negatives, save_negatives
from voicetrail.teaching.heads.teach import Taught, teach
from voicetrail.teaching.takes import TakeProblem
from voicetrail.vocabulary import RESERVED

QUICK = HeadSettings(variants=4)


def examples(takes: int = 4) -> ExampleSet:
    found = ExampleSet(room=silence(3.0))
    for word in PITCH:
        for seed in range(takes):
            found.add(word, take(word, seed))
    return found


@pytest.fixture(autouse=True, scope="module")
def fewer_negatives() -> Iterator[None]:
    """Every sixth of the shipped negatives: the same kinds in a sixth of the time."""
    shipped = making.shipped_negatives()
    thin = shipped.at(slice(None, None, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "shipped_negatives", lambda base="": thin)
        patch.setattr("voicetrail.teaching.transfer.shipped_negatives", lambda base="": thin)
        yield


@pytest.fixture(scope="module")
def taught() -> Taught:
    steps: list[HeadProgress] = []
    made = making.make_set(examples(), {"links": "left"}, settings=QUICK, progress=steps.append)
    assert [step.part for step in steps] == sorted(step.part for step in steps)
    assert steps[-1].part == 1.0
    return made


def test_held_out_takes_are_right_and_the_threshold_is_a_score(taught: Taught) -> None:
    assert taught.held_out.accuracy >= 0.9
    assert 0.3 <= taught.threshold < 1.0
    assert taught.false_an_hour <= 3.0


def test_a_taught_set_is_a_weights_file_that_hears_its_words(taught: Taught, tmp_path: Path) -> None:
    path = making.keep_set("mine", taught, examples(), folder=tmp_path)
    recognizer = Recognizer(load_weights(path))
    assert recognizer.labels == (*PITCH, "_unknown_", "_background_noise_")
    for index, word in enumerate(PITCH):
        window = np.concatenate((silence(0.3), recording([word], seed=9)))[-16000 - 3000 : -3000]
        assert int(np.argmax(recognizer.posteriors(window[None])[0])) == index
    assert load_weights(path).info.meanings == {"links": "left"}
    quiet = recognizer.posteriors(silence(1.0)[None])[0]
    assert float(quiet[: len(PITCH)].max()) < taught.threshold


def test_a_taught_set_has_no_score_filter_and_the_settings_for_that(tmp_path: Path) -> None:
    weights = load_filtered(own_score_filter(1.0))
    plain = replace(weights.info.without_filter().detector, smoothing=0.16, talk_shift=0.4)
    weights = replace(weights, info=replace(weights.info, unfiltered_detector=plain))
    made = teach(examples(), weights, making.shipped_negatives(), {}, HeadSettings(variants=2))
    info = load_weights(making.keep_set("mine", made, None, folder=tmp_path)).info
    assert info.score_filter is None
    assert info.unfiltered_detector is None
    assert (info.detector.smoothing, info.detector.talk_shift) == (0.16, 0.4)
    assert info.detector.threshold == round(made.threshold, 3)


def test_shipped_negatives_are_refused(taught: Taught) -> None:
    negatives = making.shipped_negatives()
    space = negatives.space
    # Of what the layers gave only the coordinates are kept; any layers with these coordinates get the same posteriors.
    pooled = torch.linalg.lstsq(space.matrix.T, negatives.embeddings.T).solution.T + space.center
    best = (pooled @ taught.tensors["head.weight"].T + taught.tensors["head.bias"]).argmax(1)
    assert float((best < len(PITCH)).float().mean()) < 0.01


def test_the_head_in_the_weights_file_is_the_head_in_the_space() -> None:
    space = making.shipped_negatives().space
    torch.manual_seed(1)
    weight, bias, pooled = torch.randn(7, space.matrix.shape[1]), torch.randn(7) * 50, torch.rand(20, len(space.center))
    full, offset = space.head(weight, bias)
    there = torch.log_softmax(space(pooled) @ weight.T + bias, 1)
    assert torch.allclose(torch.log_softmax(pooled @ full.T + offset, 1), there, atol=1e-2)


def test_a_space_holds_the_recordings_of_a_word_together() -> None:
    torch.manual_seed(2)
    words = torch.arange(300) % 3
    loud = torch.randn(300, 6) * torch.tensor([8.0, 1, 1, 1, 1, 1])  # within a word, one direction says nothing
    pooled = loud + torch.nn.functional.one_hot(words, 6) * torch.tensor([0.0, 6, 6, 0, 0, 0])
    space = find_space(pooled, words, torch.ones(300), dimensions=2)
    x = space(pooled)
    centers = torch.stack([x[words == word].mean(0) for word in range(3)])
    assert float((torch.cdist(x, centers).argmin(1) == words).float().mean()) > 0.98  # 0.87 before


def test_the_same_takes_and_seed_make_the_same_head() -> None:
    one, two = (making.make_set(examples(3), {}, settings=QUICK) for _ in range(2))
    assert torch.equal(one.tensors["head.weight"], two.tensors["head.weight"])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_word_with_too_few_takes_is_named(count: int) -> None:
    few = examples(3)
    few.takes["rechts"] = few.takes["rechts"][:count]
    with pytest.raises(TeachingError, match="rechts has"):
        making.make_set(few, {}, settings=QUICK)


def test_takes_that_are_all_the_same_recording_are_not_enough() -> None:
    same = ExampleSet()
    for _ in range(6):
        same.add("links", take("links"))
    with pytest.raises(TeachingError, match="only 1 that differ"):
        making.make_set(same, {}, settings=QUICK)


def test_two_words_that_sound_alike_are_pointed_out() -> None:
    alike = examples(4)
    for seed in range(10, 14):
        alike.add("lynx", take("links", seed))
    made = making.make_set(alike, {}, settings=QUICK)
    assert any("links" in line and "lynx" in line for line in made.advice)


def test_negatives_are_read_back_and_belong_to_one_backbone(tmp_path: Path) -> None:
    space = Space(torch.zeros(12), torch.ones(12, 8))
    made = Negatives(
        torch.rand(50, 8) * 4 - 1, torch.arange(50) % 3, ("cat", *RESERVED), 10.0, torch.rand(50, 5) * 4 - 1, space
    )
    save_negatives(tmp_path / "n.safetensors", made, "abc")
    again = load_negatives(tmp_path / "n.safetensors", "abc")
    assert (again.embeddings - made.embeddings).abs().max() < 4 / 255
    assert (again.logits - made.logits).abs().max() < 4 / 255
    assert torch.equal(again.space.matrix, space.matrix)
    assert torch.equal(again.kinds, made.kinds)
    with pytest.raises(TeachingError, match="another backbone"):
        load_negatives(tmp_path / "n.safetensors", "def")
    (tmp_path / "n.safetensors").write_bytes(b"garbage")
    with pytest.raises(TeachingError, match="damaged"):
        load_negatives(tmp_path / "n.safetensors", "abc")


def test_both_shipped_weights_share_the_backbone_of_the_negatives() -> None:
    assert {backbone_hash(load_weights(name).model.state_dict()) for name in ("directional4w", "18w")} == {
        backbone_hash(load_weights("directional4w").model.state_dict())
    }


def test_programmers_collect_review_train_and_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    transfer = voicetrail.create_transfer("mine")
    with pytest.raises(UsageError):
        transfer.evaluate()
    transfer.collect_example("_background_noise_", silence(2.0))
    for word in ("links", "rechts"):
        for seed in range(4):
            assert transfer.collect_example(word, recording([word], seed=seed)) == ()
    with pytest.raises(TeachingError, match="no word was found in this sound"):
        transfer.collect_example("links", silence(2.0))
    transfer.remove_example("links", 3)
    assert transfer.count_examples() == {"links": 3, "rechts": 4}
    transfer.meanings = {"links": "left", "rechts": "right"}
    result = transfer.train(epochs=3, variants=3)
    assert result.accuracy >= 0.8
    assert 0.9 <= result.auc <= 1.0
    assert result.curve[0].threshold >= result.curve[-1].threshold
    path = transfer.save()
    assert word_sets.list_sets()[0].meanings == transfer.meanings
    assert load_weights("mine").hash == load_weights(path).hash
    transfer.save_examples(tmp_path / "kept")
    again = voicetrail.create_transfer("other")
    again.load_examples(tmp_path / "kept")
    assert again.count_examples() == transfer.count_examples()


def test_what_was_trained_recognizes_listens_and_is_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    transfer = voicetrail.create_transfer("mine")
    with pytest.raises(UsageError, match="nothing was trained or loaded"):
        transfer.recognize(recording(["links"]))
    for word in PITCH:
        for seed in range(3):
            transfer.collect_example(word, recording([word], seed=seed))
    steps: list[HeadProgress] = []
    result = transfer.train(
        epochs=12, batch_size=512, learning_rate=0.03, validation_split=0.34, variants=3, callback=steps.append
    )
    assert steps[-1].part == 1.0
    assert any(step.accuracy is not None and step.part < 0.7 for step in steps), "known before the end"
    assert result.accuracy >= 0.7
    points = [result.at(threshold) for threshold in (0.0, result.threshold, 1.0)]
    assert [point.missed for point in points] == sorted(point.missed for point in points)
    assert [point.false_accepts for point in points] == sorted((point.false_accepts for point in points), reverse=True)
    assert points[1].false_an_hour <= 3.0
    assert 0 <= result.equal_error <= 0.5
    said = recording(["rechts"], seed=8)[:-4000]
    assert transfer.recognize(said).word == "rechts"
    words: list[str] = []
    transfer.listen(
        lambda heard: words.append(heard.word), source=[recording(["hoch", "links"], seed=7)], probability_threshold=0.3
    )
    assert transfer.wait(60)
    assert set(words) <= {*PITCH}
    assert words
    transfer.save()
    assert voicetrail.list_saved() == ("mine",)
    again = voicetrail.create_transfer("mine")
    again.load()
    assert again.recognize(said).word == "rechts"
    assert again.count_examples() == dict.fromkeys(PITCH, 3)
    again.clear_examples("hoch")
    assert set(again.count_examples()) == {"links", "rechts"}
    voicetrail.delete_saved("mine")
    assert voicetrail.list_saved() == ()
    with pytest.raises(TeachingError, match="no set of words named"):
        again.load()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"validation_split": 0.7}, "validation_split"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_arguments_out_of_range_are_refused(how: dict[str, float], said: str) -> None:
    transfer = voicetrail.create_transfer("mine")
    transfer.collect_example("links", recording(["links"]))
    with pytest.raises(UsageError, match=said):
        transfer.train(**how)  # type: ignore[arg-type]


def test_a_take_of_another_word_is_pointed_out() -> None:
    mixed = examples(4)
    mixed.takes["links"][2] = take("hoch", 20)
    Likeness().mark(mixed)
    assert {TakeProblem.UNLIKE, TakeProblem.OTHER} & {*mixed.problems("links", 2)}
    wrong = [
        (word, n)
        for word in mixed.words
        for n in range(4)
        if {TakeProblem.UNLIKE, TakeProblem.OTHER} & {*mixed.problems(word, n)}
    ]
    assert wrong == [("links", 2)]


def test_two_takes_of_another_word_do_not_make_each_other_look_right() -> None:
    mixed = examples(4)
    mixed.takes["links"][2:] = [take("hoch", 20), take("hoch", 21)]
    Likeness().mark(mixed)
    wrong = [(word, n) for word in mixed.words for n in range(4) if TakeProblem.OTHER in mixed.problems(word, n)]
    assert wrong == [("links", 2), ("links", 3)]
