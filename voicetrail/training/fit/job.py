"""A complete training run: load the data, train with checkpoints, keep the best epoch, choose thresholds, write weights."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.frontend import FrontendSettings, build_frontend
from voicetrail.spotting.networks.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, parameters
from voicetrail.spotting.weights import Weights, WeightsInfo, build_network, save_weights
from voicetrail.training.data.corpus import Corpus, Folders, load_corpus
from voicetrail.training.evaluate.clips import in_batches, measured_clips
from voicetrail.training.evaluate.metrics import ClipMetrics, measure_clips
from voicetrail.training.evaluate.tuning import choose_settings, choose_temperature
from voicetrail.training.fit.checkpoints import BEST, CHECKPOINT, HISTORY, averaged, epoch_path, save_network
from voicetrail.training.fit.compose import Composer
from voicetrail.training.fit.mine import mine, mined
from voicetrail.training.fit.teachers import Teachers
from voicetrail.training.fit.train import Processes, Schedule, Trainer, score_pictures
from voicetrail.vocabulary import DEFAULT_VOCABULARY, DIRECTIONS, NOISE, UNKNOWN, VOCABULARIES

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """The description of a training run."""

    folders: Folders
    out: Path
    schedule: Schedule = field(default_factory=Schedule)
    architecture: str = DEFAULT_ARCHITECTURE
    vocabularies: tuple[str, ...] = (DEFAULT_VOCABULARY,)
    """One weights file is written for each vocabulary; they share one network."""
    device: str = "cpu"
    workers: int = 1
    threads: int = 1
    cache: Path | None = None
    start: Path | None = None
    """Checkpoint of another run, from whose averaged weights to start."""
    mine: bool = False
    """First search for speech and noise that the weights of ``start`` mistake for a word, and train more often on it."""
    keep: int = 0
    """Keep the averaged weights of every N-th epoch, for ``training.fit.average``; 0: only of the best."""
    bfloat16: bool = False
    """Multiply in bfloat16."""
    choose_seconds: float = 600.0
    """Length in s of each stream for choosing thresholds; 0 keeps the defaults."""
    teachers: tuple[Path, ...] = ()
    """Weights whose answers are learned beside the labels (``training.fit.teachers``)."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The progress of a run: after a batch or, with ``validation``, after an epoch."""

    epoch: int
    batch: int
    loss: float
    left_s: float
    """Estimated time to the end of the run, in s."""
    validation: ClipMetrics | None = None


class Validation:
    """The validation clips as pictures, with the held-out noise and phrases as other sound."""

    def __init__(self, corpus: Corpus, features: FrontendSettings, words: Sequence[str]) -> None:
        self.labels = (*words, UNKNOWN, NOISE)
        sound, self.truth = measured_clips(corpus, "choosing")
        mel = build_frontend(features)
        self.pictures = torch.cat([mel(torch.from_numpy(part)) for part in in_batches(sound)])

    def measure(self, trainer: Trainer) -> ClipMetrics:
        """Measure the averaged weights."""
        info = WeightsInfo(self.labels, trainer.composer.classes, trainer.architecture, trainer.features)
        scores = score_pictures(trainer.average, self.pictures) @ info.grouping()
        return measure_clips(scores.double().numpy(), self.labels, self.truth)


def run(job: Job, resume: bool, log: Log, show_progress: Callable[[RunProgress], None]) -> list[Path]:
    """Train, and write a weights file for each vocabulary.

    Args:
        job: what to do.
        resume: continue from the checkpoint in ``job.out``; without this, an existing checkpoint is an error.
        log: prints a line.
        show_progress: called after each batch and epoch.

    Returns:
        The weights files, empty on all processes but the first.

    Raises:
        TrainingError: the data or the checkpoint cannot be used.
    """
    torch.set_num_threads(job.threads)
    processes = Processes.join(job.device)
    trainer = _prepare(job, resume, log, processes)
    if processes.rank > 0:
        _train(job, trainer, None, show_progress)
        return []
    corpus = load_corpus(job.folders, "validation", job.cache)
    _train(job, trainer, Validation(corpus, trainer.features, VOCABULARIES[job.vocabularies[0]]), show_progress)
    return write_all(job, trainer.composer.classes, corpus, trainer.progress.best_epoch, log)


