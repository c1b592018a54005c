"""A whole training run: load, train with checkpoints, keep the best epoch, choose thresholds, write weights."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError
from voicetrail.spotting.detector import DetectorSettings
from voicetrail.spotting.frontend import FrontendSettings, build_frontend
from voicetrail.spotting.model import ARCHITECTURES, DEFAULT_ARCHITECTURE, parameters
from voicetrail.spotting.recognizer import Recognizer
from voicetrail.spotting.weights import WeightsInfo, load_weights, read_info, save_weights
from voicetrail.training.data.corpus import Corpus, Folders, load_corpus
from voicetrail.training.evaluate.choose import SMOOTHINGS, TALK_SHIFTS, Choice, choose
from voicetrail.training.evaluate.clips import in_batches, measured_clips
from voicetrail.training.evaluate.measure import Heard
from voicetrail.training.evaluate.metrics import ClipMetrics, measure_clips
from voicetrail.training.evaluate.negatives import RUNNING, negative_streams
from voicetrail.training.evaluate.streams import SNRS_DB, crowded_stream, half, word_stream
from voicetrail.training.evaluate.temperature import fit_temperature
from voicetrail.training.fit.compose import Composer
from voicetrail.training.fit.mine import mine, mined
from voicetrail.training.fit.train import Schedule, Trainer, World, score_pictures
from voicetrail.vocabulary import DEFAULT_VOCABULARY, DIRECTIONS, NOISE, UNKNOWN, VOCABULARIES

FALSE_AN_HOUR = 3.0
"""How often an hour all words together may be given out in running speech that holds none, on the choosing half. A quarter of that is
acted dialogue, in which the words are given out several times as often as in all the rest together."""
CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"
HISTORY = "history.json"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What to train, on what, and where to."""

    folders: Folders
    out: Path
    schedule: Schedule = field(default_factory=Schedule)
    architecture: str = DEFAULT_ARCHITECTURE
    vocabularies: tuple[str, ...] = (DEFAULT_VOCABULARY,)
    """A weights file is written for each; they share one network."""
    device: str = "cpu"
    workers: int = 1
    threads: int = 1
    cache: Path | None = None
    start: Path | None = None
    """Checkpoint of another run whose averaged weights to begin with."""
    mine: bool = False
    """Look first for talk that the weights of ``start`` take for a word, and train on it more often."""
    keep: int = 0
    """Keep the averaged weights of every so manieth epoch, for ``training.fit.average``; 0: of none but the best."""
    bfloat16: bool = False
    """Multiply in bfloat16."""
    choose_seconds: float = 600.0
    """Length of each stream that thresholds are chosen on; 0 keeps the defaults."""


@dataclass(frozen=True, slots=True)
class Step:
    """News from a run: a batch was trained, or (with ``validation``) an epoch ended."""

    epoch: int
    batch: int
    loss: float
    left: float
    """Time left in s, as the run goes so far."""
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


def run(job: Job, resume: bool, tell: Tell, step: Callable[[Step], None]) -> list[Path]:
    """Train, and write a weights file for each vocabulary.

    Args:
        job: what to do.
        resume: go on from the checkpoint in ``job.out``; without it, one that is there is an error.
        tell: is given lines for people.
        step: is given the progress.

    Returns:
        The weights files, empty on all processes but the first.

    Raises:
        TrainingError: the data or the checkpoint cannot be used.
    """
    torch.set_num_threads(job.threads)
    world = World.join(job.device)
    if job.architecture not in ARCHITECTURES:
        raise TrainingError(f"there is no architecture {job.architecture!r}; there are {', '.join(ARCHITECTURES)}")
    features = ARCHITECTURES[job.architecture].features
    job.out.mkdir(parents=True, exist_ok=True)
    checkpoint = job.out / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise TrainingError(f"{job.out} holds an unfinished run; go on with --resume, or name another folder with --out")
    tell("decoding the recordings (once; they are kept in the cache)" if job.cache else "decoding the recordings")
    training = load_corpus(job.folders, "training", job.cache)
    composer = Composer(training, seed=job.schedule.seed)
    for name in job.vocabularies:
        _known_words(name, composer.classes)
    trainer = Trainer(
        composer,
        job.architecture,
        features,
        job.schedule,
        device=job.device,
        workers=job.workers,
        world=world,
        bfloat16=job.bfloat16,
    )
    if resume and checkpoint.exists():
        trainer.resume(checkpoint)
        tell(f"going on after epoch {trainer.progress.epoch}")
    elif job.start is not None:
        trainer.begin_with(averaged(job.start))
    if job.mine:
        tell("looking for what the weights take for a direction in talk and noise")
        _mine(job, trainer, world)
        tell(f"{len(composer.hard_talk):,} hard places in talk, {len(composer.surroundings.hard):,} in noise")
    first = world.rank == 0
    checking = load_corpus(job.folders, "validation", job.cache) if first else None
    words = VOCABULARIES[job.vocabularies[0]]
    validation = Validation(checking, features, words) if checking is not None else None
    tell(
        f"{job.architecture}: {parameters(trainer.model):,} parameters, {len(training.clips):,} clips, {len(composer.classes)} classes"
    )
    began, done = time.monotonic(), trainer.progress.epoch
    batches = job.schedule.batches
    while trainer.progress.epoch < job.schedule.epochs:
        epoch, losses = trainer.progress.epoch, []
        for batch, loss in trainer.epoch():
            losses.append(loss)
            so_far = (epoch - done) * batches + batch + 1
            left = (time.monotonic() - began) / so_far * ((job.schedule.epochs - done) * batches - so_far)
            step(Step(epoch, batch, loss, left))
        if validation is not None:
            metrics = validation.measure(trainer)
            _keep(trainer, metrics, float(np.mean(losses)), job)
            trainer.checkpoint(checkpoint)
            step(Step(epoch, batches, float(np.mean(losses)), left, metrics))
    if not first or checking is None:
        return []
    paths: list[Path] = []
    first_settings: DetectorSettings | None = None
    for name in job.vocabularies:
        paths.append(write_weights(job, composer.classes, name, checking, trainer.progress.best_epoch, tell, first_settings))
        # One network: what was best for the first vocabulary is taken for the others, which saves most of the search.
        first_settings = read_info(paths[0]).detector
    return paths


