"""Makes the weights that ship, stage by stage: ``make weights ARGS="--data DATA"``.

Each stage leaves a file or a folder behind, and a stage whose result is there is not run again: a run that was stopped goes on
where it was (within a training, after its last epoch). Nothing is downloaded: without its data it says what is missing and where
to get it. On two shared CPU cores the stages take some three hours (``weights/EXPERIMENTS.md``).

The trainings began with the weights of an earlier release (``Course.before``), whose own stages ran earlier states of the code. With
``--no-gpl`` these are the last ones in the history that no recording under the GPL was used for; the result detects fewer words
(``weights/README.md``). With ``--from-scratch``, two trainings on today's recordings take their place, which takes some four hours
more and was not measured.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voicetrail import output
from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError
from voicetrail.training.data.corpus import TRANSCRIPTS
from voicetrail.training.fit.checkpoints import BEST

ARCHITECTURE = "temporal-resnet-medium"
VOCABULARIES = ("directional4w", "18w")
PACKAGES = (*(f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")), "drascula")
"""Debian packages whose speech is heard: those under Creative Commons licenses, and one that only the evaluation hears."""
SENTENCES = "1200"
"""Largest number of sentences of synthetic talk. LibriSpeech's transcripts contain 988 that are suitable
(``data.synthesize.sentences``). None are held out, because the evaluation has real talk."""
CHOOSE_SECONDS = "300"


@dataclass(frozen=True, slots=True)
class Training:
    """One training. Its result is the mean of some of its epochs and of the result of the training before it."""

    name: str
    about: str
    epochs: int
    rate: str
    seed: int
    strength: str
    averaged: tuple[int, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """Its flags."""
        flags = (
            "--epochs",
            str(self.epochs),
            "--learning-rate",
            self.rate,
            "--seed",
            str(self.seed),
            "--strength",
            self.strength,
        )
        return (*flags, "--repeat", "2", "--architecture", ARCHITECTURE)


@dataclass(frozen=True, slots=True)
class Course:
    """What the network is trained from, and how."""

    folder: str
    """Name of its folder among the runs; empty for that of all runs (``folder_of``)."""
    before: str
    """Commit and path of the weights to begin with."""
    trainings: tuple[Training, ...]


SHIPPED = Course(
    "",
    "be79cbe:weights/directional4w.safetensors",
    (
        Training("a", "rooms, noise and lines", 40, "0.001", 16, "0.6", (24, 32, 36, 40)),
        Training("b", "the same, mined again", 12, "0.0007", 17, "0.6", (8, 10, 12)),
    ),
)
NO_GPL = Course(
    "no-gpl",
    "bdda037:weights/directional4w.safetensors",
    (
        Training("a", "rooms, noise and lines", 26, "0.001", 21, "0.6", (16, 20, 22, 24, 26)),
        Training("b", "the same, mined again", 16, "0.0008", 22, "0.6", (10, 12, 14, 16)),
        Training("c", "mined once more", 16, "0.0008", 23, "0.5", (10, 12, 14, 16)),
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: what it leaves behind, and how."""

    name: str
    makes: Path
    run: Callable[[], None]


def stages(data: Path, runs: Path, from_scratch: bool, course: Course = SHIPPED) -> Iterator[Stage]:
    """Everything that is to be done, in order.

    Args:
        data: the recordings (``speech_commands/``, ``noise/``, ``talk/``, ``rooms/``, ``negatives/``).
        runs: folder for what is made.
        course: the trainings.
        from_scratch: train the first network too, instead of taking it from the history of this repository.
    """
    speech, synthetic, texts = runs / "speech", runs / "synthetic", runs / "texts.txt"
    own = folder_of(runs, from_scratch, course)
    before = own / "before.safetensors"
    heard = ("--data", str(data), "--negatives", str(speech), "--synthetic", str(synthetic), "--cache", str(runs / "cache"))

    def train(name: str, *more: str) -> Callable[[], None]:
        out = own / name
        return lambda: run_voicetrail("train", *heard, "--out", str(out), "--resume", "--choose-seconds", "0", *more)

    yield Stage(
        "running speech out of Debian packages",
        speech,
        lambda: _make_whole(speech, "data.speech", *_each("--package", PACKAGES)),
    )
    yield Stage("texts for synthetic talk", texts, lambda: _write_texts(data / "talk" / TRANSCRIPTS, texts))
    sentences = ("--text", str(texts), "--talk", SENTENCES, "--heldout-talk", "0")
    yield Stage("synthetic speech", synthetic, lambda: _make_whole(synthetic, "data.synthesize", *sentences))
    if from_scratch:
        first, second = own / "first" / BEST, own / "second" / BEST
        yield Stage(
            "first training",
            own / "first" / "directional4w.safetensors",
            train("first", "--epochs", "47", "--learning-rate", "0.002", "--strength", "1"),
        )
        again = ("--begin-with", str(first), "--epochs", "28", "--learning-rate", "0.0008", "--strength", "0.4")
        yield Stage("second training", own / "second" / "directional4w.safetensors", train("second", *again))
        yield Stage("the network to begin with", before, lambda: _copy(second, before))
    else:
        yield Stage("the network to begin with", before, lambda: _from_history(course.before, before))
    mean: Path | None = None
    for training in course.trainings:
        run, begin, averaged = own / training.name, mean or before, own / f"{training.name}-mean.safetensors"
        mined = ("--begin-with", str(begin), "--mine", "--keep", "2", "--bfloat16")
        yield Stage(training.about, run / "directional4w.safetensors", train(training.name, *training.settings, *mined))
        others = () if mean is None else (mean,)
        yield Stage(f"mean of training {training.name}", averaged, partial(_mean, run, averaged, training.averaged, others))
        mean = averaged
    last = own / course.trainings[-1].name
    chosen = (*course.trainings[-1].settings, *_each("--vocabulary", VOCABULARIES))
    write = ("--out", str(last), "--resume", "--choose-seconds", CHOOSE_SECONDS, *chosen)
    yield Stage("thresholds, and the weights", last / "18w.safetensors", lambda: run_voicetrail("train", *heard, *write))
    events, trained = own / "events", [str(last / f"{name}.safetensors") for name in VOCABULARIES]
    yield Stage(
        "last layer and score filters by events",
        events / "18w.safetensors",
        lambda: _module("events.fit", *trained, "--out", str(events), *heard),
    )
    embeddings, read = own / "negatives.safetensors", (*heard[:4], *heard[6:])
    refused = (str(events / "directional4w.safetensors"), str(embeddings), *read)
    yield Stage("embeddings that taught words refuse", embeddings, lambda: _module("fit.negatives", *refused))


