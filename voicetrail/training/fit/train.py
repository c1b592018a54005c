"""The training loop: trains a network on composed windows, with a checkpoint after every epoch.

An epoch is a fixed number of windows, not a pass over the clips, because windows are composed. A cycle of ``Schedule.repeat`` epochs
shares its windows, with another order and other masks each time. Windows are made in groups of ``GROUP``. Group ``g`` of cycle ``c``
depends only on ``(seed, c, g)``, and the network processes one group at a time (batch normalization uses a group, gradients are summed
over the groups of a batch). The result therefore does not depend on the number of processes, or on interruptions.
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError
from voicetrail.spotting.frontend import FrontendSettings
from voicetrail.spotting.networks.model import ARCHITECTURES, Model, build_model
from voicetrail.training.fit.augment import PictureMaker
from voicetrail.training.fit.compose import Composer
from voicetrail.training.fit.grow import grown
from voicetrail.training.fit.teachers import Teachers, taught_loss

GROUP = 64
"""Windows per group, which batch normalization processes together."""
SAME_TEMPO = 16
"""Windows in a group that share a tempo."""
CHECKPOINT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The length and the learning rate of a training."""

    epochs: int = 60
    windows: int = 32_768
    """Windows per epoch, rounded up to whole batches."""
    batch: int = 128
    learning_rate: float = 2.5e-3
    warmup: float = 0.03
    """Part of the run in which the learning rate rises."""
    weight_decay: float = 0.02
    smoothing: float = 0.05
    """Label smoothing."""
    average: float = 0.998
    """Decay of the moving average of the weights, which is the result."""
    seed: int = 1
    strength: float = 0.6
    """Strength of the augmentation."""
    repeat: int = 1
    """Epochs that share their composed windows, with different masks and microphones, which saves about a third of the time. With
    6, the wide network overfitted its windows (loss 0.50 in the sixth epoch, 0.77 on new windows); with 2, it did not improve on
    unknown speech either."""

    label_share: float = 1.0
    """Part of the loss that the label decides; the rest are the posteriors of ``teachers``."""

    @property
    def batches(self) -> int:
        """Batches per epoch."""
        return math.ceil(self.windows / self.batch)

    def rate(self, step: int) -> float:
        """Learning rate of a step: a linear warm-up, then a half cosine down to one hundredth."""
        total = self.epochs * self.batches
        rise = max(1, round(total * self.warmup))
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        part = (step - rise) / max(1, total - rise)
        return self.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes that train together (torch.distributed), or a single one."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: str) -> Processes:
        """Join the others if ``torchrun`` started this process."""
        if "RANK" not in os.environ or int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    def wait(self) -> None:
        """Wait for all processes."""
        if self.size > 1:
            dist.barrier()


Group = tuple[Tensor, Tensor, Tensor | None]
"""Pictures ``[GROUP, 1, mels, frames]``, classes ``[GROUP]``, and what teachers answer, ``[GROUP, classes]``."""


