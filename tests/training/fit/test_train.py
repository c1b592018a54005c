"""The training loop, on words that are tones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.makers import clips, corpus
from voicetrail.errors import TrainingError
from voicetrail.spotting.features import FeatureSettings, LogMel
from voicetrail.spotting.networks.model import DEFAULT_ARCHITECTURE
from voicetrail.training.fit import compose
from voicetrail.training.fit.compose import Composer
from voicetrail.training.fit.train import GROUP, Processes, Schedule, Trainer, score_pictures

BRIEF = Schedule(epochs=2, windows=2 * GROUP, batch=GROUP, warmup=0.1)


@cache
def composer() -> Composer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "MIN_CLIPS", 4)
        return Composer(corpus(5, words=("up", "down", "cat")), rooms=2)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def trainer(schedule: Schedule = BRIEF, processes: Processes | None = None) -> Trainer:
    return Trainer(composer(), DEFAULT_ARCHITECTURE, FeatureSettings(), schedule, processes=processes)


def losses(trainer: Trainer) -> list[float]:
    return [loss for _, loss in trainer.epoch()]


def same(one: Trainer, two: Trainer) -> bool:
    pairs = ((one.model, two.model), (one.average, two.average))
    return all(
        torch.equal(a, b) for x, y in pairs for a, b in zip(x.state_dict().values(), y.state_dict().values(), strict=True)
    )


@pytest.mark.e2e
def test_it_learns_to_distinguish_tones_from_noise() -> None:
    learner = trainer(Schedule(epochs=1, windows=22 * GROUP, batch=GROUP, learning_rate=4e-3, average=0.9))
    found = losses(learner)
    assert np.mean(found[-3:]) < np.mean(found[:3])
    fresh = clips(12, seed=99, words=("up", "down"))
    pictures = LogMel()(torch.from_numpy(fresh.sound.astype(np.float32) / 32768))
    best = score_pictures(learner.average, pictures).argmax(1).tolist()
    right = sum(composer().classes[index] == word for index, word in zip(best, fresh.words, strict=True))
    assert right >= 0.75 * len(fresh)


def test_going_on_from_a_checkpoint_is_going_on(tmp_path: Path) -> None:
    whole = trainer()
    losses(whole)
    whole.progress.history.append({"loss": 1.0})
    whole.checkpoint(tmp_path / "kept.safetensors")
    resumed = trainer()
    resumed.resume(tmp_path / "kept.safetensors")
    assert resumed.progress == whole.progress
    assert same(whole, resumed)
    assert losses(whole) == losses(resumed)
    assert same(whole, resumed)
    assert not list(tmp_path.glob("*.part"))


def test_another_seed_trains_something_else() -> None:
    assert losses(trainer(replace(BRIEF, windows=GROUP))) != losses(trainer(replace(BRIEF, windows=GROUP, seed=2)))


def test_a_checkpoint_of_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "kept.safetensors"
    trainer().checkpoint(path)
    with pytest.raises(TrainingError, match="another schedule"):
        trainer(replace(BRIEF, epochs=3)).resume(path)
    other = Trainer(composer(), "cnn-one-fstride4", FeatureSettings(n_fft=1024, win_length=640, hop_length=483), BRIEF)
    with pytest.raises(TrainingError, match="another architecture"):
        other.resume(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="cannot be read"):
        trainer().resume(path)
    with pytest.raises(TrainingError, match="cannot be read"):
        trainer().resume(tmp_path / "nowhere.safetensors")


def test_it_begins_with_the_weights_of_another_run() -> None:
    other, mine = trainer(replace(BRIEF, seed=5)), trainer()
    assert not same(other, mine)
    mine.begin_with(other.average.state_dict())
    assert same(other, mine)
    with pytest.raises(TrainingError, match="do not fit"):
        mine.begin_with({"head.bias": torch.zeros(2)})


@pytest.mark.parametrize(("batch", "size"), [(100, 1), (GROUP, 2), (3 * GROUP, 2)])
def test_a_batch_must_be_whole_groups_for_each_process(batch: int, size: int) -> None:
    with pytest.raises(TrainingError, match=f"multiple of {GROUP * size}"):
        trainer(replace(BRIEF, batch=batch), Processes(0, size))


def labels_by_group(of: Trainer) -> list[list[int]]:
    """The classes of each group of an epoch, in the order in which the process takes them."""
    return [labels.tolist() for _, labels, _ in of._groups()]


def test_processes_share_out_the_groups_of_each_batch() -> None:
    schedule = replace(BRIEF, batch=4 * GROUP, windows=8 * GROUP)
    single = labels_by_group(trainer(schedule))
    first, second = (labels_by_group(trainer(schedule, Processes(rank, 2))) for rank in (0, 1))
    assert [single[at : at + 4] for at in (0, 4)] == [[first[at], second[at], first[at + 1], second[at + 1]] for at in (0, 2)]


def test_a_groups_pictures_follow_from_seed_cycle_and_number() -> None:
    from voicetrail.training.fit.train import Groups

    pictures = trainer().pictures

    def first(seed: int, cycle: int, number: int) -> torch.Tensor:
        return Groups(composer(), pictures, seed, cycle, [number])[0][0]

    assert torch.equal(first(1, 0, 0), first(1, 0, 0))
    for other in ((1, 0, 1), (1, 1, 0), (2, 0, 0)):
        assert not torch.equal(first(1, 0, 0), first(*other))


def test_a_cycle_of_epochs_shares_its_windows_in_another_order_under_other_masks() -> None:
    schedule = replace(BRIEF, windows=8 * GROUP, repeat=2)
    runs = trainer(schedule)
    epochs = []
    for epoch in range(3):
        runs.progress.epoch = epoch
        epochs.append(list(runs._groups()))
    words = [[labels.tolist() for _, labels, _ in groups] for groups in epochs]
    assert sorted(words[0]) == sorted(words[1]) != sorted(words[2])
    assert words[0] != words[1], "another order"
    again = words[1].index(words[0][0])
    assert not torch.equal(epochs[0][0][0], epochs[1][again][0]), "other masks"


def test_an_epoch_taken_up_within_a_cycle_has_the_same_windows() -> None:
    schedule = replace(BRIEF, windows=8 * GROUP, repeat=2)
    through, resumed = trainer(schedule), trainer(schedule)
    list(through._groups())
    through.progress.epoch = resumed.progress.epoch = 1
    for (mine, *_), (other, *_) in zip(through._groups(), resumed._groups(), strict=True):
        assert torch.equal(mine, other)


def test_the_learning_rate_rises_and_then_falls_to_a_hundredth() -> None:
    schedule = Schedule(epochs=10, windows=1280, batch=128, learning_rate=1.0, warmup=0.1)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert all(later <= now for now, later in pairwise(rates[9:]))
    assert rates[-1] == pytest.approx(0.01, abs=0.002)