def folder_of(runs: Path, from_scratch: bool, course: Course) -> Path:
    """The folder of the trainings: what they begin with decides, so that one course's are never taken for another's."""
    return runs / course.folder / ("from-scratch" if from_scratch else "")


def _each(flag: str, values: Sequence[object]) -> list[str]:
    """The flag before each value."""
    return [word for value in values for word in (flag, str(value))]


def _run(*command: str) -> None:
    """Run a command, whose output is shown.

    Raises:
        TrainingError: it failed; it has said why.
    """
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise TrainingError(f"{' '.join(command[:4])} … failed ({done.returncode}); mend what it says, and run this again")


def run_voicetrail(*arguments: str) -> None:
    """Run a command of this program.

    Raises:
        TrainingError: it failed; it has said why.
    """
    _run(sys.executable, "-m", "voicetrail", *arguments)


def _module(name: str, *arguments: str) -> None:
    _run(sys.executable, "-m", f"voicetrail.training.{name}", *arguments)


def _make_whole(folder: Path, module: str, *arguments: str) -> None:
    """Let a module make a folder under another name, and rename it when it is complete. An incomplete one is resumed."""
    part = folder.with_name(f"{folder.name}.part")
    _module(module, str(part), *arguments)
    part.rename(folder)


def _mean(run: Path, mean: Path, epochs: Sequence[int], others: Sequence[Path]) -> None:
    """Average epochs, leave the mean where the run writes weights of it, and keep it."""
    _module("fit.average", str(run), *map(str, epochs), *_each("--with", others))
    _copy(run / BEST, mean)


def _copy(source: Path, target: Path) -> None:
    replace_file(target, source.read_bytes())


def _from_history(source: str, target: Path) -> None:
    """Take the weights to begin with from the repository's history.

    Args:
        source: commit and path.
        target: file to write.

    Raises:
        TrainingError: this is no checkout with its history.
    """
    done = subprocess.run(["git", "show", source], capture_output=True, check=False)
    if done.returncode:
        raise TrainingError(f"git show {source} gives nothing; run this in a clone with its history, or with --from-scratch")
    replace_file(target, done.stdout)


def _write_texts(transcripts: Path, texts: Path) -> None:
    """The sentences of the transcripts, one a line: what the synthesizers read aloud."""
    lines = [line.split("\t")[-1] for line in transcripts.read_text("utf-8").splitlines()[1:]]
    replace_file(texts, "".join(f"{line}.\n" for line in lines))


def check(data: Path, runs: Path) -> None:
    """Refuse to begin without data and programs.

    Raises:
        TrainingError: something is missing; the message says what, and where to get it.
    """
    for folder in ("speech_commands", "noise", "negatives", "talk", "rooms"):
        if not (data / folder).is_dir():
            raise TrainingError(f"{data} holds no {folder}/; weights/README.md lists the recordings and where they come from")
    if not (data / "speech_commands" / "validation_list.txt").is_file():
        raise TrainingError(f"{data}/speech_commands holds no validation_list.txt; it comes with the official download")
    missing = [name for name in ("espeak-ng", "flite", "ffmpeg") if shutil.which(name) is None]
    if missing and not (runs / "synthetic" / "heldout").is_dir():
        raise TrainingError(f"not installed: {', '.join(missing)}; sudo apt install {' '.join(missing)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m voicetrail.training.fit.stages", description="Make the weights that ship.")
    parser.add_argument("--data", type=Path, required=True, help="the recordings, by folder as weights/README.md lists them")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for what is made (%(default)s)")
    parser.add_argument("--from-scratch", action="store_true", help="begin with fresh weights, not with those of the history")
    parser.add_argument(
        "--no-gpl", action="store_true", help="begin with weights, and train them, that never heard a recording under the GPL"
    )
    args = parser.parse_args(arguments)
    try:
        check(args.data, args.runs)
        course = NO_GPL if args.no_gpl else SHIPPED
        own = folder_of(args.runs, args.from_scratch, course)
        own.mkdir(parents=True, exist_ok=True)
        for stage in stages(args.data, args.runs, args.from_scratch, course):
            if stage.makes.exists():
                output.write_line(f"{stage.name}: there already ({stage.makes})")
                continue
            output.write_line(f"{stage.name} …", flush=True)
            stage.run()
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    output.write_line(f"weights: {own / 'events'}/{{{','.join(VOCABULARIES)}}}.safetensors, {own}/negatives.safetensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
