"""Makes the weights that ship, stage by stage: ``make weights ARGS="--data DATA"``.

Each stage leaves a file or a folder behind, and a stage whose result is there is not run again: a run that was stopped goes on
where it was (within a training, after its last epoch). Nothing is downloaded: without its data it says what is missing and where
to get it. On two shared CPU cores the stages take some three hours (``weights/EXPERIMENTS.md``).

The last stages began with the weights that shipped before (``BEFORE``), whose own stages ran earlier states of the code. With
``--from-scratch``, two trainings on today's recordings take their place, which takes some four hours more and was not measured.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicetrail import output
from voicetrail.atomic import replace_file
from voicetrail.errors import TrainingError
from voicetrail.training.data.corpus import TRANSCRIPTS
from voicetrail.training.fit.checkpoints import BEST

BEFORE = "be79cbe:weights/directional4w.safetensors"
"""Commit and path of the weights that the last stages began with."""
ARCHITECTURE = "temporal-resnet-medium"
VOCABULARIES = ("directional4w", "18w")
PACKAGES = (*(f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")), "drascula")
"""Debian packages whose speech is heard: those under Creative Commons licenses, and one that only the evaluation hears."""
CHOOSE_SECONDS = "300"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: what it leaves behind, and how."""

    name: str
    makes: Path
    run: Callable[[], None]


def stages(data: Path, runs: Path, from_scratch: bool) -> Iterator[Stage]:
    """Everything that is to be done, in order.

    Args:
        data: the recordings (``speech_commands/``, ``noise/``, ``talk/``, ``rooms/``, ``negatives/``).
        runs: folder for what is made.
        from_scratch: train the first network too, instead of taking it from the history of this repository.
    """
    speech, synthetic, texts, before = runs / "speech", runs / "synthetic", runs / "texts.txt", runs / "before.safetensors"
    heard = ("--data", str(data), "--negatives", str(speech), "--synthetic", str(synthetic), "--cache", str(runs / "cache"))

    def train(name: str, *more: str) -> Callable[[], None]:
        out = runs / name
        return lambda: run_voicetrail("train", *heard, "--out", str(out), "--resume", "--choose-seconds", "0", *more)

    def fine(name: str, start: Path, epochs: int, rate: str, seed: int) -> Callable[[], None]:
        settings = ("--epochs", str(epochs), "--learning-rate", rate, "--seed", str(seed), "--strength", "0.6", "--repeat", "2")
        shared = ("--architecture", ARCHITECTURE, "--begin-with", str(start), "--mine", "--keep", "2", "--bfloat16")
        return train(name, *settings, *shared)

    yield Stage(
        "running speech out of Debian packages",
        speech,
        lambda: _module("data.speech", str(speech), *_each("--package", PACKAGES)),
    )
    yield Stage("texts for synthetic talk", texts, lambda: _write_texts(data / "talk" / TRANSCRIPTS, texts))
    yield Stage(
        "synthetic speech",
        synthetic / "heldout" / "talk",
        lambda: _module("data.synthesize", str(synthetic), "--talk", "1200", "--heldout-talk", "150", "--text", str(texts)),
    )
    if from_scratch:
        first, second = runs / "first" / BEST, runs / "second" / BEST
        yield Stage(
            "first training",
            runs / "first" / "directional4w.safetensors",
            train("first", "--epochs", "47", "--learning-rate", "0.002", "--strength", "1"),
        )
        again = ("--begin-with", str(first), "--epochs", "28", "--learning-rate", "0.0008", "--strength", "0.4")
        yield Stage("second training", runs / "second" / "directional4w.safetensors", train("second", *again))
        yield Stage("the network to begin with", before, lambda: _copy(second, before))
    else:
        yield Stage("the network to begin with", before, lambda: _from_history(before))
    a_mean, b_mean = runs / "a-mean.safetensors", runs / "b-mean.safetensors"
    yield Stage("rooms, noise and lines", runs / "a" / "directional4w.safetensors", fine("a", before, 40, "0.001", 16))
    yield Stage("mean of its epochs", a_mean, lambda: _mean(runs / "a", a_mean, 24, 32, 36, 40))
    yield Stage("the same, mined again", runs / "b" / "directional4w.safetensors", fine("b", a_mean, 12, "0.0007", 17))
    yield Stage("mean of both", b_mean, lambda: _mean(runs / "b", b_mean, 8, 10, 12, others=(a_mean,)))
    chosen = _each("--vocabulary", VOCABULARIES)
    same = ("--architecture", ARCHITECTURE, "--epochs", "12", "--learning-rate", "0.0007", "--seed", "17", "--strength", "0.6")
    write = ("--out", str(runs / "b"), "--resume", "--choose-seconds", CHOOSE_SECONDS, "--repeat", "2", *same, *chosen)
    yield Stage("thresholds, and the weights", runs / "b" / "18w.safetensors", lambda: run_voicetrail("train", *heard, *write))
    events, trained = runs / "events", [str(runs / "b" / f"{name}.safetensors") for name in VOCABULARIES]
    yield Stage(
        "last layer and score filter by events",
        events / "18w.safetensors",
        lambda: _module("events.fit", *trained, "--out", str(events), *heard),
    )
    embeddings, read = runs / "negatives.safetensors", (*heard[:4], *heard[6:])
    refused = (str(events / "directional4w.safetensors"), str(embeddings), *read)
    yield Stage("embeddings that taught words refuse", embeddings, lambda: _module("fit.negatives", *refused))


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


def _mean(run: Path, mean: Path, *epochs: int, others: Sequence[Path] = ()) -> None:
    """Average epochs, leave the mean where the run writes weights of it, and keep it."""
    _module("fit.average", str(run), *map(str, epochs), *_each("--with", others))
    _copy(run / BEST, mean)


def _copy(source: Path, target: Path) -> None:
    replace_file(target, source.read_bytes())


def _from_history(target: Path) -> None:
    """Take the weights to begin with from the repository's history.

    Raises:
        TrainingError: this is no checkout with its history.
    """
    done = subprocess.run(["git", "show", BEFORE], capture_output=True, check=False)
    if done.returncode:
        raise TrainingError(f"git show {BEFORE} gives nothing; run this in a clone with its history, or with --from-scratch")
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
    args = parser.parse_args(arguments)
    try:
        check(args.data, args.runs)
        args.runs.mkdir(parents=True, exist_ok=True)
        for stage in stages(args.data, args.runs, args.from_scratch):
            if stage.makes.exists():
                output.write_line(f"{stage.name}: there already ({stage.makes})")
                continue
            output.write_line(f"{stage.name} …", flush=True)
            stage.run()
    except TrainingError as error:
        output.write_error(f"voicetrail: {error}")
        return 1
    output.write_line(
        f"weights: {args.runs / 'events'}/{{{','.join(VOCABULARIES)}}}.safetensors, {args.runs}/negatives.safetensors"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