class Groups(Dataset[tuple[Tensor, Tensor]]):
    """Groups of composed windows, made on demand.

    Args:
        composer: makes the windows.
        pictures: computes the network's input.
        seed: of the run.
        cycle: which of the run's cycles of ``Schedule.repeat`` epochs.
        numbers: of the groups.
    """

    def __init__(self, composer: Composer, pictures: PictureMaker, seed: int, cycle: int, numbers: Sequence[int]) -> None:
        self.composer, self.pictures, self.seed, self.cycle, self.numbers = composer, pictures, seed, cycle, numbers

    def __len__(self) -> int:
        """Number of groups."""
        return len(self.numbers)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Pictures ``[GROUP, 1, mels, frames]`` in half precision, and classes ``[GROUP]``."""
        rng = np.random.default_rng((self.seed, self.cycle, self.numbers[index]))
        pictures, labels = [], []
        for _ in range(GROUP // SAME_TEMPO):
            hop = self.pictures.draw_hop(rng)
            windows = [self.composer.window(rng, self.pictures.samples(hop)) for _ in range(SAME_TEMPO)]
            sound = torch.from_numpy(np.stack([window.sound for window in windows]))
            pictures.append(self.pictures.pictures(rng, sound, hop, [window.blank for window in windows]).half())
            labels += [window.label for window in windows]
        return torch.cat(pictures), torch.tensor(labels)


@dataclass
class TrainerState:
    """The progress of a run: everything in a checkpoint besides tensors."""

    epoch: int = 0
    """Finished epochs."""
    best_score: float = -1.0
    best_epoch: int = -1
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """Trains one network.

    Args:
        composer: makes the windows.
        architecture: a name in ``spotting.networks.model.ARCHITECTURES``.
        schedule: length and learning rate.
        device: ``cpu`` or ``cuda``.
        workers: extra processes that compose windows; 0 composes them in the training process.
        processes: the processes that share the work.
        bfloat16: multiply in bfloat16, a quarter faster on a CPU that has it.
        teachers: networks whose answers are learned beside the labels.

    Raises:
        TrainingError: the batch cannot be divided between the processes.
    """

    def __init__(
        self,
        composer: Composer,
        architecture: str,
        features: FrontendSettings,
        schedule: Schedule,
        *,
        device: str = "cpu",
        workers: int = 0,
        processes: Processes | None = None,
        bfloat16: bool = False,
        teachers: Teachers | None = None,
    ) -> None:
        self.composer, self.architecture, self.features, self.schedule = composer, architecture, features, schedule
        self.device, self.workers, self.processes = device, workers, processes or Processes()
        self.bfloat16, self.teachers = bfloat16, teachers
        per_batch = schedule.batch // GROUP
        if schedule.batch % GROUP or per_batch % self.processes.size:
            raise TrainingError(
                f"a batch of {schedule.batch} cannot be divided into groups of {GROUP} for each of {self.processes.size} processes; "
                f"choose --batch as a multiple of {GROUP * self.processes.size}"
            )
        torch.manual_seed(schedule.seed)
        self.pictures = PictureMaker(features, schedule.strength)
        self._cycle, self._composed = -1, dict[int, Group]()
        model = build_model(architecture, features, len(composer.classes)).to(device)
        self._memory = torch.channels_last if ARCHITECTURES[architecture].channels_last else torch.contiguous_format
        self.model: Model = model.to(memory_format=self._memory)  # type: ignore[call-overload]  # torch's own hints lack it
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=schedule.learning_rate,
        )
        self.progress = TrainerState()

    def begin_with(self, tensors: dict[str, Tensor]) -> None:
        """Start from the weights of another run; those of a smaller network are grown.

        Raises:
            TrainingError: they do not fit the network.
        """
        try:
            tensors = grown(tensors, self.model.state_dict())
            self.model.load_state_dict(tensors)
        except RuntimeError as error:
            raise TrainingError(f"the weights to begin with do not fit {self.architecture}: {error}") from None
        self.average.load_state_dict(tensors)

    def epoch(self) -> Iterator[tuple[int, float]]:
        """Train one epoch, and yield ``(batch, loss)`` for each batch. ``average`` then contains the resulting weights."""
        schedule, share = self.schedule, self.schedule.batch // GROUP // self.processes.size
        self.model.train()
        self.optimizer.zero_grad()
        total = 0.0
        for number, (pictures, labels, taught) in enumerate(self._groups(), 1):
            with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.bfloat16):
                logits = self.model(pictures.to(self.device, memory_format=self._memory)).float()
            labels = labels.to(self.device)
            if taught is None:
                loss = F.cross_entropy(logits, labels, label_smoothing=schedule.smoothing)
            else:
                loss = taught_loss(logits, labels, taught, schedule.label_share, schedule.smoothing)
            torch.autograd.backward(loss / share)
            total += float(loss.detach()) / share
            if number % share:
                continue
            batch = number // share - 1
            self._step(self.progress.epoch * schedule.batches + batch)
            yield batch, total
            total = 0.0
        self.progress.epoch += 1

    def _groups(self) -> Iterator[Group]:
        """Give out this epoch's groups that fall to this process."""
        schedule, epoch, per_batch = self.schedule, self.progress.epoch, self.schedule.batch // GROUP
        cycle = epoch // schedule.repeat
        if cycle != self._cycle:
            self._cycle, self._composed = cycle, {}
        batches = np.random.default_rng((schedule.seed, 2, epoch)).permutation(schedule.batches).tolist()
        numbers = [
            batch * per_batch + group
            for batch in batches
            for group in range(self.processes.rank, per_batch, self.processes.size)
        ]
        missing = [number for number in numbers if number not in self._composed]
        loader = DataLoader(
            Groups(self.composer, self.pictures, schedule.seed, cycle, missing),
            batch_size=None,
            num_workers=self.workers if missing else 0,
            prefetch_factor=8 if self.workers and missing else None,
            worker_init_fn=_one_thread,
        )
        new = iter(loader)
        for number in numbers:
            if number not in self._composed:
                pictures, labels = next(new)
                self._composed[number] = pictures, labels, self._taught(pictures)
            pictures, labels, taught = self._composed[number]
            yield self.pictures.vary(np.random.default_rng((schedule.seed, 3, epoch, number)), pictures.float()), labels, taught

    def _taught(self, pictures: Tensor) -> Tensor | None:
        return None if self.teachers is None else self.teachers.posteriors(pictures.to(self.device).float())

    def _step(self, step: int) -> None:
        if self.processes.size > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    dist.all_reduce(parameter.grad)
                    parameter.grad /= self.processes.size
            for buffer in self.model.buffers():
                if buffer.is_floating_point():
                    dist.all_reduce(buffer)
                    buffer /= self.processes.size
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate(step)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        # At first, the average adapts quickly, so that it does not contain the initial random weights.
        decay = min(self.schedule.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - decay)
                else:
                    mean.copy_(now)

    def checkpoint(self, path: Path) -> None:
        """Write everything needed to continue, atomically (as safetensors; nothing is pickled)."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
        meta = {
            "version": CHECKPOINT_VERSION,
            "progress": asdict(self.progress),
            "schedule": asdict(self.schedule),
            "architecture": self.architecture,
            "classes": self.composer.classes,
        }
        on_cpu = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        replace_file(path, safetensors.torch.save(on_cpu, {"checkpoint": json.dumps(meta)}))

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            TrainingError: it cannot be read, or belongs to another run.
        """
        try:
            tensors = safetensors.torch.load_file(path, device=self.device)
            with safetensors.safe_open(path, "pt") as stored:
                meta = json.loads(stored.metadata()["checkpoint"])
        except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"the checkpoint {path} cannot be read ({error}); delete it to start again") from None
        # A setting that is newer than the checkpoint had its default then.
        if isinstance(meta.get("schedule"), dict):
            meta["schedule"] = asdict(Schedule()) | meta["schedule"]
        mine = {
            "version": CHECKPOINT_VERSION,
            "schedule": asdict(self.schedule),
            "architecture": self.architecture,
            "classes": list(self.composer.classes),
        }
        for name, value in mine.items():
            if meta.get(name) != value:
                raise TrainingError(
                    f"the checkpoint {path} belongs to a run with another {name}; use the same settings, or another folder"
                )
        self.model.load_state_dict(_under(tensors, "model."))
        self.average.load_state_dict(_under(tensors, "average."))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "optimizer.").items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value.cpu() if key == "step" else value
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.progress = TrainerState(**meta["progress"])


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def score_pictures(model: Model, pictures: Tensor, batch: int = 256) -> Tensor:
    """Posteriors ``[clips, classes]`` of pictures ``[clips, 1, mels, frames]``, without augmentation."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([torch.softmax(model(part), dim=1) for part in torch.split(pictures, batch)])
