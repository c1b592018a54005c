"""Teachers: what trained networks answer, learned beside the labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from tests.training.fit.test_train import BRIEF, composer, trainer
from voicetrail.errors import TrainingError
from voicetrail.spotting.features import FeatureSettings
from voicetrail.spotting.networks.model import Model, build_model
from voicetrail.training.fit.checkpoints import save_network
from voicetrail.training.fit.teachers import Teachers, taught_loss
from voicetrail.training.fit.train import GROUP, Trainer

CLASSES = 4


def network(seed: int, architecture: str = "temporal-resnet") -> Model:
    torch.manual_seed(seed)
    return build_model(architecture, FeatureSettings(), CLASSES)


def pictures(seed: int = 0, batch: int = 3) -> torch.Tensor:
    features = FeatureSettings()
    return torch.randn(batch, 1, features.rows, features.frames, generator=torch.Generator().manual_seed(seed))


def test_several_teachers_answer_with_the_mean_of_their_posteriors() -> None:
    one, two = network(1), network(2)
    first, second = (Teachers([each]).posteriors(pictures()) for each in (one, two))
    assert not torch.allclose(first, second)
    together = Teachers([one, two]).posteriors(pictures())
    torch.testing.assert_close(together, (first + second) / 2)
    torch.testing.assert_close(together.sum(1), torch.ones(3))


def test_teachers_are_read_by_their_shapes_whatever_their_architecture(tmp_path: Path) -> None:
    paths = [tmp_path / "small.safetensors", tmp_path / "wide.safetensors"]
    nets = [network(1), network(2, "temporal-resnet-wide")]
    for net, path in zip(nets, paths, strict=True):
        save_network(net, path)
    read = Teachers.load(paths, FeatureSettings(), CLASSES)
    torch.testing.assert_close(read.posteriors(pictures()), Teachers(nets).posteriors(pictures()))


def test_a_teacher_of_other_classes_is_refused(tmp_path: Path) -> None:
    save_network(network(1), tmp_path / "net.safetensors")
    with pytest.raises(TrainingError, match="no architecture"):
        Teachers.load([tmp_path / "net.safetensors"], FeatureSettings(), CLASSES + 1)


def test_the_loss_is_shared_between_label_and_teachers() -> None:
    logits, labels = torch.randn(5, CLASSES), torch.tensor([0, 1, 2, 3, 0])
    taught = torch.softmax(torch.randn(5, CLASSES), dim=1)
    label = F.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(taught_loss(logits, labels, taught, 1.0, 0.1), label)
    soft = F.cross_entropy(logits, taught)
    torch.testing.assert_close(taught_loss(logits, labels, taught, 0.0, 0.1), soft)
    torch.testing.assert_close(taught_loss(logits, labels, taught, 0.3, 0.1), 0.3 * label + 0.7 * soft)


class Sure(Teachers):
    """A teacher that takes every window for the first class, and keeps what it has seen."""

    def __init__(self) -> None:
        super().__init__([])
        self.seen: list[torch.Tensor] = []

    def posteriors(self, pictures: torch.Tensor) -> torch.Tensor:
        self.seen.append(pictures)
        return F.one_hot(torch.zeros(len(pictures), dtype=torch.long), len(composer().classes)).float()


def taught(label_share: float, repeat: int = 1) -> tuple[Trainer, Sure]:
    teacher = Sure()
    schedule = replace(BRIEF, windows=6 * GROUP, learning_rate=5e-3, label_share=label_share, repeat=repeat)
    learner = trainer(schedule)
    learner.teachers = teacher
    return learner, teacher


def test_training_follows_the_teachers_as_far_as_the_labels_leave_it() -> None:
    def share_of_first(label_share: float) -> float:
        learner, _ = taught(label_share)
        list(learner.epoch())
        return float(torch.softmax(learner.average.eval()(pictures(batch=8)), dim=1)[:, 0].mean())

    assert share_of_first(0.0) > share_of_first(1.0) + 0.1


def test_teachers_see_a_window_once_a_cycle_and_before_it_is_masked() -> None:
    learner, teacher = taught(0.0, repeat=2)
    for _ in range(2):
        given = [pictures for pictures, _, _ in learner._groups()]
        learner.progress.epoch += 1
    assert len(teacher.seen) == len(given)
    assert not any(torch.equal(seen, masked) for seen in teacher.seen for masked in given)