def _prepare(job: Job, resume: bool, log: Log, processes: Processes) -> Trainer:
    """Load the training data, and build the network: new, from other weights, or from the checkpoint."""
    if job.architecture not in ARCHITECTURES:
        raise TrainingError(f"there is no architecture {job.architecture!r}; there are {', '.join(ARCHITECTURES)}")
    job.out.mkdir(parents=True, exist_ok=True)
    checkpoint = job.out / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise TrainingError(
            f"{job.out} contains an unfinished run; continue it with --resume, or name another folder with --out"
        )
    log("decoding the recordings (only once: they are cached)" if job.cache else "decoding the recordings")
    composer = Composer(load_corpus(job.folders, "training", job.cache), seed=job.schedule.seed)
    for name in job.vocabularies:
        known_words(name, composer.classes)
    features = ARCHITECTURES[job.architecture].features
    teachers = None
    if job.teachers:
        teachers = Teachers.load(job.teachers, features, len(composer.classes), bfloat16=job.bfloat16)
        teachers.to(job.device)
    trainer = Trainer(
        composer,
        job.architecture,
        features,
        job.schedule,
        device=job.device,
        workers=job.workers,
        processes=processes,
        bfloat16=job.bfloat16,
        teachers=teachers,
    )
    if resume and checkpoint.exists():
        trainer.resume(checkpoint)
        log(f"continuing after epoch {trainer.progress.epoch}")
    elif job.start is not None:
        trainer.begin_with(averaged(job.start))
    if job.mine:
        log("searching speech and noise for places that the weights mistake for a direction")
        _mine(job, trainer, processes)
        log(f"{len(composer.hard_talk):,} hard places in speech, {len(composer.surroundings.hard):,} in noise")
    counts = f"{parameters(trainer.model):,} parameters, {len(composer.corpus.clips):,} clips, {len(composer.classes)} classes"
    log(f"{job.architecture}: {counts}")
    return trainer


def _train(job: Job, trainer: Trainer, validation: Validation | None, show_progress: Callable[[RunProgress], None]) -> None:
    """Train the remaining epochs; with ``validation``, measure and save each."""
    began, done, batches = time.monotonic(), trainer.progress.epoch, job.schedule.batches
    left_s = 0.0
    while trainer.progress.epoch < job.schedule.epochs:
        epoch, losses = trainer.progress.epoch, []
        for batch, loss in trainer.epoch():
            losses.append(loss)
            so_far = (epoch - done) * batches + batch + 1
            left_s = (time.monotonic() - began) / so_far * ((job.schedule.epochs - done) * batches - so_far)
            show_progress(RunProgress(epoch, batch, loss, left_s))
        if validation is not None:
            metrics = validation.measure(trainer)
            _keep(trainer, metrics, float(np.mean(losses)), job)
            trainer.checkpoint(job.out / CHECKPOINT)
            show_progress(RunProgress(epoch, batches, float(np.mean(losses)), left_s, metrics))


def _mine(job: Job, trainer: Trainer, processes: Processes) -> None:
    """Find the hard places in speech and noise, for the composer; a resumed run reads those that were saved."""
    composer, columns = trainer.composer, [trainer.composer.classes.index(word) for word in DIRECTIONS]
    for name, sound in (("talk", composer.corpus.talk.sound), ("noise", composer.corpus.noise.sound)):
        mine(trainer.average, trainer.features, columns, sound, job.out, name, processes.rank, processes.size)
    processes.wait()
    composer.hard_talk = mined(job.out, "talk")
    composer.surroundings.hard = mined(job.out, "noise")


def _keep(trainer: Trainer, metrics: ClipMetrics, loss: float, job: Job) -> None:
    """Record the epoch, and save its weights if they are the best so far."""
    progress = trainer.progress
    progress.history.append({"loss": loss, "accuracy": metrics.accuracy, "recall": metrics.recall})
    score = metrics.accuracy + metrics.recall
    if score > progress.best_score:
        progress.best_score, progress.best_epoch = score, progress.epoch
        save_network(trainer.average, job.out / BEST)
    if job.keep and progress.epoch % job.keep == 0:
        save_network(trainer.average, epoch_path(job.out, progress.epoch))
    replace_file(job.out / HISTORY, json.dumps(progress.history, indent=1))