def _mine(job: Job, trainer: Trainer, world: World) -> None:
    """Give the composer the hard places of the talk: those of the weights begun with, which a resumed run finds kept."""
    composer, columns = trainer.composer, [trainer.composer.classes.index(word) for word in DIRECTIONS]
    for name, sound in (("talk", composer.corpus.talk.sound), ("noise", composer.corpus.noise.sound)):
        mine(trainer.average, trainer.features, columns, sound, job.out, name, world.rank, world.size)
    world.wait()
    composer.hard_talk = mined(job.out, "talk")
    composer.surroundings.hard = mined(job.out, "noise")


def _keep(trainer: Trainer, metrics: ClipMetrics, loss: float, job: Job) -> None:
    """Note the epoch, and keep its weights if they are the best so far."""
    progress = trainer.progress
    progress.history.append({"loss": loss, "accuracy": metrics.accuracy, "recall": metrics.recall})
    score = metrics.accuracy + metrics.recall
    if score > progress.best_score:
        progress.best_score, progress.best_epoch = score, progress.epoch
        _save_average(trainer, job.out / BEST)
    if job.keep and progress.epoch % job.keep == 0:
        _save_average(trainer, epoch_path(job.out, progress.epoch))
    replace_file(job.out / HISTORY, json.dumps(progress.history, indent=1))


def epoch_path(run: Path, epoch: int) -> Path:
    """Where ``Job.keep`` keeps the weights of an epoch."""
    return run / f"epoch-{epoch:03d}.safetensors"


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write weights that ``averaged`` reads, atomically."""
    replace_file(path, safetensors.torch.save(dict(tensors)))


def _save_average(trainer: Trainer, path: Path) -> None:
    save_tensors(
        {name: value.detach().cpu().clone().contiguous() for name, value in trainer.average.state_dict().items()}, path
    )


def averaged(checkpoint: Path) -> dict[str, Tensor]:
    """The averaged weights in a checkpoint.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        tensors = safetensors.torch.load_file(checkpoint)
    except (OSError, safetensors.SafetensorError) as error:
        raise TrainingError(f"the checkpoint {checkpoint} cannot be read ({error}); name another") from None
    found = {name.removeprefix("average."): value for name, value in tensors.items() if name.startswith("average.")}
    return found or tensors


def _known_words(vocabulary: str, classes: Sequence[str]) -> tuple[str, ...]:
    """The words of a vocabulary, all of which the network must know.

    Raises:
        TrainingError: it does not, for there are too few recordings of some.
    """
    words = VOCABULARIES[vocabulary]
    missing = sorted(set(words) - set(classes))
    if missing:
        raise TrainingError(f"there are too few recordings of {', '.join(missing)} for {vocabulary}; add some (--synthetic)")
    return words


