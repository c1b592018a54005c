"""Convert a TensorFlow.js speech-commands model to weights, for --weights FILE.

MODEL is the folder of the model, or its model.json. The weight shards and metadata.json must be beside it. Audio models from
Teachable Machine work too. Words that the game does not know do nothing, unless --map gives them a meaning. On a terminal, the
command asks for meanings.
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
    """Declare the command line of ``voicetrail import-model``."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the model's folder, or its model.json")
    parser.add_argument(
        "--metadata", type=Path, metavar="FILE", help="the file with the words (default: metadata.json beside the model)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the weights file to write (default: NAME.safetensors, named after the folder, here)",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="WORD=MEANING,…",
        help="the meaning of words: up, down, left, right, go, stop or none; noise or unknown for labels that are not words",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing weights file")
    parser.add_argument("--json", action="store_true", help="print the result as a JSON object")


def run(args: argparse.Namespace) -> int:
    """Run ``voicetrail import-model``."""
    out = _out(args.model, args.out)
    if out.exists() and not args.force:
        raise UsageError(f"{printable(out)} already exists; name another with --out, or replace it with --force")
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
    """Ask for the meaning of each word that the game does not know; an empty answer means none."""
    from voicetrail.spotting.importing.labels import CHOICES

    answers: dict[str, str] = {}
    if plan.idle:
        output.write_error(f"What should each word do in the game? Answer {', '.join(CHOICES)}, or press Enter for nothing.")
    for word in plan.idle:
        while True:
            output.write_error(f"  {word}: ", end="")
            line = sys.stdin.readline()
            answer = line.strip().casefold()
            if answer in CHOICES:
                answers[word] = answer
            elif answer:
                output.write_error(f"  {printable(answer, 40)!r} is not one of them")
                continue
            break
        if not line:
            break
    return answers


def _report(plan: LabelPlan, out: Path) -> None:
    for label, name in plan.renamed.items():
        output.write_line(f"{printable(label, 60)!r} was renamed to {name}, because flags cannot contain its characters")
    moves = ", ".join(f"{word} = {meaning}" if word != meaning else word for word, meaning in plan.moves.items())
    output.write_line(f"words that move the pen: {moves or 'none; give words a meaning with --map'}")
    if plan.idle:
        output.write_line(f"words that do nothing: {', '.join(plan.idle)}")
    output.write_line(f"wrote {printable(out)}. Play with it: voicetrail play --weights {printable(out)}")
    output.write_line(
        "Every word needs a score of 0.75. `voicetrail calibrate` with the same --weights proposes better thresholds."
    )
