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
from voicetrail.spotting.model import DEFAULT_ARCHITECTURE
from voicetrail.training import compose
from voicetrail.training.compose import Composer
from voicetrail.training.train import GROUP, Schedule, Trainer, World, score_pictures

BRIEF = Schedule(epochs=2, windows=2 * GROUP, batch=GROUP, warmup=0.1)


@cache
def composer() -> Composer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "MIN_CLIPS", 4)
        return Composer(corpus(5, words=("up", "down", "cat")), rooms=2)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def trainer(schedule: Schedule = BRIEF, world: World | None = None) -> Trainer:
    return Trainer(composer(), DEFAULT_ARCHITECTURE, FeatureSettings(), schedule, world=world)


def losses(trainer: Trainer) -> list[float]:
    return [loss for _, loss in trainer.epoch()]


def same(one: Trainer, two: Trainer) -> bool:
    pairs = ((one.model, two.model), (one.average, two.average))
    return all(
        torch.equal(a, b) for x, y in pairs for a, b in zip(x.state_dict().values(), y.state_dict().values(), strict=True)
    )


def test_it_learns_to_tell_tones_from_noise() -> None:
    learner = trainer(Schedule(epochs=1, windows=14 * GROUP, batch=GROUP, learning_rate=4e-3, average=0.9))
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
        trainer(replace(BRIEF, batch=batch), World(0, size))


def test_processes_share_out_the_groups_of_each_batch() -> None:
    from voicetrail.training.train import Groups

    schedule = replace(BRIEF, batch=4 * GROUP, windows=8 * GROUP)
    pictures = trainer().pictures
    shares = [Groups(composer(), pictures, schedule, 0, World(rank, 2)).numbers for rank in (0, 1)]
    assert shares == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert Groups(composer(), pictures, schedule, 0, World()).numbers == list(range(8))


def test_a_groups_pictures_follow_from_seed_epoch_and_number() -> None:
    from voicetrail.training.train import Groups

    pictures = trainer().pictures

    def first(epoch: int, seed: int = 1) -> torch.Tensor:
        return Groups(composer(), pictures, replace(BRIEF, seed=seed), epoch, World())[0][0]

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
    assert not torch.equal(first(0), first(0, seed=2))


def test_the_learning_rate_rises_and_then_falls_to_a_hundredth() -> None:
    schedule = Schedule(epochs=10, windows=1280, batch=128, learning_rate=1.0, warmup=0.1)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert all(later <= now for now, later in pairwise(rates[9:]))
    assert rates[-1] == pytest.approx(0.01, abs=0.002)