def write_weights(
    job: Job,
    classes: Sequence[str],
    vocabulary: str,
    corpus: Corpus,
    epoch: int,
    tell: Tell,
    like: DetectorSettings | None = None,
) -> Path:
    """Write the best epoch as weights for one vocabulary, with thresholds chosen for its words.

    ``like``: take smoothing and shift from these settings instead of looking for the best.
    """
    words = _known_words(vocabulary, classes)
    about: dict[str, Any] = {
        "vocabulary": vocabulary,
        "epoch": epoch,
        "validation": _scores_of(job, epoch),
        "schedule": asdict(job.schedule),
        "trained_on": [str(folder.name) for folder in (job.folders.commands, *job.folders.noise, *job.folders.negatives)]
        + (["synthetic"] if job.folders.synthetic else []),
    }
    info = WeightsInfo(
        (*words, UNKNOWN, NOISE), tuple(classes), job.architecture, ARCHITECTURES[job.architecture].features, about=about
    )
    path = job.out / f"{vocabulary}.safetensors"
    tensors = averaged(job.out / BEST)
    save_weights(path, tensors, info)
    if job.choose_seconds > 0:
        info = replace(info, temperature=choose_temperature(path, corpus))
        save_weights(path, tensors, info)
        tell(f"choosing thresholds for {vocabulary} on the streams of one half of the validation speakers")
        choices = choose_settings(path, corpus, job.choose_seconds, like)
        best = choices[0]
        chosen = best.settings
        thresholds = ", ".join(f"{word} {chosen.threshold_of(word):.2f}" for word in words)
        tell(
            f"thresholds {thresholds}; smoothing {chosen.smoothing:g} s, talk shift {chosen.talk_shift:g}: "
            f"heard {best.heard:.1%}, {best.false_an_hour:.1f} false moves an hour"
        )
        about["chosen"] = [
            {
                "smoothing": c.settings.smoothing,
                "talk_shift": c.settings.talk_shift,
                "heard": c.heard,
                "false_an_hour": c.false_an_hour,
                "latency": c.latency,
            }
            for c in choices
        ]
        about["false_moves"] = best.false_moves
        save_weights(path, tensors, replace(info, detector=best.settings, about=about))
    return path


def _scores_of(job: Job, epoch: int) -> dict[str, float]:
    """How an epoch scored on the validation clips, as the run noted it."""
    path = job.out / HISTORY
    history: list[dict[str, float]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return history[epoch - 1] if 0 < epoch <= len(history) else {}


def choose_temperature(path: Path, corpus: Corpus) -> float:
    """Fit the temperature of weights on the clips of the choosing half of the validation speakers."""
    weights = load_weights(path)
    labels = weights.info.labels
    sound, truth = measured_clips(replace(corpus, clips=half(corpus.clips, "choosing")))
    mel, model = build_frontend(weights.info.features), weights.model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(mel(torch.from_numpy(part))) for part in in_batches(sound)])
    index = [labels.index(word if word in labels else UNKNOWN) for word in truth]
    counts = np.bincount(index, minlength=len(labels))
    # Each word counts alike, and all that is none as much as the words together.
    weight = [(1.0 if labels[row] not in (UNKNOWN, NOISE) else (len(labels) - 2) / 2) / counts[row] for row in index]
    return fit_temperature(logits, weights.info.grouping(), torch.tensor(index), torch.tensor(weight))


def choose_settings(path: Path, corpus: Corpus, seconds: float, like: DetectorSettings | None = None) -> list[Choice]:
    """Choose the detector's settings for weights, on the choosing half of the validation streams.

    Of a larger vocabulary the directions decide: a false one moves the pen. All words get the threshold that suits these.

    ``like``: look for a threshold alone, with the smoothing and the shift of these settings.
    """
    recognizer = Recognizer(load_weights(path))
    words = [label for label in recognizer.labels if label not in (UNKNOWN, NOISE)]
    targets = [word for word in words if word in DIRECTIONS] or words
    streams = [word_stream(corpus, "choosing", snr, seconds, 11, targets) for snr in SNRS_DB]
    streams.append(crowded_stream(corpus, "choosing", seconds, 12, targets))
    positive = [Heard(stream, recognizer.score_all(stream.sound), ()) for stream in streams]
    without = [Heard(s, recognizer.score_all(s.sound), ()) for s in negative_streams(corpus, "choosing", 11, targets)]
    running = [item for item in without if item.stream.name in RUNNING]
    single = [item for item in without if item.stream.name == "words"]
    smoothings, shifts = (SMOOTHINGS, TALK_SHIFTS) if like is None else ((like.smoothing,), (like.talk_shift,))
    choices = choose(
        recognizer.labels, targets, positive, running, FALSE_AN_HOUR, single, smoothings=smoothings, talk_shifts=shifts
    )
    return [
        replace(choice, settings=replace(choice.settings, thresholds=dict.fromkeys(words, choice.settings.threshold)))
        for choice in choices
    ]
