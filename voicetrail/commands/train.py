"""Train a recognizer, and write its weights.

The data folder has the layout of Speech Commands (one folder per word, and validation_list.txt), or contains speech_commands/,
noise/ and negatives/. A run writes a checkpoint after each epoch, and --resume continues from it. To use several processes:
torchrun --nproc-per-node=2 -m voicetrail train …

docs/training.md explains data, architectures and results.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from voicetrail import output

LABEL_SHARE = 0.3
"""Part of the loss that comes from the labels, if there are teachers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of ``voicetrail train``."""
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/train"), help="folder for checkpoints and weights (default: %(default)s)"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    parser.add_argument(
        "--begin-with", dest="start", type=Path, metavar="WEIGHTS", help="start from these weights instead of random ones"
    )
    parser.add_argument(
        "--mine",
        action="store_true",
        help="with --begin-with: first search for speech and noise that those weights mistake for a direction, and "
        "train more often on it",
    )
    parser.add_argument(
        "--teacher",
        dest="teachers",
        type=Path,
        action="append",
        default=[],
        metavar="CHECKPOINT",
        help="also learn the posteriors of the weights of another run; may be repeated, to learn their mean",
    )
    parser.add_argument(
        "--label-share",
        type=float,
        help=f"with --teacher, the part of the loss that comes from the labels, 0 to 1 (default: {LABEL_SHARE})",
    )
    parser.add_argument(
        "--vocabulary", action="append", help="the vocabulary to write weights for; may be repeated (default: directional4w)"
    )
    parser.add_argument("--architecture", default=None, help="the network (default: temporal-resnet)")
    parser.add_argument("--epochs", type=int, help="epochs of --windows windows (60)")
    parser.add_argument("--windows", type=int, help="windows per epoch (32768)")
    parser.add_argument("--batch", type=int, help="windows per step (128)")
    parser.add_argument("--learning-rate", type=float, help="peak learning rate (0.0025)")
    parser.add_argument(
        "--strength", type=float, help="strength of the random changes to tempo, pitch and spectrograms, 0 to 1 (default: 0.6)"
    )
    parser.add_argument("--repeat", type=int, help="how many epochs in a row share the same composed windows (default: 1)")
    parser.add_argument("--keep", type=int, default=0, metavar="N", help="also keep the weights of every N-th epoch")
    parser.add_argument("--seed", type=int, help="seed of everything random (default: 1)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: %(default)s)")
    parser.add_argument(
        "--bfloat16", action="store_true", help="multiply in bfloat16: about a quarter faster on CPUs that support it"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that compose windows (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument(
        "--choose-seconds",
        type=float,
        default=600.0,
        help="length in seconds of the streams on which thresholds are chosen; 0 skips this step (default: %(default)g)",
    )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the recordings; ``evaluate`` has them too."""
    parser.add_argument("--data", type=Path, required=True, help="recordings in the layout of Speech Commands")
    parser.add_argument(
        "--noise", type=Path, action="append", default=[], help="another folder of noise recordings; may be repeated"
    )
    parser.add_argument(
        "--negatives",
        type=Path,
        action="append",
        default=[],
        help="another folder of speech without the words; may be repeated",
    )
    parser.add_argument("--synthetic", type=Path, help="the folder that python -m voicetrail.training.data.synthesize wrote")
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="folder for decoded sound (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail train``, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from voicetrail.spotting.networks.model import DEFAULT_ARCHITECTURE
    from voicetrail.training.data.corpus import find_folders
    from voicetrail.training.fit import job as jobs
    from voicetrail.training.fit.train import Schedule

    vocabularies = _vocabularies(args)
    chosen = _chosen(args)
    job = jobs.Job(
        find_folders(args.data, args.noise, args.negatives, args.synthetic),
        args.out,
        Schedule(**chosen),
        args.architecture or DEFAULT_ARCHITECTURE,
        vocabularies,
        args.device,
        args.workers,
        args.threads,
        args.cache,
        args.start,
        args.mine,
        args.keep,
        args.bfloat16,
        args.choose_seconds,
        tuple(args.teachers),
    )
    console = Console(stderr=True)
    total = job.schedule.epochs * job.schedule.batches
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("training", total=total)

        def show_progress(done: jobs.RunProgress) -> None:
            bar.update(task, completed=done.epoch * job.schedule.batches + done.batch, description=f"loss {done.loss:.3f}")
            if done.validation is not None:
                found, minutes = done.validation, done.left_s / 60
                console.print(
                    f"epoch {done.epoch + 1:3d}/{job.schedule.epochs}  loss {done.loss:.3f}  validation {found.accuracy:.2%}  "
                    f"at 1 % false accepts {found.recall:.2%}  {minutes:.0f} min left",
                    highlight=False,
                    soft_wrap=True,
                )

        paths = jobs.run(job, args.resume, lambda line: console.print(line, highlight=False, soft_wrap=True), show_progress)
    for path in paths:
        output.write_line(str(path))
    return 0


def _vocabularies(args: argparse.Namespace) -> tuple[str, ...]:
    """The vocabularies to write weights for; what is named by the other flags is checked too.

    Raises:
        UsageError: there is nothing of a name, or a flag needs another one.
    """
    from voicetrail.errors import UsageError
    from voicetrail.vocabulary import DEFAULT_VOCABULARY, VOCABULARIES

    vocabularies = tuple(args.vocabulary or [DEFAULT_VOCABULARY])
    for name in vocabularies:
        if name not in VOCABULARIES:
            raise UsageError(f"there is no vocabulary {name!r}; there are {', '.join(VOCABULARIES)}")
    if args.label_share is not None and not args.teachers:
        raise UsageError("--label-share weighs labels against the answers of teachers; name some with --teacher")
    if args.mine and args.start is None and not args.resume:
        raise UsageError("--mine searches for mistakes of trained weights; name them with --begin-with")
    return vocabularies


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of the schedule that flags name; other numbers are checked too.

    Raises:
        UsageError: a number is out of its bounds.
    """
    from voicetrail.errors import UsageError

    named = ("epochs", "windows", "batch", "learning_rate", "seed", "strength", "repeat", "label_share")
    for name in (*named, "threads", "workers", "keep"):
        value, flag = getattr(args, name), f"--{name.replace('_', '-')}"
        from_zero = name in ("seed", "strength", "workers", "keep", "label_share")
        # Written so that a NaN is refused as well.
        if value is not None and not (value >= 0 if from_zero else value > 0):
            raise UsageError(f"{flag} must be {'at least 0' if from_zero else 'above 0'}")
        if value is not None and name in ("strength", "label_share") and value > 1:
            raise UsageError(f"{flag} must be at most 1")
    chosen = {name: getattr(args, name) for name in named if getattr(args, name) is not None}
    return {"label_share": LABEL_SHARE} | chosen if args.teachers else chosen