def known_words(vocabulary: str, classes: Sequence[str]) -> tuple[str, ...]:
    """The words of a vocabulary, after checking that the network knows all of them.

    Raises:
        TrainingError: it does not, because there are too few recordings.
    """
    words = VOCABULARIES[vocabulary]
    missing = sorted(set(words) - set(classes))
    if missing:
        raise TrainingError(f"there are too few recordings of {', '.join(missing)} for {vocabulary}; add some (--synthetic)")
    return words


def write_all(job: Job, classes: Sequence[str], corpus: Corpus, epoch: int, log: Log) -> list[Path]:
    """Write the best epoch as a weights file for each vocabulary, with its temperature and thresholds.

    Args:
        job: the run.
        classes: of the network.
        corpus: the validation split.
        epoch: the best epoch; -1 if the weights are not from this run.
        log: prints a line.
    """
    tensors, paths = averaged(job.out / BEST), list[Path]()
    like: DetectorSettings | None = None
    for name in job.vocabularies:
        weights = _assembled(job, classes, name, tensors, epoch)
        if job.choose_seconds > 0:
            log(f"choosing thresholds for {name} on the streams of one half of the validation speakers")
            weights = chosen_for(weights, corpus, job.choose_seconds, log, like)
            # The vocabularies share one network: the settings of the first are used for the others, which saves most of the search.
            like = like or weights.info.detector
        path = job.out / f"{name}.safetensors"
        save_weights(path, tensors, weights.info)
        paths.append(path)
    return paths


def _assembled(job: Job, classes: Sequence[str], vocabulary: str, tensors: Mapping[str, Tensor], epoch: int) -> Weights:
    """The network with its metadata, before temperature and thresholds are chosen."""
    about: dict[str, Any] = {
        "vocabulary": vocabulary,
        "epoch": epoch,
        "validation": _scores_of(job, epoch),
        "schedule": asdict(job.schedule),
        "trained_on": _sources(job.folders),
    }
    labels = (*known_words(vocabulary, classes), UNKNOWN, NOISE)
    info = WeightsInfo(labels, tuple(classes), job.architecture, ARCHITECTURES[job.architecture].features, about=about)
    model = build_network(info)
    model.load_state_dict(tensors)
    return Weights(vocabulary, "", info, model)


def _sources(folders: Folders) -> list[str]:
    """Names of the folders of training data."""
    more = [folder for folder in (folders.talk, folders.rooms) if folder is not None]
    names = [folder.name for folder in (folders.commands, *folders.noise, *folders.negatives, *more)]
    return names + (["synthetic"] if folders.synthetic else [])


def chosen_for(
    weights: Weights,
    corpus: Corpus,
    seconds: float,
    log: Log,
    like: DetectorSettings | None = None,
    longest_s: float = math.inf,
) -> Weights:
    """The same weights with temperature and detector settings chosen on the choosing half.

    ``like``: use the smoothing time and the talk shift of these settings, instead of searching for the best. ``longest_s``: use
    only this much of the beginning of streams without words, in s.
    """
    info = replace(weights.info, temperature=choose_temperature(weights, corpus))
    choices = choose_settings(replace(weights, info=info), corpus, seconds, like, longest_s)
    best = choices[0]
    log(f"{best.settings}: {best.heard:.1%} detected, {best.false_an_hour:.1f} false moves per hour")
    rows = [
        {
            "smoothing": each.settings.smoothing,
            "talk_shift": each.settings.talk_shift,
            "heard": each.heard,
            "false_an_hour": each.false_an_hour,
            "latency": each.latency,
        }
        for each in choices
    ]
    about = {**info.about, "chosen": rows, "false_moves": best.false_moves}
    return replace(weights, info=replace(info, detector=best.settings, about=about))


def _scores_of(job: Job, epoch: int) -> dict[str, float]:
    """The scores of an epoch on the validation clips, as recorded by the run."""
    path = job.out / HISTORY
    history: list[dict[str, float]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return history[epoch - 1] if 0 < epoch <= len(history) else {}
