"""Make weights of a TensorFlow.js speech-commands model, to be used with --weights FILE wherever weights are.

MODEL is the folder that the model was saved or downloaded to, or its model.json; the weights' shards and metadata.json lie beside it.
Teachable Machine's audio models are such models. Words that the game does not know do nothing unless --map says what they mean;
at a terminal you are asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voicetrail import output
from voicetrail.errors import UsageError, WeightsError
from voicetrail.text import printable

if TYPE_CHECKING:
    from voicetrail.spotting.importing import LabelPlan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the model's folder, or its model.json")
    parser.add_argument("--metadata", type=Path, metavar="FILE", help="the words, if not metadata.json beside the model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the weights file (NAME.safetensors of the folder, here)")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="WORD=MEANING,…",
        help="what words mean: up, down, left, right, go, stop, none; noise and unknown for labels that are no words",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing weights file")
    parser.add_argument("--json", action="store_true", help="print what was made as a JSON object")


def run(args: argparse.Namespace) -> int:
    """Import the model, and say what became of its words."""
    out = _out(args.model, args.out)
    if out.exists() and not args.force:
        raise UsageError(f"{printable(out)} exists already; name another with --out, or replace it with --force")
    mapped = _parse_map(args.map)
    from voicetrail.spotting.importing import make_weights, plan_labels, read_model

    model = read_model(args.model, args.metadata)
    plan = plan_labels(model.labels, mapped)
    if not args.map and not args.json and sys.stdin.isatty():
        plan = plan_labels(model.labels, _ask(plan))
    try:
        make_weights(model, plan, out)
    except OSError as error:
        raise WeightsError(f"{printable(out)} cannot be written: {error.strerror}") from None
    if args.json:
        output.write_json(
            {
                "weights": str(out),
                "labels": plan.labels,
                "renamed": dict(plan.renamed),
                "moves": dict(plan.moves),
                "idle": plan.idle,
                "stored_as": model.about["stored_as"],
            }
        )
        return 0
    _report(plan, out)
    return 0


def _out(model: Path, given: Path | None) -> Path:
    if given is not None:
        if given.suffix != ".safetensors":
            raise UsageError(f"{printable(given)} must end in .safetensors")
        return given
    try:
        folder = model.resolve() if model.is_dir() else model.resolve().parent
    except (OSError, ValueError, RuntimeError):
        raise WeightsError(f"{printable(model)} cannot be read") from None
    return Path(f"{folder.name or 'imported'}.safetensors")


def _parse_map(given: list[str]) -> dict[str, str]:
    """Read ``links=left,rechts=right``."""
    mapped: dict[str, str] = {}
    for pair in (part for text in given for part in text.split(",") if part.strip()):
        word, equals, meaning = pair.rpartition("=")
        if not equals or not word.strip() or not meaning.strip():
            raise UsageError(f"--map takes WORD=MEANING, not {printable(pair, 60)!r}")
        if mapped.setdefault(word.strip(), meaning.strip()) != meaning.strip():
            raise UsageError(f"--map gives {printable(word.strip(), 60)!r} two meanings")
    return mapped


def _ask(plan: LabelPlan) -> Mapping[str, str]:
    """Ask what each word that the game does not know means; an empty answer is nothing."""
    from voicetrail.spotting.importing.labels import CHOICES

    answers: dict[str, str] = {}
    if plan.idle:
        output.write_error(f"What does each word do in the game? One of {', '.join(CHOICES)}; Enter for none.")
    for word in plan.idle:
        while True:
            output.write_error(f"  {word}: ", end="")
            line = sys.stdin.readline()
            answer = line.strip().casefold()
            if answer in CHOICES:
                answers[word] = answer
            elif answer:
                output.write_error(f"  {printable(answer, 40)!r} is none of them")
                continue
            break
        if not line:
            break
    return answers


def _report(plan: LabelPlan, out: Path) -> None:
    for label, name in plan.renamed.items():
        output.write_line(f"{printable(label, 60)!r} is called {name} here")
    moves = ", ".join(f"{word} = {meaning}" if word != meaning else word for word, meaning in plan.moves.items())
    output.write_line(f"moves the pen: {moves or 'nothing; use --map to say what the words mean'}")
    if plan.idle:
        output.write_line(f"heard, and does nothing: {', '.join(plan.idle)}")
    output.write_line(f"{printable(out)} is ready: voicetrail play --weights {printable(out)}")
    output.write_line("every word needs a score of 0.75; `voicetrail calibrate` with the same --weights proposes better")
